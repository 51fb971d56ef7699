/**
 * A line of a status log becomes a row: what the line says of the event, moved
 * to where a row has it.
 *
 * A row that is lifted has neither `lamportclock` nor `nodeid` yet.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { jsonTypeOf, type Problem, toPointer } from "../../base/problem.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { type Lifted, producer, type ProducerType } from "./producer.ts";
import type { Row, Schema } from "./row_contract.ts";
import { MISSION_SOURCE, PROJECT_SOURCE } from "../sources.ts";
import { problemsOf } from "./row_problems.ts";

/** What is known of a log beside its lines. */
export interface LogPlace {
  /** Of the mission, where `meta.json` says it. */
  readonly missionId?: string | undefined;
  readonly missionSlug?: string | undefined;
  /** Of the project, where its configuration says it. */
  readonly projectUuid?: string | undefined;
}

/** A row without clock and node, or what keeps the line from becoming one. */
export type LiftedLine =
  | { readonly row: Row; readonly problems?: never }
  | { readonly problems: readonly Problem[]; readonly row?: never };

const types = [...producer.types.values()];
const byDiscriminator = new Map(
  types.map((type) => [type.legacy.discriminator, type]),
);
const byConstant = (member: string) =>
  new Map(types.map((type) => [type.legacy.constants[member], type]));
const byKind = byConstant("kind"), byType = byConstant("type");
const lane = types.find(({ legacy }) =>
  !legacy.members && Object.keys(legacy.constants).length === 0
)!;

/** Whether a line is a row already. */
export function isRow(line: JsonObject): boolean {
  return Object.hasOwn(line, "specversion");
}

/** Makes a row of a line that is none yet. */
export function lift(line: JsonObject, place: LogPlace): LiftedLine {
  const type = typeOf(line);
  if (isProblem(type)) return { problems: [type] };
  return type.legacy.members
    ? liftPayload(line, type, place)
    : liftFlat(line, type, place);
}

function isProblem(type: ProducerType | Problem): type is Problem {
  return "path" in type;
}

/** What a line's shape says of its type. */
function typeOf(line: JsonObject): ProducerType | Problem {
  const isRetrospective = typeof line.type === "string" &&
    line.type.startsWith("Retrospective");
  if (Object.hasOwn(line, "kind")) return oneOf(byKind, line, "kind");
  if (isRetrospective) return oneOf(byType, line, "type");
  if (Object.hasOwn(line, "event_type")) {
    return oneOf(byDiscriminator, line, "event_type");
  }
  return lane;
}

function oneOf(
  table: ReadonlyMap<unknown, ProducerType>,
  line: JsonObject,
  member: string,
): ProducerType | Problem {
  const value = line[member];
  const found = value === undefined ? undefined : table.get(value);
  if (found) return found;
  const names = [...table.keys()].filter((name) => name !== undefined);
  const meant = typeof value === "string"
    ? nearMiss(value, names as string[])
    : undefined;
  return {
    path: `/${member}`,
    expected: `one of ${names.join(", ")}`,
    found: jsonTypeOf(value),
    ...meant && { hint: `did you mean "${meant}"?` },
  };
}

/** A line that holds its data beside everything else. */
function liftFlat(
  line: JsonObject,
  type: ProducerType,
  place: LogPlace,
): LiftedLine {
  const { lifted, constants } = type.legacy;
  const data = withoutNulls(line, type.data);
  for (const member of Object.keys(constants)) delete data[member];
  const problems: Problem[] = [];
  const attributes: JsonObject = {};
  for (const item of lifted) {
    const { member, attribute, required, legacy_schema = {} } = item;
    const value = data[member];
    delete data[member];
    const isAbsent = value === undefined ||
      value === null && required === false;
    if (isAbsent && required === false) continue;
    if (isAbsent || isWrongActor(item, value)) {
      problems.push(...problemsOf(
        line,
        [{ keyword: "", instancePath: toPointer([member]), params: {} }],
        { properties: { [member]: legacy_schema } },
      ));
      continue;
    }
    attributes[attribute] = item.projection
      ? project(item, value, data)
      : value;
  }
  if (problems.length > 0) return { problems };
  return { row: rowOf(type, place, attributes, data, undefined) };
}

