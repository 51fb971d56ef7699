/**
 * Emits the validators of the rows of `producer.json`: the attributes, the
 * data of each type, and the members of each shape that older lines have.
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

/** The text of `generated/producer.js`, without its header. */
export function emitRowValidators({ envelope, legacy_shapes, types }: Rows) {
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
  // What each type says of its data is told by its own validator, and `dataschema` by the type.
  const { data: _data, dataschema: _dataschema, ...properties } =
    envelope.properties;
  const attributes = {
    ...envelope,
    properties: { ...properties, data: { type: "object" }, dataschema: {} },
  };
  const ids: Record<string, string> = {};
  const add = (name: string, schema: object) => {
    ids[name] = `urn:kitty-events:${name}`;
    const short = withoutChoices(withoutAnnotations(schema)) as object;
    ajv.addSchema({ ...short, $id: ids[name] });
  };
  add("validateAttributes", attributes);
  const data = types.map(({ name, data }, i) => {
    add(`validateData${i}`, data);
    return `${JSON.stringify(name)}: validateData${i}`;
  });
  const members = Object.entries(legacy_shapes)
    .filter(([, shape]) => shape.members)
    .map(([name, shape], i) => {
      add(`validateMembers${i}`, {
        type: "object",
        properties: { ...shape.members, payload: { type: "object" } },
        required: shape.required,
        additionalProperties: false,
      });
      return `${JSON.stringify(name)}: validateMembers${i}`;
    });
  return `// @ts-self-types="./producer.d.ts"
import { formats } from "../row_time.ts";
${standalone(ajv, ids)}
export const validateData = { ${data.join(", ")} };
export const validateMembers = { ${members.join(", ")} };
`;
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

export const ROW_VALIDATOR_TYPES = `
import type { Validator } from "./validators.js";

export declare const validateAttributes: Validator;
/** Each type's data, by its name without the prefix. */
export declare const validateData: Readonly<Record<string, Validator>>;
/** The members of each shape that lines had before they were rows. */
export declare const validateMembers: Readonly<Record<string, Validator>>;
`;
