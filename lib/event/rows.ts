/**
 * Rows as they come: read, judged by their contract, and completed. Loaded
 * only where a row is at hand.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import { EVENT_BYTES_MAX } from "../base/limits.ts";
import { jsonTypeOf, type Problem } from "../base/problem.ts";
import { tooLarge } from "../contract/contract.ts";
import { type KnownType, RowContracts } from "../contract/rows/contracts.ts";
import { producerFor } from "../contract/rows/producer_type.ts";
import { checkRow, type RowContract } from "../contract/rows/row_contract.ts";
import { MISSION_SOURCE, PROJECT_SOURCE } from "../contract/sources.ts";
import type { CallContext, StampedEvent } from "./event.ts";
import { RenderedRow, stampedRow } from "./row_event.ts";

/** Contracts that were read before, by home, and the time of the folder then. */
const opened = new Map<string, { seen: number; contracts: RowContracts }>();

/**
 * The contracts of rows that a home knows: the program's, and those that were added.
 *
 * @param word names the only type that will be asked for: no other need be loaded
 */
export async function openContracts(
  home: string | undefined,
  word?: string,
): Promise<RowContracts> {
  const folder = `${home}/contracts`;
  const seen = home === undefined ? undefined : await Deno.stat(folder)
    .then(({ mtime }) => mtime?.getTime() ?? 0, () => undefined);
  if (home === undefined || seen === undefined) {
    const one = word === undefined ? undefined : await producerFor(word);
    return new RowContracts([one ?? await wholeProducer()]);
  }
  const before = opened.get(home);
  if (before?.seen === seen) return before.contracts;
  const { readAdded } = await import("../contract/rows/folder.ts");
  const contracts = new RowContracts([
    await wholeProducer(),
    ...await readAdded(folder),
  ]);
  opened.set(home, { seen, contracts });
  return contracts;
}

/** The contracts that judge a draft: those of its type, where it names one. */
export function contractsFor(
  home: string | undefined,
  given: JsonObject,
): Promise<RowContracts> {
  const { type } = unwrapped(given).draft;
  return openContracts(home, typeof type === "string" ? type : undefined);
}

async function wholeProducer(): Promise<RowContract> {
  return (await import("../contract/rows/producer.ts")).producer;
}

/** A row that is ready to be stamped, or what is wrong with its draft. */
export type PreparedRow =
  & { readonly eventType?: string }
  & (
    | { readonly row: RenderedRow; readonly problems?: never }
    | { readonly problems: readonly Problem[]; readonly row?: never }
  );

/** A row with clock and node, or what is wrong with it. */
export type ReadRow =
  | {
    readonly event: StampedEvent;
    readonly document: JsonObject;
    readonly problems?: never;
  }
  | { readonly problems: readonly Problem[]; readonly event?: never };

/** Attributes that are filled in, and that no draft may have. */
const STAMPED = ["lamportclock", "nodeid"];

/**
 * Makes a row of a draft, complete but for its clock value.
 *
 * @param given the draft, or one with its contract and team beside it: `{"contract", "team", "event"}`
 */
export function prepareRow(
  contracts: RowContracts,
  given: JsonObject,
  call: CallContext,
  nodeId: string,
): PreparedRow {
  const { draft, team } = unwrapped(given);
  const known = typeof draft.type === "string"
    ? contracts.typeOf(draft.type)
    : undefined;
  if (!known) return { problems: [contracts.unknownType(draft)] };
  const { contract, type } = known;
  const eventType = type.type;
  const early = STAMPED.filter((name) => draft[name] !== undefined);
  if (early.length > 0) {
    return { problems: early.map((name) => stamped(draft, name)), eventType };
  }
  const row = completed(known, draft, call);
  const problems = checkRow(contract, {
    ...row,
    lamportclock: 0,
    nodeid: nodeId,
  });
  if (problems.length > 0) {
    return {
      problems: problems.map((one) => explained(one, draft)),
      eventType,
    };
  }
  return {
    eventType,
    row: new RenderedRow(row, {
      contract,
      team: team ?? call.teamSlug,
      nodeId,
      isTimeOpen: draft.time === undefined,
    }),
  };
}

