/**
 * Emits the table of fields: names in schema order, with the words that
 * problems and help texts use for what is allowed.
 */
import {
  type Contract,
  definition,
  eventTypes,
  referredName,
  type Schema,
  unsupported,
} from "./schema.ts";

/** The text of `generated/fields.ts`, without its header. */
export function emitFields(contract: Contract): string {
  return `
import type { EventType } from "./types.ts";

/** One field of an envelope, a draft or a payload. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  /** What it is for, as a sentence. */
  readonly description: string;
  /** What is allowed, as words that follow "expected". */
  readonly expected: string;
  /** The allowed values, of an enumeration. */
  readonly values?: readonly string[];
  /** What is allowed as an item, of an array. */
  readonly items?: string;
  /** What a builder fills in. */
  readonly default?: unknown;
}

/** A payload's own description and its fields. */
export interface PayloadFields {
  readonly description: string;
  readonly fields: readonly Field[];
}

export const ENVELOPE_FIELDS: readonly Field[] = ${emit(contract, contract)};

export const DRAFT_FIELDS: readonly Field[] = ${
    emit(contract, definition(contract, "Draft"))
  };

export const PAYLOADS: Readonly<Record<EventType, PayloadFields>> = {
${
    eventTypes(contract).map((type) => {
      const payload = definition(contract, type);
      return `  ${type}: {
    description: ${JSON.stringify(payload.description)},
    fields: ${emit(contract, payload)},
  },`;
    }).join("\n")
  }
};
`;
}

function emit(contract: Contract, schema: Schema): string {
  const required = new Set(schema.required);
  const lines = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const values = resolve(contract, field).enum;
    return "  " + JSON.stringify({
      name,
      required: required.has(name),
      description: field.description,
      expected: expected(contract, field),
      ...(values && { values }),
      ...(field.items && { items: expected(contract, field.items) }),
      ...("default" in field && { default: field.default }),
    }) + ",";
  });
  return `[\n${lines.join("\n")}\n]`;
}

function resolve(contract: Contract, schema: Schema): Schema {
  const name = referredName(schema);
  return name === undefined ? schema : definition(contract, name);
}

/** The rule in words; a patterned definition's description is its words. */
function expected(contract: Contract, field: Schema): string {
  const schema = resolve(contract, field);
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  if (schema !== field) return schema.description ?? unsupported(schema);
  if (schema.anyOf) {
    return schema.anyOf.map((one) => expected(contract, one)).join(" or ");
  }
  if (schema.items) {
    return `an array, each item ${expected(contract, schema.items)}`;
  }
  if (schema.type === undefined) return "any value";
  if (schema.minLength === 1) return "a non-empty string";
  if (schema.minimum === 0) return "an integer of 0 or more";
  const words: Record<string, string> = {
    string: "a string",
    null: "null",
    object: "an object",
  };
  return [schema.type].flat()
    .map((type) => words[type] ?? unsupported(schema))
    .join(" or ");
}