/** A line with members around its data. */
function liftPayload(
  line: JsonObject,
  type: ProducerType,
  place: LogPlace,
): LiftedLine {
  const { lifted, members, validateMembers } = type.legacy;
  const around = withoutNulls(line, { properties: members! });
  if (!validateMembers!(around)) {
    const schema = {
      properties: { ...members, payload: { type: "object" } },
    };
    return { problems: problemsOf(around, validateMembers!.errors!, schema) };
  }
  const attributes: JsonObject = {};
  for (const { member, attribute } of lifted) {
    if (attribute !== "type") attributes[attribute] = line[member];
  }
  const data = withoutNulls(line.payload as JsonObject, type.data);
  attributes.missionid = data.mission_id ?? undefined;
  attributes.missionslug = data.mission_slug ?? undefined;
  return { row: rowOf(type, place, attributes, data, line.aggregate_id) };
}

/** Puts a row together; its members in the order of the contract. */
function rowOf(
  type: ProducerType,
  place: LogPlace,
  lifted: JsonObject,
  data: JsonObject,
  aggregate: unknown,
): Row {
  const missionid = type.scope === "project"
    ? undefined
    : lifted.missionid ?? place.missionId;
  const missionslug = type.scope === "project"
    ? undefined
    : lifted.missionslug ?? place.missionSlug;
  const project = place.projectUuid ?? data.project_uuid;
  const source = missionid !== undefined
    ? `${MISSION_SOURCE}${missionid}`
    : project !== undefined
    ? `${PROJECT_SOURCE}${project}`
    : undefined;
  const subject = type.subject === "wp_id"
    ? lifted.subject
    : missionid === undefined && type.scope === "mission"
    ? aggregate ?? missionslug
    : undefined;
  const attributes: JsonObject = {
    specversion: "1.0",
    id: lifted.id,
    source,
    type: type.type,
    subject,
    time: lifted.time,
    datacontenttype: "application/json",
    dataschema: type.dataschema,
    schemaversion: producer.version,
    missionid,
    missionslug,
    actor: lifted.actor,
    executionmode: lifted.executionmode,
    data,
  };
  for (const name of Object.keys(attributes)) {
    if (attributes[name] === undefined) delete attributes[name];
  }
  return attributes as Row;
}

/** Whether a line's actor is neither a name nor what may stand for one. */
function isWrongActor({ projection }: Lifted, value: unknown): boolean {
  if (projection === "actor_identity") {
    return !isJsonObject(value) && (typeof value !== "string" || value === "");
  }
  return projection === "retrospective_actor_id" && !isJsonObject(value);
}

/** The name of an actor with a structure, which stays whole in the data. */
function project(
  { projection, binding_member }: Lifted,
  actor: unknown,
  data: JsonObject,
): unknown {
  if (!isJsonObject(actor)) return actor;
  if (binding_member) data[binding_member] = actor;
  const name = projection === "actor_identity"
    ? actor.tool || actor.role
    : actor.id;
  return name || undefined;
}

/** A copy in which a member is absent that holds null and may only be absent. */
function withoutNulls(value: JsonObject, schema: Schema): JsonObject {
  const { properties = {}, required = [] } = schema;
  const kept: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const rule = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (member === null && rule) {
      if (!required.includes(name) && !admitsNull(rule)) continue;
    }
    kept[name] = isJsonObject(member) && rule?.properties
      ? withoutNulls(member, rule)
      : member;
  }
  return kept;
}

function admitsNull(schema: Schema): boolean {
  if (schema.const !== undefined) return schema.const === null;
  if (schema.anyOf) return schema.anyOf.some(admitsNull);
  return [schema.type ?? "null"].flat().includes("null");
}
