/**
 * Emits what `producer.json` says of rows, and the validators of it: a file for
 * each type, because whoever records one row needs no other, and two for what
 * all of them have in common.
 */
import { _, Ajv2020 } from "ajv/dist/2020.js";
import { formats } from "./row_time.ts";
import { standalone, withoutAnnotations } from "./standalone.ts";

/** As much of `producer.json` as the emitter reads. */
interface Rows {
  readonly envelope: { readonly properties: Record<string, object> };
  readonly legacy_shapes: Readonly<
    Record<string, { members?: object; required?: string[] }>
  >;
  readonly types: readonly { readonly name: string; readonly data: object }[];
}

/** The files of `generated/` that are about rows, by name, without their header. */
export function emitRows(rows: Rows): Map<string, string> {
  const { types, legacy_shapes, ...contract } = rows;
  const names = types.map(({ name }) => name);
  return new Map([
    ["producer.js", emitContract(contract, names)],
    ["producer.d.ts", CONTRACT_TYPES],
    ["producer_lines.js", emitLines(legacy_shapes)],
    ["producer_lines.d.ts", LINES_TYPES],
    ["producer/type.d.ts", TYPE_TYPES],
    ...types.map((type) =>
      [`producer/${type.name}.js`, emitType(type)] as const
    ),
  ]);
}

/** The contract without its types, each of which is loaded when it is asked for. */
function emitContract(
  contract: Pick<Rows, "envelope">,
  names: readonly string[],
): string {
  // What each type says of its data is told by its own validator, and `dataschema` by the type.
  const { data: _data, dataschema: _dataschema, ...properties } =
    contract.envelope.properties;
  const attributes = {
    ...contract.envelope,
    properties: { ...properties, data: { type: "object" }, dataschema: {} },
  };
  const loaders = names.map((name) =>
    `  ${JSON.stringify(name)}: () => import("./producer/${name}.js"),\n`
  );
  return `// @ts-self-types="./producer.d.ts"
import { formats } from "../row_time.ts";
${validators({ validateAttributes: attributes })}
export const contract = ${JSON.stringify(contract)};
export const loadType = {
${loaders.join("")}};
`;
}

/** A type: what is said of it, and the validator of its data. */
function emitType(type: Rows["types"][number]): string {
  return `// @ts-self-types="./type.d.ts"
import { formats } from "../../row_time.ts";
${validators({ validateData: type.data })}
export const facts = ${JSON.stringify(type)};
`;
}

/** The shapes of lines that are no rows yet. */
function emitLines(shapes: Rows["legacy_shapes"]): string {
  const members = Object.entries(shapes).filter(([, shape]) => shape.members);
  const schemas = members.map(([, shape], i) =>
    [`validate${i}`, {
      type: "object",
      properties: { ...shape.members, payload: { type: "object" } },
      required: shape.required,
      additionalProperties: false,
    }] as const
  );
  const table = members.map(([name], i) =>
    `${JSON.stringify(name)}: validate${i}`
  );
  return `// @ts-self-types="./producer_lines.d.ts"
import { formats } from "../row_time.ts";
${validators(Object.fromEntries(schemas))}
export const shapes = ${JSON.stringify(shapes)};
export const validateMembers = { ${table.join(", ")} };
`;
}

/** Ajv's standalone code for schemas, by the names under which it is exported. */
function validators(schemas: Readonly<Record<string, object>>): string {
  const ajv = new Ajv2020({
    allErrors: true,
    messages: false,
    strict: true,
    strictTypes: false,
    allowUnionTypes: true,
    // See the validators of the events.
    unicode: false,
    logger: false,
    formats,
    code: { source: true, esm: true, formats: _`formats` },
  });
  const ids: Record<string, string> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    ids[name] = `urn:kitty-events:${name}`;
    const short = withoutChoices(withoutAnnotations(schema)) as object;
    ajv.addSchema({ ...short, $id: ids[name] });
  }
  return standalone(ajv, ids);
}

/**
 * What may be null besides, said without a choice: the code for that is a
 * third of the size.
 */
function withoutChoices(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutChoices);
  if (typeof node !== "object" || node === null) return node;
  const schema = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, withoutChoices(value)]),
  );
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const other = anyOf.find(({ type }) => type !== "null");
  const isOfType = typeof other?.type === "string" && !("const" in other);
  if (!isOfType || !anyOf.some(isNull) || Object.keys(rest).length > 0) {
    return schema;
  }
  return {
    ...other,
    type: [other.type, "null"],
    ...other.enum && { enum: [...other.enum, null] },
  };
}

function isNull(schema: object): boolean {
  return JSON.stringify(schema) === '{"type":"null"}';
}

const CONTRACT_TYPES = `
import type * as type from "./producer/type.d.ts";
import type { Validator } from "./validators.js";

export declare const validateAttributes: Validator;
/** The contract without its types. */
export declare const contract: {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly type_prefix: string;
  readonly dataschema_base: string;
  readonly envelope: object;
};
/** Each type, by its name without the prefix. */
export declare const loadType: Readonly<
  Record<string, () => Promise<typeof type>>
>;
`;

const TYPE_TYPES = `
import type { Validator } from "../validators.js";

export declare const validateData: Validator;
export declare const facts: {
  readonly name: string;
  readonly description: string;
  readonly scope: "mission" | "project";
  readonly subject: "wp_id" | "none";
  readonly required_attributes: readonly string[];
  readonly data: object;
  readonly legacy: {
    readonly shape: string;
    readonly constants?: Readonly<Record<string, unknown>>;
    readonly discriminator_value?: string;
  };
  readonly lifted: readonly object[];
};
`;

const LINES_TYPES = `
import type { Validator } from "./validators.js";

/** Shapes that lines had before they were rows. */
export declare const shapes: Readonly<
  Record<string, { readonly members?: Readonly<Record<string, object>> }>
>;
/** The members of each shape that has some. */
export declare const validateMembers: Readonly<Record<string, Validator>>;
`;
