/**
 * Contracts that users add: folders in the published layout, checked whole
 * before they count, and compiled when they are used.
 *
 * @module
 */

import { reasonOf } from "../../base/errors.ts";
import {
  isJsonObject,
  type JsonObject,
  parseDocument,
} from "../../base/json.ts";
import {
  bad,
  checkedSchema,
  compiled,
  type LateValidator,
} from "./added_schema.ts";
import type { RowContract, RowType } from "./row_contract.ts";

/** Bounds of what may be added: far above what contracts need. */
const FILE_BYTES_MAX = 256 * 1024,
  TYPES_MAX = 200;

/** Names of contracts, and versions: they are names of folders, too. */
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/,
  VERSION = /^[0-9A-Za-z][\w.+-]{0,31}$/;

/** Names of CloudEvents types. */
const TYPE = /^[A-Za-z0-9][\w.-]{0,199}$/;

/** A contract's files, by their names: what is stored when it is added. */
export type ContractFiles = ReadonlyMap<string, string>;

/** Where a contract's files are read from. */
export interface FileSource {
  /** Of a contract that does not name itself. */
  readonly name: string;
  /** The text of a file of the folder. @throws where it is not there, or leads out of it */
  read(name: string): Promise<string>;
}

/**
 * Reads a contract, and checks all of it.
 *
 * @param options `whole`: every schema is compiled at once
 * @returns the contract, and the files that it is made of
 * @throws {KittyError} with file and place, where anything is wrong
 */
export async function readContract(
  source: FileSource,
  options: { whole?: boolean } = {},
): Promise<{ contract: RowContract; files: ContractFiles }> {
  const files = new Map<string, string>();
  const load = async (name: string): Promise<JsonObject> => {
    const isName = name.endsWith(".json") &&
      name.split("/").every((part) => /^[\w-][\w.-]*$/.test(part));
    if (!isName) {
      throw bad(
        "registry.json",
        `${JSON.stringify(name)} is not a file of the folder`,
      );
    }
    let text: string;
    try {
      text = await source.read(name);
    } catch (error) {
      throw bad(name, reasonOf(error));
    }
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > FILE_BYTES_MAX) {
      throw bad(name, `it has more than ${FILE_BYTES_MAX} bytes`);
    }
    const { value, problems } = parseDocument(bytes, { first: true });
    if (!value || problems) {
      const [first] = problems ?? [];
      throw bad(
        name,
        `${first?.path ?? ""} expected ${first?.expected}`.trim(),
      );
    }
    files.set(name, text);
    return value;
  };
  const registry = await load("registry.json");
  const contract = await build(registry, source.name, load);
  if (options.whole) {
    const { validateAttributes, types } = contract;
    const all = [...types.values()].map(({ validateData }) => validateData);
    for (const validate of [validateAttributes, ...all]) {
      (validate as LateValidator).compile();
    }
  }
  return { contract, files };
}

async function build(
  registry: JsonObject,
  folder: string,
  load: (name: string) => Promise<JsonObject>,
): Promise<RowContract> {
  const place = "registry.json";
  const { schemaversion, registry_version } = registry;
  const name = registry.name ?? folder.toLowerCase().replaceAll("_", "-");
  const version = registry.version ?? schemaversion ?? registry_version;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw bad(place, "/name: expected small letters, digits and hyphens");
  }
  if (typeof version !== "string" || !VERSION.test(version)) {
    throw bad(place, "/version: expected a version such as 1.0.0");
  }
  if (name === "work-packages" || name === "producer") {
    throw bad(place, `/name: ${name} is the name of a contract of the program`);
  }
  const prefix = typeof registry.type_prefix === "string"
    ? registry.type_prefix.replace(/([^.])$/, "$1.")
    : "";
  const envelopeFile = registry.envelope_schema ?? "envelope.schema.json";
  const envelope = checkedSchema(
    String(envelopeFile),
    await load(String(envelopeFile)),
  );
  const entries = registry.types;
  if (!Array.isArray(entries) || entries.length === 0) {
    throw bad(place, "/types: expected a list of types");
  }
  if (entries.length > TYPES_MAX) {
    throw bad(place, `/types: more than ${TYPES_MAX} types`);
  }
  const types = new Map<string, RowType>();
  for (const [i, entry] of entries.entries()) {
    const type = await buildType(entry, i, prefix, load);
    if (types.has(type.type)) {
      throw bad(place, `/types/${i}: two types are named ${type.type}`);
    }
    types.set(type.type, type);
  }
  return {
    name,
    version,
    description: descriptionOf(
      registry.description,
      "A contract that was added.",
    ),
    prefix,
    envelope,
    validateAttributes: compiled(String(envelopeFile), envelope),
    types,
  };
}

