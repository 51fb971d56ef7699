/**
 * What validators find, as problems with a path, what was expected and a hint:
 * for any schema, as contracts of rows come from anywhere.
 *
 * @module
 */

import type { ValidationError } from "../../../contracts/generated/validators.js";
import { isJsonObject } from "../../base/json.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { PROBLEMS_MAX } from "../../base/limits.ts";
import {
  fromPointer,
  jsonTypeOf,
  type Problem,
  toPointer,
  toShortPointer,
} from "../../base/problem.ts";

/** As much of JSON Schema as problems and help texts read. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

/** Errors looked at: more than are reported, as several speak of one place. */
const ERRORS_READ_MAX = 4 * PROBLEMS_MAX;

/** Names compared with an unknown one. */
const NAMES_COMPARED_MAX = 200;

/**
 * Problems in the order of the document's schema, one for each place.
 *
 * @param place the document's own, in what the problems speak of
 */
export function problemsOf(
  root: unknown,
  errors: readonly ValidationError[],
  schema: Schema,
  place = "",
): Problem[] {
  const paths = new Set(errors.slice(0, ERRORS_READ_MAX).map(pathOf));
  // Said beside it of the member whose name is wrong.
  if (isJsonObject(root)) paths.delete("");
  // Of a place that may be one of several things, the branches speak of each other's inside.
  const deepest = [...paths].filter((path) =>
    !isInside(paths, path) || isOwn(errors, path)
  );
  return deepest.map((path) => describe(root, fromPointer(path), schema, place))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, PROBLEMS_MAX)
    .map(({ problem }) => problem);
}

/** Whether another place lies inside of this one. */
function isInside(paths: ReadonlySet<string>, path: string): boolean {
  return [...paths].some((other) => other.startsWith(`${path}/`));
}

/** Whether something is wrong with a place itself, and not only with what is in it. */
function isOwn(errors: readonly ValidationError[], path: string): boolean {
  return errors.some((error) =>
    pathOf(error) === path && error.keyword !== "anyOf" &&
    error.keyword !== "type"
  );
}

function pathOf(error: ValidationError): string {
  const { missingProperty, additionalProperty, propertyName } = error.params;
  const member = missingProperty ?? additionalProperty ?? propertyName;
  return error.instancePath + (member === undefined ? "" : toPointer([member]));
}

function describe(
  root: unknown,
  tokens: readonly string[],
  schema: Schema,
  place: string,
): { problem: Problem; rank: number } {
  let value: unknown = root, holder: unknown, parent: Schema = {};
  let here: Schema | undefined = schema;
  for (const token of tokens) {
    holder = value;
    parent = here ?? {};
    value = memberOf(value, token);
    here = here && inside(here, token);
  }
  const name = tokens.at(-1);
  const names = Object.keys(propertiesOf(parent));
  const found = jsonTypeOf(value);
  const hint = hintOf({ value, found, here, name, names, holder });
  const rank = names.indexOf(name ?? "");
  return {
    problem: {
      path: place + toShortPointer(tokens),
      expected: here ? expectedOf(here) : "no such member",
      found,
      ...hint !== undefined && { hint },
    },
    rank: rank < 0 ? names.length : rank,
  };
}

/** What is known of a place of which something is wrong. */
interface Place {
  readonly value: unknown;
  readonly found: Problem["found"];
  readonly here: Schema | undefined;
  readonly name: string | undefined;
  /** Names that may stand beside it. */
  readonly names: readonly string[];
  readonly holder: unknown;
}

function hintOf(
  { value, found, here, name, names, holder }: Place,
): string | undefined {
  if (value === "") return "it is empty";
  if (here === undefined) {
    const meant = name === undefined ? undefined : nearMiss(name, names);
    return meant && `did you mean "${meant}"?`;
  }
  if (typeof value === "string") {
    const meant = nearMiss(value, textsOf(here));
    return meant && `did you mean "${meant}"?`;
  }
  if (found !== "missing" || name === undefined) return undefined;
  const others = Object.keys(holder ?? {})
    .filter((other) => !names.includes(other)).slice(0, NAMES_COMPARED_MAX);
  return others.some((other) => nearMiss(other, names) === name)
    ? `did you mean "${name}"?`
    : undefined;
}

/** The schema of a member or item; undefined where there may be none. */
function inside(schema: Schema, token: string): Schema | undefined {
  const own = schema.properties && Object.hasOwn(schema.properties, token)
    ? schema.properties[token]
    : undefined;
  if (own) return own;
  if (schema.items && /^\d+$/.test(token)) return schema.items;
  for (const branch of schema.anyOf ?? []) {
    const found = inside(branch, token);
    if (found) return found;
  }
  return typeof schema.additionalProperties === "object"
    ? schema.additionalProperties
    : undefined;
}

/** The members that a schema names. */
export function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  return schema.properties ?? schema.anyOf?.find((branch) => branch.properties)
    ?.properties ??
    {};
}

/** The texts that a schema allows, of those that it lists. */
export function textsOf(schema: Schema): string[] {
  return [
    ...schema.enum ?? [],
    ...schema.const === undefined ? [] : [schema.const],
    ...(schema.anyOf ?? []).flatMap(textsOf),
  ].filter((value) => typeof value === "string");
}

/** What a schema allows, as words that follow "expected". */
export function expectedOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  if (schema.anyOf) {
    return [...new Set(schema.anyOf.map(expectedOf))].join(" or ");
  }
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return "any value";
  return types.map((type) => typeWords(type, schema)).join(" or ");
}

function typeWords(type: string, schema: Schema): string {
  switch (type) {
    case "string":
      return textWords(schema);
    case "integer":
    case "number": {
      const kind = type === "integer" ? "an integer" : "a number";
      if (schema.minimum === undefined) return kind;
      return schema.maximum === undefined
        ? `${kind} of ${schema.minimum} or more`
        : `${kind} from ${schema.minimum} to ${schema.maximum}`;
    }
    case "array":
      return schema.items
        ? `an array, each item ${expectedOf(schema.items)}`
        : "an array";
    case "object":
      return "an object";
    case "boolean":
      return "true or false";
    default:
      return type;
  }
}

/** Patterns that the published contract has, in words. */
const PATTERN_WORDS: Readonly<Record<string, string>> = {
  "^[0-9A-HJKMNP-TV-Z]{26}": "a ULID in capitals",
  "^[0-9a-f]{12}": "12 hexadecimal digits",
  "^[0-9a-fA-F]{7,40}": "7 to 40 hexadecimal digits",
  "^/spec-kitty/(missions|projects)/[^/\\s]+":
    `"/spec-kitty/missions/ID" or "/spec-kitty/projects/ID"`,
  "^[a-z0-9]{1,20}": "a name of 1 to 20 small letters and digits",
};

function textWords({ format, pattern, minLength }: Schema): string {
  if (format === "date-time") {
    return "a date-time as in RFC 3339, such as 2026-02-03T12:00:00Z";
  }
  if (pattern !== undefined) {
    const plain = pattern.replace("(?![\\s\\S])", "");
    return PATTERN_WORDS[plain] ?? `a string that matches ${plain}`;
  }
  return minLength ? "a non-empty string" : "a string";
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
