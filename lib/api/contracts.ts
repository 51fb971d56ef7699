/**
 * The contracts as descriptions of the interfaces hold them: a schema for each
 * kind of event, and an example of it.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import {
  checkDraft,
  EVENT_TYPES,
  loadContractSchema,
} from "../contract/contract.ts";
import { RowContracts } from "../contract/rows/contracts.ts";
import type {
  RowContract,
  RowType,
  Schema,
} from "../contract/rows/row_contract.ts";
import { MISSION_SOURCE, PROJECT_SOURCE } from "../contract/sources.ts";
import { type CallContext, complete, render } from "../event/event.ts";
import { prepareRow } from "../event/rows.ts";
import { BOARD_ANSWERS } from "./board_answers.ts";
import { PEOPLE_ANSWERS } from "./people_answers.ts";
import { ANSWERS, type Form, SCHEMAS, toSchema } from "./answers.ts";
import { SAMPLE_NODE, SAMPLE_TIME, sampleId, sampleOf } from "./samples.ts";

/** A type of events, whatever its contract. */
export interface DescribedType {
  /** The whole name of the type. */
  readonly type: string;
  readonly description: string;
  /** Whether it is a row of CloudEvents. */
  readonly isRow: boolean;
  /** Of an event with all that it needs. */
  readonly schema: Form;
  /** An event, and a draft of it; none where none could be made of the schema. */
  readonly example?: { readonly event: JsonObject; readonly draft: JsonObject };
}

/** All contracts. */
export interface Described {
  readonly types: readonly DescribedType[];
  /** Schemas that those of the types refer to, by their names. */
  readonly schemas: Readonly<Record<string, Form>>;
}

/** What descriptions say of the contracts. */
export async function describeContracts(
  rows: RowContracts,
): Promise<Described> {
  const first = await loadContractSchema();
  const definitions = first.$defs as Record<string, Schema>;
  const schemas: Record<string, Form> = {
    Event: kept(first, "Event"),
    EventDraft: toSchema("Event/$defs/Draft"),
  };
  const types = EVENT_TYPES.map((type, i): DescribedType => {
    const example = exampleOf(type, definitions[type]!, first, i);
    const schema = {
      allOf: [toSchema("Event")],
      properties: { event_type: { const: type } },
    };
    const { description = "" } = definitions[type]!;
    return {
      type,
      description,
      isRow: false,
      schema,
      ...example && { example },
    };
  });
  let number = types.length;
  for (const contract of rows.all) {
    schemas[`${contract.name}.row`] = kept(
      contract.envelope,
      `${contract.name}.row`,
    );
    for (const type of contract.types.values()) {
      schemas[`${type.type}.data`] = kept(type.data, `${type.type}.data`);
      types.push(describedRow(contract, type, number++));
    }
  }
  return { types, schemas };
}

/** All schemas of a description, by their names. */
export function componentsOf({ types, schemas }: Described): Form {
  return {
    ...ANSWERS,
    ...BOARD_ANSWERS,
    ...PEOPLE_ANSWERS,
    ...schemas,
    ...Object.fromEntries(
      types.map(({ type, schema, description }) => [
        type,
        { description, ...schema },
      ]),
    ),
    AnyEvent: { anyOf: types.map(({ type }) => toSchema(type)) },
  };
}

function exampleOf(
  event_type: string,
  payload: Schema,
  root: object,
  n: number,
): DescribedType["example"] {
  const draft = { event_type, payload: sampleOf(payload, root) };
  const checked = checkDraft(draft);
  if (!checked.draft) return undefined;
  const { bytes } = render(complete(checked.draft, callOf(n)), SAMPLE_NODE)
    .stamp(n + 1);
  return { event: JSON.parse(new TextDecoder().decode(bytes)), draft };
}

/** The call that makes the n-th example. */
function callOf(n: number): CallContext {
  return {
    newId: () => sampleId(n),
    nowMs: Date.parse(SAMPLE_TIME),
    teamSlug: "acme",
    project: {},
  };
}

function describedRow(
  contract: RowContract,
  { type, description, ...of }: RowType,
  n: number,
): DescribedType {
  const schema = {
    allOf: [toSchema(`${contract.name}.row`)],
    properties: {
      type: { const: type },
      data: toSchema(`${type}.data`),
    },
    required: of.requiredAttributes,
  };
  const { envelope } = contract;
  const isOfProject = of.scope === "project";
  const given: JsonObject = {
    type,
    source: isOfProject
      ? `${PROJECT_SOURCE}6f1c1c2e-3a53-4c8b-9a53-6a1f3f0c2d11`
      : MISSION_SOURCE + sampleId(0),
    ...of.subject === "wp_id" && { subject: "WP01" },
    ...!isOfProject && of.scope && { missionid: sampleId(0) },
    data: sampleOf(of.data),
  };
  for (const name of [...envelope.required ?? [], ...of.requiredAttributes]) {
    if (FILLED_IN.has(name)) continue;
    given[name] ??= sampleOf(envelope.properties?.[name] ?? {}, envelope, name);
  }
  const { row } = prepareRow(
    new RowContracts([contract]),
    { ...given, time: SAMPLE_TIME },
    callOf(n),
    SAMPLE_NODE,
  );
  const example = row && {
    event: { ...row.told, lamportclock: n + 1, nodeid: SAMPLE_NODE },
    draft: given,
  };
  return { type, description, isRow: true, schema, ...example && { example } };
}

/** What a draft of a row leaves to the program. */
const FILLED_IN: ReadonlySet<string> = new Set([
  ...["specversion", "id", "time", "datacontenttype", "dataschema"],
  ...["schemaversion", "lamportclock", "nodeid"],
]);

/**
 * A schema in its place in a description: its references lead there, and none
 * has anything beside it, since readers of older JSON Schema pass over that.
 */
function kept(schema: object, name: string): Form {
  const { $schema: _, $id: __, ...rest } = schema as JsonObject;
  return moved(rest, SCHEMAS + name) as Form;
}

function moved(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((item) => moved(item, place));
  if (typeof value !== "object" || value === null) return value;
  const { $ref, ...rest } = value as JsonObject;
  const members = Object.fromEntries(
    Object.entries(rest).map(([name, member]) => [name, moved(member, place)]),
  );
  if (typeof $ref !== "string") {
    return $ref === undefined ? members : { ...members, $ref };
  }
  const reference = { $ref: place + $ref.slice(1) };
  return Object.keys(members).length === 0 ? reference : {
    ...members,
    allOf: [reference, ...(members.allOf as unknown[] | undefined) ?? []],
  };
}
