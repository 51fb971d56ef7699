/**
 * Makes `contracts/generated/` from `events.schema.json` and `producer.json`:
 * validators that need no library at run time, types, and a table of fields
 * for messages and help.
 *
 * Run it as `deno task contracts`; a test compares its output with the files
 * that are committed.
 */
import { _, Ajv2020 } from "ajv/dist/2020.js";
import { formats } from "./date_time.ts";
import { emitFields } from "./emit_fields.ts";
import { emitTypes } from "./emit_types.ts";
import { emitRows } from "./emit_rows.ts";
import { type Contract, definition, eventTypes } from "./schema.ts";
import { standalone, withoutAnnotations } from "./standalone.ts";

const HEADER = headerOf("events.schema.json"),
  ROWS_HEADER = headerOf("producer.json");

const GENERATED = new URL("./generated/", import.meta.url);

/**
 * The files of `contracts/generated/`, by name, as they should be now.
 * Nothing is written.
 */
export async function generate(): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(
    new URL("./events.schema.json", import.meta.url),
  );
  const contract: Contract = JSON.parse(text);
  const rows = JSON.parse(
    await Deno.readTextFile(new URL("./producer.json", import.meta.url)),
  );
  return new Map([
    ...[...emitRows(rows)].map(([name, code]) =>
      [name, ROWS_HEADER + code] as const
    ),
    ["validators.js", HEADER + emitValidators(contract)],
    ["validators.d.ts", HEADER + VALIDATOR_TYPES],
    ["types.ts", HEADER + emitTypes(contract)],
    ["fields.ts", HEADER + emitFields(contract)],
  ]);
}

function headerOf(source: string): string {
  return `// Made from contracts/${source} by \`deno task contracts\`. Do not edit.\n`;
}

/** Ajv's standalone code for the envelope and for the draft, as an ES module. */
function emitValidators(contract: Contract): string {
  const schema = withoutPayloadRules(
    withoutAnnotations(contract) as Contract,
  );
  const ajv = new Ajv2020({
    allErrors: true,
    messages: false,
    strict: true,
    // The branches by event type speak of a payload without repeating that it
    // is an object.
    strictTypes: false,
    // Counting code points needs a CommonJS helper at run time. The contract
    // has no length but "not empty", where code units do as well.
    unicode: false,
    // Says nothing but that `unicode` is a deprecated option.
    logger: false,
    keywords: ["x-version"],
    formats,
    code: { source: true, esm: true, formats: _`formats` },
  });
  ajv.addSchema(schema);
  const types = eventTypes(contract);
  const code = standalone(ajv, {
    validateEnvelope: schema.$id,
    validateDraft: `${schema.$id}#/$defs/Draft`,
    ...Object.fromEntries(
      types.map((type) => [`validate${type}`, `${schema.$id}#/$defs/${type}`]),
    ),
  });
  const table = types.map((type) => `${type}: validate${type}`).join(", ");
  return `// @ts-self-types="./validators.d.ts"
import { formats } from "../date_time.ts";
${code}
export const validatePayload = { ${table} };
`;
}

/**
 * A copy in which envelope and draft leave the payload to its own validator,
 * which is then chosen by event type: trying eight branches for each event
 * costs more than all the rest.
 */
function withoutPayloadRules(schema: Contract): Contract {
  const RULES = "#/$defs/PayloadByEventType";
  const { $ref: root, ...envelope } = schema;
  const { $ref: draft, ...draftFields } = definition(schema, "Draft");
  if (root !== RULES || draft !== RULES) {
    throw new Error(`envelope and draft have to refer to ${RULES}`);
  }
  return { ...envelope, $defs: { ...schema.$defs, Draft: draftFields } };
}

const VALIDATOR_TYPES = `
import type { EventType } from "./types.ts";

export interface ValidationError {
  keyword: string;
  instancePath: string;
  params: {
    missingProperty?: string;
    additionalProperty?: string;
    propertyName?: string;
  };
}

/** Leaves what it found on itself, as \`errors\`, until its next call. */
export interface Validator {
  (document: unknown, place?: { instancePath: string }): boolean;
  errors?: ValidationError[] | null;
}

export declare const validateEnvelope: Validator;
export declare const validateDraft: Validator;
/** Each event type's payload. */
export declare const validatePayload: Readonly<Record<EventType, Validator>>;
`;

if (import.meta.main) {
  await Deno.mkdir(new URL("producer/", GENERATED), { recursive: true });
  for (const [name, text] of await generate()) {
    await Deno.writeTextFile(new URL(name, GENERATED), text);
  }
}
