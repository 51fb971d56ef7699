/**
 * Documents to show what a schema asks for: as small as it allows, and with
 * words that people would write.
 *
 * @module
 */

import { referred } from "../contract/rows/reference.ts";
import type { Schema } from "../contract/rows/row_contract.ts";

/** A ULID, the n-th of those that samples have. */
export function sampleId(n: number): string {
  return `01KGHZ3D6R00000000000${String(n).padStart(5, "0")}`;
}

/** When everything in samples happens. */
export const SAMPLE_TIME = "2026-02-03T12:00:00Z";

/** The machine and user of all samples. */
export const SAMPLE_NODE = "0123456789ab";

/** What some members hold, in every contract. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  wp_id: "WP01",
  actor: "ada",
  agent_id: "ada",
  executionmode: "worktree",
  missionslug: "028-cli-events",
  from_lane: "planned",
  to_lane: "claimed",
  previous_status: "planned",
  new_status: "doing",
};

/** Texts for those that a pattern or a format asks for. */
const TEXTS: readonly string[] = [
  "WP01",
  "028-cli-events",
  "028",
  SAMPLE_TIME,
  sampleId(0),
  "llm:claude",
  "human",
  "https://example.org/schema",
  SAMPLE_NODE,
  "0123456789abcdef0123456789abcdef01234567",
];

/** Bounds of samples: what asks for more is shown without one. */
const DEPTH_MAX = 20, ITEMS_MAX = 20, CHARS_MAX = 1_000;

/** A schema with what it refers to. */
type Referring = Schema & {
  readonly $ref?: string;
  readonly default?: unknown;
  readonly allOf?: readonly Referring[];
  readonly minItems?: number;
};

/**
 * A document that a schema asks for, with the members that have to be there.
 *
 * @param root what the schema's references are looked up in
 * @returns undefined where no sample is known; what is found may still break a
 *   rule that is not looked at
 */
export function sampleOf(
  schema: Referring,
  root: object = schema,
  name = "",
  depth = 0,
): unknown {
  if (depth > DEPTH_MAX) return undefined;
  const inner = (one: Referring, of = name) =>
    sampleOf(one, root, of, depth + 1);
  if (schema.$ref !== undefined) {
    return inner((referred(root, schema.$ref) ?? {}) as Referring);
  }
  if (schema.const !== undefined) return schema.const;
  const named = BY_NAME[name];
  if (schema.enum) {
    return schema.enum.includes(named) ? named : schema.enum[0];
  }
  if (schema.anyOf) {
    const samples = schema.anyOf.map((one) => inner(one));
    return samples.find((sample) => sample !== undefined && sample !== null) ??
      samples[0];
  }
  const [type] = [schema.type ?? "object"].flat();
  switch (type) {
    case "object":
      return objectOf(schema, inner);
    case "array": {
      const { minItems = 0, items = {} } = schema;
      if (minItems > ITEMS_MAX) return undefined;
      return Array.from({ length: minItems }, () => inner(items));
    }
    case "string":
      return textOf(schema, name);
    case "integer":
    case "number":
      return Math.max(1, schema.minimum ?? 1);
    case "boolean":
      return true;
    default:
      return null;
  }
}

function objectOf(
  schema: Referring,
  inner: (one: Referring, name: string) => unknown,
): unknown {
  const names = schema.required ?? [];
  const members = names.map((name): [string, unknown] => [
    name,
    inner(schema.properties?.[name] ?? { type: "string" }, name),
  ]);
  return members.some(([, value]) => value === undefined)
    ? undefined
    : Object.fromEntries(members);
}

function textOf(schema: Schema, name: string): string | undefined {
  const { pattern, format, minLength = 0 } = schema;
  if (minLength > CHARS_MAX) return undefined;
  const named = BY_NAME[name];
  const asPeopleSay = name.replaceAll("_", " ") || "text";
  const texts = [...typeof named === "string" ? [named] : [], ...TEXTS];
  if (format === "date-time") return SAMPLE_TIME;
  if (format === "uri") return "https://example.org/schema";
  if (pattern !== undefined) {
    return texts.find((text) => new RegExp(pattern, "u").test(text));
  }
  const text = typeof named === "string" ? named : asPeopleSay;
  return text.padEnd(minLength, ".");
}
