/**
 * `emit TYPE` for the types of rows: a command made of the type's schema.
 *
 * @module
 */

import { reasonOf, usageError } from "../../base/errors.ts";
import type { Args, Option } from "../../base/arguments.ts";
import { Deadline } from "../../base/deadline.ts";
import { type JsonObject, parseDocument } from "../../base/json.ts";
import { EVENT_BYTES_MAX, TIMEOUT_MS_DEFAULT } from "../../base/limits.ts";
import type { KnownType } from "../../contract/rows/contracts.ts";
import type { RowType, Schema } from "../../contract/rows/row_contract.ts";
import { expectedOf, textsOf } from "../../contract/rows/row_problems.ts";
import { openContracts } from "../../event/rows.ts";
import { briefOfRow } from "../../event/stored.ts";
import { missionAround, missionNamed } from "../../follow/mission.ts";
import { type Call, type Command, EMIT_OPTIONS } from "../command.ts";
import { printable, problemText } from "../output.ts";
import { atNoCost, emitDraft } from "./emit.ts";

/** Attributes, each with the option that gives it. */
const ATTRIBUTE_OPTIONS = {
  subject: {
    kind: "text",
    value: "TEXT",
    help: "what it is about, such as a work package",
  },
  mission: {
    kind: "text",
    value: "SLUG",
    help: "its mission (default: the one around the working directory)",
  },
  "mission-id": {
    kind: "text",
    value: "ULID",
    help: "its mission's id, where that has no meta.json here",
  },
  "execution-mode": {
    kind: "text",
    value: "MODE",
    help: "how the work is carried out, such as worktree",
  },
  attribute: {
    kind: "list",
    value: "NAME=VALUE",
    help: "any attribute of the row; may be given again",
  },
  data: {
    kind: "text",
    value: "JSON|@FILE",
    help: "the data, or the rest of it",
  },
  time: {
    kind: "text",
    value: "TIME",
    help: "when it happened, RFC 3339 (default now)",
  },
  id: {
    kind: "text",
    value: "ULID",
    help: "id of the event; the same again makes a retry safe",
  },
} as const satisfies Record<string, Option>;

/** Who did it: an attribute, unless the data of the type say it. */
const ACTOR = { kind: "text", value: "NAME", help: "who did it" } as const;

/**
 * The command that records rows of a type.
 *
 * @throws {KittyError} where no contract has it
 */
export async function rowCommand(
  word: string,
  home?: string,
): Promise<Command> {
  const contracts = await openContracts(home, word);
  const known = contracts.typeOf(word);
  if (!known) {
    const meant = contracts.nearest(word);
    throw usageError(
      `unknown event type "${printable(word, 40)}"`,
      meant
        ? `did you mean: kitty-events emit ${meant}?`
        : "list the types with: kitty-events contract show producer",
    );
  }
  const { type } = known;
  return {
    name: `emit ${type.name}`,
    summary: type.description,
    // Words of the help are made when it is shown: an emit has no time for them.
    get details() {
      return [
        "An option for each plain member of its data; all others go into --data.",
        ...membersBeyondOptions(type),
      ];
    },
    get examples() {
      return [exampleOf(type)];
    },
    positionals: [],
    options: {
      ...dataOptions(type),
      ...ATTRIBUTE_OPTIONS,
      ...EMIT_OPTIONS,
    },
    run: (call) => atNoCost(call, () => emitRow(call, known)),
  };
}

