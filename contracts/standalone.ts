/**
 * Validators as code that needs no library at run time.
 */
import type { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";

/**
 * Ajv's standalone code, as an ES module.
 *
 * @param ids names of the exported validators, and the ids of their schemas
 */
export function standalone(ajv: Ajv2020, ids: Record<string, string>): string {
  // Ajv's types call the CommonJS export a module; at run time it is callable.
  const emit = standaloneCode as unknown as (
    ajv: Ajv2020,
    ids: Record<string, string>,
  ) => string;
  const code = emit(ajv, ids).replace('"use strict";', "");
  return withoutDeadSchemas(withShortErrors(code)).trimEnd();
}

/** A copy without what validation does not read, to keep the code small. */
export function withoutAnnotations(
  node: unknown,
  isNameTable = false,
): unknown {
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
 * which rule of the schema an error is of, nor what that rule says, and each is
 * made and added in the same way.
 */
function withShortErrors(code: string): string {
  const errors = code.replaceAll(/schemaPath:"[^"]*",/g, "").replaceAll(
    /if\(vErrors === null\)\{vErrors = \[(err\d+)\];\}else \{vErrors\.push\(\1\);\}/g,
    "vErrors = added(vErrors, $1);",
  ).replaceAll(
    MADE_AND_ADDED,
    (_, _name, place = "instancePath", keyword, params) => {
      const member = NAMES_A_MEMBER.test(params) ? `, ${params}` : "";
      return `vErrors = wrong(vErrors, ${place}, "${keyword}"${member});`;
    },
  );
  return `${errors}
function wrong(errors, instancePath, keyword, params = {}) {
  return added(errors, { instancePath, keyword, params });
}
function added(errors, error) {
  if (errors === null) return [error];
  errors.push(error);
  return errors;
}
`;
}

/** An error without members of its own: its name, place, keyword and parameters. */
const MADE_AND_ADDED =
  /const (err\d+) = \{instancePath(?::([^;{}]*))?,keyword:"(\w+)",params:(\{(?:[^{}]|\{[^{}]*\})*\})\};vErrors = added\(vErrors, \1\);/g;

/** Parameters without which an error's place is not known. */
const NAMES_A_MEMBER =
  /^\{(?:missingProperty|additionalProperty|propertyName):/;

/** Ajv keeps each schema as a constant; most are never read. */
function withoutDeadSchemas(code: string): string {
  return code.replaceAll(
    /const (schema\d+) = (\{.*?\}|true);(?=const |function |export )/g,
    (declaration, name: string) =>
      code.split(new RegExp(`\\b${name}\\b`)).length > 2 ? declaration : "",
  );
}