function stamped(draft: JsonObject, name: string): Problem {
  return {
    path: `/${name}`,
    expected: "no such attribute in a draft",
    found: jsonTypeOf(draft[name]),
    hint: "leave it out: it is filled in when the event is made",
  };
}

/** Fills in what a draft leaves open; its members in the order of the contract. */
function completed(
  { contract, type }: KnownType,
  draft: JsonObject,
  { newId, nowMs, project }: CallContext,
): JsonObject {
  const { missionid, source } = draft;
  const uuid = project.project_uuid;
  const isOfProject = type.scope === "project";
  const where = source ??
    (missionid !== undefined && !isOfProject
      ? `${MISSION_SOURCE}${missionid}`
      : uuid !== undefined
      ? `${PROJECT_SOURCE}${uuid}`
      : undefined);
  const mission = missionid ??
    (typeof where === "string" && where.startsWith(MISSION_SOURCE)
      ? where.slice(MISSION_SOURCE.length)
      : undefined);
  const row: JsonObject = {
    specversion: draft.specversion ?? "1.0",
    id: draft.id ?? newId(),
    source: where,
    type: type.type,
    subject: draft.subject ?? subjectOf(known(draft.data), type.subject),
    time: draft.time ?? new Date(nowMs).toISOString(),
    datacontenttype: draft.datacontenttype ?? "application/json",
    dataschema: draft.dataschema ?? type.dataschema,
    schemaversion: draft.schemaversion ?? schemaVersionOf(contract),
    missionid: type.scope ? mission : missionid,
  };
  for (const [name, value] of Object.entries(draft)) {
    if (!Object.hasOwn(row, name)) row[name] = value;
  }
  for (const name of Object.keys(row)) {
    if (row[name] === undefined) delete row[name];
  }
  return row;
}

/** The version that rows of a contract name; undefined where they name none. */
function schemaVersionOf({ envelope, version }: RowContract): unknown {
  const rule = envelope.properties?.schemaversion;
  return rule && (rule.const ?? version);
}

function known(data: unknown): JsonObject {
  return (typeof data === "object" && data !== null ? data : {}) as JsonObject;
}

/** The subject that the data tells. */
function subjectOf(data: JsonObject, subject: string | undefined): unknown {
  return subject === "wp_id" && typeof data.wp_id === "string"
    ? data.wp_id
    : undefined;
}

/** Says of a source that is missing how a draft gets one. */
function explained(problem: Problem, draft: JsonObject): Problem {
  if (problem.path !== "/source" || draft.source !== undefined) return problem;
  return {
    ...problem,
    hint:
      "name the mission, or work in a project whose .kittify/config.yaml has a uuid",
  };
}

/**
 * Reads a row that has its clock value and node.
 *
 * @param given the row, or one with its contract and team beside it
 * @param teamSlug the team where none stands beside it
 */
export function readRow(
  contracts: RowContracts,
  given: JsonObject,
  teamSlug: string,
): ReadRow {
  const { draft: row, team = teamSlug } = unwrapped(given);
  const known = typeof row.type === "string"
    ? contracts.typeOf(row.type)
    : undefined;
  if (!known || known.type.type !== row.type) {
    return { problems: [contracts.unknownType(row)] };
  }
  const problems = checkRow(known.contract, row);
  if (problems.length > 0) return { problems };
  const event = stampedRow(row, known.contract, team);
  return event.bytes.length > EVENT_BYTES_MAX
    ? { problems: [tooLarge] }
    : { event, document: row };
}

/** A draft or row, and the team that stands beside it. */
function unwrapped(given: JsonObject): { draft: JsonObject; team?: string } {
  const { contract, team, event } = given;
  if (contract === undefined || typeof event !== "object" || event === null) {
    return { draft: given };
  }
  const draft = event as JsonObject;
  return typeof team === "string" ? { draft, team } : { draft };
}