/** A plain member of the data, by its option. */
interface Member {
  readonly name: string;
  readonly option: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** Members that have an option of their own: texts, numbers, yes and no. */
function membersOf({ data }: RowType): Member[] {
  const required = new Set(data.required);
  return Object.entries(data.properties ?? {})
    .filter(([, schema]) => isPlain(schema))
    .map(([name, schema]) => ({
      name,
      option: name.replaceAll("_", "-"),
      schema,
      isRequired: required.has(name),
    }))
    .filter(({ option }) => !Object.hasOwn(ATTRIBUTE_OPTIONS, option));
}

function isPlain({ anyOf, type, properties, enum: values }: Schema): boolean {
  if (anyOf) return anyOf.every(isPlain);
  const types = [type ?? []].flat();
  return !properties && (values !== undefined || types.length > 0) &&
    types.every((name) => name !== "object" && name !== "array");
}

function dataOptions(type: RowType): Record<string, Option> {
  const members = membersOf(type).map((member): [string, Option] => [
    member.option,
    {
      kind: "text",
      get value() {
        return valueName(member.schema);
      },
      get help() {
        return helpOf(member);
      },
    },
  ]);
  return { actor: ACTOR, ...Object.fromEntries(members) };
}

function helpOf({ schema, isRequired }: Member): string {
  const choices = textsOf(schema);
  const allowed = choices.length > 0
    ? `one of ${choices.join(", ")}`
    : expectedOf(schema);
  return isRequired ? allowed : `${allowed} (may be left out)`;
}

function valueName(schema: Schema): string {
  if (textsOf(schema).length > 0) return "WORD";
  const types = [schema, ...schema.anyOf ?? []]
    .flatMap(({ type }) => type ?? []);
  if (types.includes("boolean")) return "true|false";
  return types.includes("integer") || types.includes("number") ? "N" : "TEXT";
}

/** What the help says of members that have no option. */
function membersBeyondOptions(type: RowType): string[] {
  const plain = new Set(membersOf(type).map(({ name }) => name));
  const rest = Object.keys(type.data.properties ?? {})
    .filter((name) => !plain.has(name));
  return rest.length > 0 ? [`In --data: ${rest.join(", ")}.`] : [];
}

/** What examples say where it is allowed: no one goes from a lane to itself. */
const USUAL: Readonly<Record<string, string>> = {
  from_lane: "planned",
  to_lane: "claimed",
};

/** A command line that is near to one that works. */
function exampleOf(type: RowType): string {
  const given = membersOf(type).filter(({ isRequired }) => isRequired)
    .map(({ name, option, schema }) => {
      const texts = textsOf(schema);
      const usual = USUAL[name] ?? "";
      const [first = valueName(schema) === "N" ? "1" : "TEXT"] = texts;
      return `--${option} ${texts.includes(usual) ? usual : first}`;
    });
  const subject = type.subject === "wp_id" && !type.data.properties?.wp_id
    ? ["--subject WP01"]
    : [];
  const mode = type.requiredAttributes.includes("executionmode")
    ? ["--execution-mode worktree"]
    : [];
  return [`emit ${type.name}`, ...subject, ...mode, ...given].join(" ");
}

async function emitRow(call: Call, known: KnownType): Promise<number> {
  const { type } = known.type;
  const { draft, trouble } = await draftOf(call, known.type);
  return await emitDraft(call, {
    draft: { type, ...draft },
    eventType: type,
    brief: () => briefOfRow(draft),
    trouble,
  });
}

/** The draft that a command line tells. */
async function draftOf(
  call: Call,
  type: RowType,
): Promise<{ draft: JsonObject; trouble?: Error }> {
  const { args } = call;
  const { data: base, trouble } = await givenData(call);
  const mission = await missionOf(call);
  const data: JsonObject = { ...base };
  for (const { name, option, schema } of membersOf(type)) {
    const text = args.text(option);
    if (text !== undefined) data[name] = valueOf(text, schema);
  }
  const { properties = {} } = type.data;
  const isMember = (name: string) => Object.hasOwn(properties, name);
  const subject = args.text("subject");
  const also = {
    mission_slug: mission.slug,
    mission_id: mission.id,
    wp_id: type.subject === "wp_id" ? subject : undefined,
  };
  for (const [name, value] of Object.entries(also)) {
    if (value !== undefined && isMember(name)) data[name] ??= value;
  }
  const draft: JsonObject = {
    subject,
    missionid: mission.id,
    missionslug: mission.slug,
    actor: isMember("actor") ? undefined : args.text("actor"),
    executionmode: args.text("execution-mode"),
    time: args.text("time"),
    id: args.text("id"),
    ...attributesOf(args),
    data,
  };
  return { draft, ...trouble && { trouble } };
}

/** Attributes given by their names. @throws {KittyError} where one has no `=` */
function attributesOf(args: Args): JsonObject {
  return Object.fromEntries(
    args.list("attribute").map((given) => {
      const at = given.indexOf("=");
      if (at < 1) throw usageError("--attribute takes NAME=VALUE");
      return [given.slice(0, at), given.slice(at + 1)];
    }),
  );
}

/** The data that `--data` gives. */
async function givenData(
  { args, world }: Call,
): Promise<{ data: JsonObject; trouble?: Error }> {
  const given = args.text("data");
  if (given === undefined) return { data: {} };
  let bytes: Uint8Array = new TextEncoder().encode(given);
  if (given.startsWith("@")) {
    try {
      bytes = await Deadline.in(world.elapsedMs, TIMEOUT_MS_DEFAULT)
        .race(readBounded(given.slice(1)), "read it");
    } catch (error) {
      const trouble = new Error(
        `cannot read ${given.slice(1)}: ${reasonOf(error)}`,
      );
      return { data: {}, trouble };
    }
  }
  const { value, problems: [first] = [] } = parseDocument(bytes);
  if (value && !first) return { data: value };
  throw usageError(
    "--data takes a JSON object, or @FILE with one",
    value && first && problemText(first),
  );
}

/** A file, or what comes out of a pipe: no more than an event may hold. */
async function readBounded(path: string): Promise<Uint8Array> {
  const { isFile, size } = await Deno.stat(path);
  if (isFile && size > EVENT_BYTES_MAX) {
    throw new Error(`it has ${size} bytes, and an event ${EVENT_BYTES_MAX}`);
  }
  return await Deno.readFile(path);
}

/** A text as what the schema allows; what is none of it is for the contract to judge. */
function valueOf(text: string, schema: Schema): unknown {
  const types = [schema, ...schema.anyOf ?? []]
    .flatMap(({ type }) => type ?? []);
  if (textsOf(schema).includes(text)) return text;
  if (text === "null" && types.includes("null")) return null;
  if (types.includes("boolean") && /^(true|false)$/.test(text)) {
    return text === "true";
  }
  const isNumber = types.includes("integer") || types.includes("number");
  return isNumber && /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** The mission that a call is about. */
async function missionOf(
  { args, world, out }: Call,
): Promise<{ id?: string | undefined; slug?: string | undefined }> {
  const id = args.text("mission-id"), slug = args.text("mission");
  const cwd = world.cwd() ?? ".";
  if (slug === undefined && id !== undefined) return { id };
  const found = slug === undefined
    ? await missionAround(cwd)
    : await missionNamed(slug, cwd);
  if (found.trouble !== undefined) await out.warn(found.trouble);
  const { missionId, missionSlug } = found.place ?? {};
  return { id: id ?? missionId, slug: missionSlug ?? slug };
}
