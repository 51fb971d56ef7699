/**
 * The subset of JSON Schema that `events.schema.json` uses, and what the
 * emitters of types and fields read out of it.
 */
export interface Schema {
  $ref?: string;
  description?: string;
  type?: string | string[];
  enum?: string[];
  anyOf?: Schema[];
  items?: Schema;
  minLength?: number;
  minimum?: number;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
}

/** The whole contract: the envelope, with everything else in `$defs`. */
export interface Contract extends Schema {
  $id: string;
  "x-version": string;
  $defs: Record<string, Schema>;
}

/** The names of the eight event types; each also names its payload in `$defs`. */
export function eventTypes(contract: Contract): string[] {
  return definition(contract, "EventType").enum ?? [];
}

/** A definition by name. Throws when the contract has none. */
export function definition(contract: Contract, name: string): Schema {
  const found = contract.$defs[name];
  if (found === undefined) throw new Error(`no $defs/${name} in the contract`);
  return found;
}

/** The name of the definition that a schema refers to, if it does. */
export function referredName(schema: Schema): string | undefined {
  return schema.$ref?.match(/^#\/\$defs\/(\w+)$/)?.[1];
}

/** The definitions that are enumerations, in order. */
export function enumerations(contract: Contract): [string, string[]][] {
  return Object.entries(contract.$defs).flatMap(([name, schema]) =>
    schema.enum === undefined ? [] : [[name, schema.enum]]
  );
}

/** What the emitters do not know how to say, they refuse to leave out. */
export function unsupported(schema: Schema): never {
  throw new Error(
    `contracts/ cannot express this yet: ${JSON.stringify(schema)}`,
  );
}
