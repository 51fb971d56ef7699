/**
 * Emits the TypeScript types of the contract.
 *
 * Written here because the ready-made converters know no `if`/`then`: they
 * make one interface with a payload of any type, where a union discriminated
 * by `event_type` is wanted, and they bring dozens of packages along.
 */
import {
  type Contract,
  definition,
  enumerations,
  eventTypes,
  referredName,
  type Schema,
  unsupported,
} from "./schema.ts";

/** The text of `generated/types.ts`, without its header. */
export function emitTypes(contract: Contract): string {
  const types = eventTypes(contract);
  return [
    "",
    "/** Version of the contract. */",
    `export const CONTRACT_VERSION = ${JSON.stringify(contract["x-version"])};`,
    ...enumerations(contract).flatMap(([name, values]) =>
      emitEnumeration(contract, name, values)
    ),
    ...types.flatMap((type) =>
      emitInterface(contract, `${type}Payload`, definition(contract, type))
    ),
    "",
    "/** Each event type's payload. */",
    "export interface PayloadOf {",
    ...types.flatMap((type) => [
      `  /** ${definition(contract, type).description} */`,
      `  ${type}: ${type}Payload;`,
    ]),
    "}",
    ...emitUnion(contract, "Draft", definition(contract, "Draft")),
    ...emitUnion(contract, "EnvelopeDocument", contract),
    "",
  ].join("\n");
}

function emitEnumeration(
  contract: Contract,
  name: string,
  values: string[],
): string[] {
  const constant = constantName(name);
  const { description } = definition(contract, name);
  return [
    "",
    `/** ${description} */`,
    `export const ${constant} = ${JSON.stringify(values)} as const;`,
    `/** ${description} */`,
    `export type ${name} = ${
      values.map((value) => JSON.stringify(value)).join(" | ")
    };`,
  ];
}

/** `EntryType` -> `ENTRY_TYPES`, `Status` -> `STATUSES`. */
function constantName(name: string): string {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return words + (words.endsWith("S") ? "ES" : "S");
}

function emitInterface(
  contract: Contract,
  name: string,
  schema: Schema,
): string[] {
  return [
    "",
    `/** ${schema.description} */`,
    `export interface ${name} {`,
    ...emitMembers(contract, schema, []),
    "}",
  ];
}

/** A union over the event types, discriminated by `event_type`. */
function emitUnion(contract: Contract, name: string, schema: Schema): string[] {
  const varying = ["event_type", "payload"];
  return [
    "",
    `/** ${schema.description} */`,
    `export type ${name}<T extends EventType = EventType> = {`,
    "  [K in T]: {",
    "    event_type: K;",
    "    payload: PayloadOf[K];",
    ...emitMembers(contract, schema, varying).map((line) => `  ${line}`),
    "  };",
    "}[T];",
  ];
}

function emitMembers(
  contract: Contract,
  schema: Schema,
  without: string[],
): string[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .filter(([field]) => !without.includes(field))
    .flatMap(([field, type]) => [
      `  /** ${type.description} */`,
      `  ${field}${required.has(field) ? "" : "?"}: ${
        emitType(contract, type)
      };`,
    ]);
}

function emitType(contract: Contract, schema: Schema): string {
  const name = referredName(schema);
  if (name !== undefined) {
    const target = definition(contract, name);
    return target.enum === undefined ? emitType(contract, target) : name;
  }
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((branch) => emitType(contract, branch)).join(" | ");
  }
  if (schema.items !== undefined) {
    return `${emitType(contract, schema.items)}[]`;
  }
  if (schema.type === undefined) return "unknown";
  const words: Record<string, string> = {
    string: "string",
    integer: "number",
    null: "null",
  };
  return [schema.type].flat()
    .map((type) => words[type] ?? unsupported(schema))
    .join(" | ");
}
