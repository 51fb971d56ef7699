/**
 * Makes `contracts/generated/` from `events.schema.json`: validators that need
 * no library at run time, types, and a table of fields for messages and help.
 *
 * Run it as `deno task contracts`; a test compares its output with the files
 * that are committed.
 */
import { _, Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { formats } from "./date_time.ts";
import { emitFields } from "./emit_fields.ts";
import { emitTypes } from "./emit_types.ts";
import { type Contract, definition, eventTypes } from "./schema.ts";

const HEADER =
  "// Made from contracts/events.schema.json by `deno task contracts`. Do not edit.\n";

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
  return new Map([
    ["validators.js", HEADER + emitValidators(contract)],
    ["validators.d.ts", HEADER + VALIDATOR_TYPES],
    ["types.ts", HEADER + emitTypes(contract)],
    ["fields.ts", HEADER + emitFields(contract)],
  ]);
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
  // Ajv's types call the CommonJS export a module; at run time it is callable.
  const emit = standaloneCode as unknown as (
    ajv: Ajv2020,
    ids: Record<string, string>,
  ) => string;
  const code = emit(ajv, {
    validateEnvelope: schema.$id,
    validateDraft: `${schema.$id}#/$defs/Draft`,
    ...Object.fromEntries(
      types.map((type) => [`validate${type}`, `${schema.$id}#/$defs/${type}`]),
    ),
  });
  const table = types.map((type) => `${type}: validate${type}`).join(", ");
  return `// @ts-self-types="./validators.d.ts"
import { formats } from "../date_time.ts";
${
    withShortErrors(withoutDeadSchemas(code.replace('"use strict";', "")))
      .trimEnd()
  }
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

/** A copy without what validation does not read, to keep the code small. */
function withoutAnnotations(node: unknown, isNameTable = false): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutAnnotations(item));
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) =>
    isNameTable ||
    !["title", "description", "default", "$comment"].includes(key)
  );
  return Object.fromEntries(kept.map(([key, value]) => {
    const names = !isNameTable && (key === "properties" || key === "$defs");
    return [key, withoutAnnotations(value, names)];
  }));
}

/**
 * Every `emit` reads what is to be said of drafts that are wrong. Nobody asks
 * which rule of the schema an error is of, and each is added in the same way.
 */
function withShortErrors(code: string): string {
  const errors = code.replaceAll(/schemaPath:"[^"]*",/g, "").replaceAll(
    /if\(vErrors === null\)\{vErrors = \[(err\d+)\];\}else \{vErrors\.push\(\1\);\}/g,
    "vErrors = added(vErrors, $1);",
  );
  return `${errors}
function added(errors, error) {
  if (errors === null) return [error];
  errors.push(error);
  return errors;
}
`;
}

/** Ajv keeps each schema as a constant; most are never read. */
function withoutDeadSchemas(code: string): string {
  return code.replaceAll(
    /const (schema\d+) = (\{.*?\}|true);(?=const |function |export )/g,
    (declaration, name: string) =>
      code.split(new RegExp(`\\b${name}\\b`)).length > 2 ? declaration : "",
  );
}

const VALIDATOR_TYPES = `
import type { EventType } from "./types.ts";

export interface ValidationError {
  keyword: string;
  instancePath: string;
  params: { missingProperty?: string; additionalProperty?: string };
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
  await Deno.mkdir(GENERATED, { recursive: true });
  for (const [name, text] of await generate()) {
    await Deno.writeTextFile(new URL(name, GENERATED), text);
  }
}