async function buildType(
  entry: unknown,
  i: number,
  prefix: string,
  load: (name: string) => Promise<JsonObject>,
): Promise<RowType> {
  const place = `registry.json: /types/${i}`;
  if (!isJsonObject(entry)) throw bad(place, "expected an object");
  const { type, name, schema, dataschema, description } = entry;
  const whole = typeof type === "string" ? type : `${prefix}${name}`;
  if (!TYPE.test(whole)) throw bad(place, "expected a type or a name");
  const file = typeof schema === "string" ? schema : `data/${name}.schema.json`;
  const data = checkedSchema(file, await load(file));
  return {
    type: whole,
    name: whole.startsWith(prefix) ? whole.slice(prefix.length) : whole,
    description: descriptionOf(description ?? data.description, whole),
    ...rulesOf(entry),
    requiredAttributes: textsOf(entry.required_attributes),
    ...typeof dataschema === "string" && { dataschema },
    data,
    validateData: compiled(file, data),
  };
}

/** Rules of Spec Kitty's own rows, where a type names them. */
function rulesOf(
  { scope, subject }: JsonObject,
): Pick<RowType, "scope" | "subject"> {
  return {
    ...(scope === "mission" || scope === "project") && { scope },
    ...(subject === "wp_id" || subject === "none") && { subject },
  };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "string")
    : [];
}

/** One line, as help and listings show it. */
function descriptionOf(value: unknown, otherwise: string): string {
  return typeof value === "string" && /^[^\p{Cc}]{1,200}$/u.test(value)
    ? value
    : otherwise;
}

/** Of a contract that is named after its type. */
const NAME_CHARS_MAX = 60;

/** The files of a contract of one type: `contract add --type TYPE FILE`. */
export function filesOfType(type: string, schema: string): FileSource {
  const name = type.toLowerCase().split(/[^a-z0-9]/).filter(Boolean).join("-")
    .slice(0, NAME_CHARS_MAX) || "type";
  const files: Readonly<Record<string, string>> = {
    "registry.json": JSON.stringify({
      name,
      version: "1.0.0",
      types: [{ type, schema: "data.schema.json" }],
    }),
    "envelope.schema.json": JSON.stringify(CLOUD_EVENT),
    "data.schema.json": schema,
  };
  return {
    name,
    read: (file) =>
      Object.hasOwn(files, file)
        ? Promise.resolve(files[file]!)
        : Promise.reject(new Error("no such file")),
  };
}

/** A CloudEvent with a Lamport clock, and any attribute besides. */
const CLOUD_EVENT = {
  type: "object",
  properties: {
    specversion: { type: "string", const: "1.0" },
    id: { type: "string", minLength: 1, maxLength: 128 },
    source: { type: "string", minLength: 1, maxLength: 1024 },
    type: { type: "string", minLength: 1 },
    subject: { type: "string", minLength: 1 },
    time: { type: "string", format: "date-time" },
    datacontenttype: { type: "string", const: "application/json" },
    dataschema: { type: "string", minLength: 1 },
    missionid: { type: "string", minLength: 1 },
    missionslug: { type: "string", minLength: 1 },
    actor: { type: "string", minLength: 1 },
    executionmode: { type: "string", minLength: 1 },
    lamportclock: { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 },
    nodeid: { type: "string", minLength: 1 },
    data: { type: "object" },
  },
  required: [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "lamportclock",
    "nodeid",
    "data",
  ],
  propertyNames: { pattern: "^[a-z0-9]{1,20}$" },
};
