/**
 * Schemas that users add: looked at before they are compiled, and compiled
 * when they are used.
 *
 * @module
 */

import { Ajv2020, type AnySchema } from "ajv/dist/2020.js";
import type { Validator } from "../../../contracts/generated/validators.js";
import { KittyError, reasonOf } from "../../base/errors.ts";
import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { referred } from "./reference.ts";
import type { Schema } from "./row_contract.ts";
import { instantOf } from "./times.ts";

/** Bounds of what may be added: far above what contracts need. */
const DEPTH_MAX = 32, NODES_MAX = 20_000, PATTERN_CHARS_MAX = 200;

/** What keeps a folder from being a contract. */
export function bad(place: string, what: string): KittyError {
  return new KittyError("bad_contract", `${place}: ${what}`, {
    hint: "nothing was added; see docs/contracts.md for the layout",
  });
}

/** Looks at every node of a schema: its depth, its number, its references and patterns. */
export function checkedSchema(file: string, schema: JsonObject): Schema {
  let nodes = 0;
  const open: [unknown, string, number][] = [[schema, "", 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, place, depth] = next;
    if (typeof value !== "object" || value === null) continue;
    nodes += 1;
    if (nodes > NODES_MAX) throw bad(file, `more than ${NODES_MAX} parts`);
    if (depth > DEPTH_MAX) throw bad(file, `${place}: nested too deep`);
    for (const [name, member] of Object.entries(value)) {
      const at = `${place}/${name}`;
      if (
        /^\$(?:ref|dynamicRef)$/.test(name) && !String(member).startsWith("#")
      ) {
        throw bad(file, `${at}: a reference that leaves the file`);
      }
      if (name === "$async") throw bad(file, `${at}: it may not be`);
      if (name === "pattern" && typeof member === "string") {
        checkPattern(member, file, at);
      }
      if (name === "patternProperties" && isJsonObject(member)) {
        for (const key of Object.keys(member)) checkPattern(key, file, at);
      }
      open.push([member, at, depth + 1]);
    }
  }
  checkReferences(file, schema);
  return schema as Schema;
}

/** Keywords whose schemas speak of the same value. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];

/** How many schemas one value may meet. */
const IN_PLACE_MAX = 2_000;

/**
 * Judging a value must end, and soon: no schema refers to itself for the same
 * value, nor to others that refer to others so often that they are too many.
 */
function checkReferences(file: string, root: JsonObject): void {
  let met = 0;
  const visit = (schema: unknown, around: readonly unknown[]): void => {
    if (!isJsonObject(schema)) return;
    if (around.includes(schema)) throw bad(file, "a schema refers to itself");
    met += 1;
    if (met > IN_PLACE_MAX) throw bad(file, "references lead to too many");
    const inside = [...around, schema];
    const { $ref } = schema;
    if (typeof $ref === "string") visit(referred(root, $ref), inside);
    for (const name of IN_PLACE) {
      for (const one of [schema[name] ?? []].flat()) visit(one, inside);
    }
  };
  const all: unknown[] = [root];
  for (let next = all.pop(); next !== undefined; next = all.pop()) {
    if (typeof next !== "object" || next === null) continue;
    met = 0;
    visit(next, []);
    all.push(...Object.values(next));
  }
}

/** Patterns in which a repetition is repeated may take for ever on some texts. */
function checkPattern(pattern: string, file: string, at: string): void {
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw bad(
      file,
      `${at}: a pattern of more than ${PATTERN_CHARS_MAX} characters`,
    );
  }
  if (isRepeatedTwice(pattern)) {
    throw bad(file, `${at}: a pattern whose repetition is repeated`);
  }
}

/** Signs that repeat what stands before them. */
const REPEATS = "*+{";

/**
 * Whether a repetition is repeated, as in `(a+)+`, or something is referred to.
 * A group that begins with a sign of its own, as in names with dots, is fine.
 */
function isRepeatedTwice(pattern: string): boolean {
  const groups: { repeats: boolean; isSeparated: boolean }[] = [];
  let isInClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const sign = pattern[i]!;
    if (sign === "\\") {
      i += 1;
      if (/[1-9k]/.test(pattern[i] ?? "")) return true;
    } else if (isInClass) {
      isInClass = sign !== "]";
    } else if (sign === "[") {
      isInClass = true;
    } else if (sign === "(") {
      const inside = pattern.slice(i + 1, i + 4).replace(/^\?:/, "");
      groups.push({
        repeats: false,
        isSeparated: /^(?:\\[.\-/]|[-:/_,; ])/.test(inside),
      });
    } else if (sign === ")") {
      const { repeats = false, isSeparated = true } = groups.pop() ?? {};
      const isRepeated = REPEATS.includes(pattern[i + 1] ?? "-");
      if (repeats && isRepeated && !isSeparated) return true;
      const around = groups.at(-1);
      if (around && repeats) around.repeats = true;
    } else if (REPEATS.includes(sign)) {
      const around = groups.at(-1);
      if (around) around.repeats = true;
    }
  }
  return false;
}

/** A validator that is compiled when it is used first. */
export interface LateValidator extends Validator {
  /** @throws {KittyError} where the schema is not valid */
  compile(): void;
}

export function compiled(file: string, schema: Schema): LateValidator {
  let validate: Validator | undefined;
  const late = ((document: unknown) => {
    const own = validate ??= compile(file, schema);
    const isValid = own(document);
    late.errors = own.errors ?? null;
    return isValid;
  }) as LateValidator;
  late.compile = () => void (validate ??= compile(file, schema));
  return late;
}

/** Compiles a schema. @throws {KittyError} where it is not valid */
function compile(file: string, schema: Schema): Validator {
  const ajv = new Ajv2020({
    allErrors: true,
    messages: false,
    strict: false,
    // Inlined again and again, small references become a large program.
    inlineRefs: false,
    validateFormats: true,
    formats: {
      "date-time": (text: string) => instantOf(text) !== undefined,
    },
    logger: false,
  });
  const { $id: _id, ...own } = schema as JsonObject;
  try {
    return ajv.compile(own as AnySchema) as unknown as Validator;
  } catch (error) {
    throw bad(file, reasonOf(error).slice(0, 300));
  }
}
