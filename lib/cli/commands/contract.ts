/**
 * `schema` and `validate`: the contract, to read and to check against.
 *
 * @module
 */

import {
  EVENT_TYPES,
  loadContractSchema,
  type Problem,
  tooLarge,
} from "../../contract/contract.ts";
import { merged, readDraft, readEnvelope } from "../../contract/read.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import { parseDocument } from "../../base/json.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { homeFolder } from "../../emit/identity.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { Call, Command } from "../command.ts";
import { openInput } from "../input.ts";
import { type Line, LineReader } from "../../base/lines.ts";
import { printable, problemText } from "../output.ts";

const CONTRACT_OPTION = {
  kind: "text",
  value: "NAME",
  help: "the contract (default: the one that names the type)",
} as const;

export const contract: readonly Command[] = [
  {
    name: "schema",
    summary: "Print a contract as JSON Schema, whole or the data of one type.",
    details: ["TYPE may be a type of rows, too: see contract show producer."],
    examples: [
      "schema",
      "schema WPCreated",
      "schema lane.transitioned",
      "schema --contract producer",
      "schema --asyncapi",
    ],
    positionals: [{
      name: "TYPE",
      optional: true,
      help: `one of ${EVENT_TYPES.join(", ")}`,
    }],
    options: {
      contract: CONTRACT_OPTION,
      asyncapi: {
        kind: "flag",
        help: "the messages of collector and agent, in AsyncAPI 3.0",
      },
      openapi: {
        kind: "flag",
        help: "the paths of collector and agent, in OpenAPI 3.1",
      },
    },
    async run(call) {
      const { args, out } = call;
      const isDescription = args.flag("asyncapi") || args.flag("openapi");
      const document = isDescription
        ? await descriptionOf(call)
        : await schemaOf(call);
      await out.line(
        out.mode.json
          ? JSON.stringify(document)
          : JSON.stringify(document, null, 2),
      );
      return EXIT.ok;
    },
  },
  {
    name: "validate",
    summary: "Check events, one JSON document a line, against their contract.",
    details: ["Exit code 65 when any document breaks the contract."],
    examples: [
      "validate events.ndjson",
      "validate --contract producer rows.ndjson",
      "validate --draft --json < drafts.ndjson",
    ],
    positionals: [{
      name: "FILE",
      optional: true,
      help: "file to read; - or nothing: stdin",
    }],
    options: {
      draft: {
        kind: "flag",
        help: "the documents are drafts, not whole events",
      },
      contract: CONTRACT_OPTION,
    },
    run: validate,
  },
];

/** All contracts at once, in the description that is asked for. */
async function descriptionOf({ args, world }: Call): Promise<unknown> {
  const [word] = args.positionals;
  const flags = ["asyncapi", "openapi"].filter((name) => args.flag(name));
  const others = [
    ...flags.slice(1).map((name) => `--${name}`),
    ...word === undefined ? [] : [printable(word, 40)],
    ...args.text("contract") === undefined ? [] : ["--contract"],
  ];
  if (others.length > 0) {
    throw usageError(
      `--${flags[0]} does not go with ${others.join(" and ")}`,
      "a description holds all contracts",
    );
  }
  const { rowContracts } = await import("../contract_choice.ts");
  const home = await homeFolder(world, args.text("home"));
  const { contracts } = await rowContracts(undefined, home);
  if (args.flag("openapi")) {
    return await (await import("../../api/openapi.ts")).openApi(contracts);
  }
  return await (await import("../../api/asyncapi.ts")).asyncApi(contracts);
}

/** The schema that is asked for. */
async function schemaOf({ args, world }: Call): Promise<unknown> {
  const [word] = args.positionals;
  const name = args.text("contract");
  const squeezed = word?.replaceAll("-", "").toLowerCase();
  const isOurs = EVENT_TYPES.some((type) => type.toLowerCase() === squeezed);
  const isFirst = name === WORK_PACKAGES.name ||
    name === undefined && (word === undefined || isOurs);
  if (isFirst) {
    const schema = await loadContractSchema();
    return word === undefined ? schema : payloadOf(schema, word);
  }
  const { rowContracts } = await import("../contract_choice.ts");
  const home = await homeFolder(world, args.text("home"));
  const { contracts, chosen } = await rowContracts(name, home);
  if (word === undefined) return chosen!.envelope;
  const known = contracts.typeOf(word);
  if (known) return { title: known.type.type, ...known.type.data };
  throw unknownType(
    word,
    nearMiss(word, EVENT_TYPES) ?? contracts.nearest(word),
  );
}

function unknownType(word: string, meant: string | undefined) {
  return usageError(
    `unknown event type "${printable(word, 40)}"`,
    meant ? `did you mean ${meant}?` : `one of: ${EVENT_TYPES.join(", ")}`,
  );
}

/** A payload's schema, on its own. */
function payloadOf(
  schema: Record<string, unknown>,
  word: string,
): Record<string, unknown> {
  const squeezed = word.replaceAll("-", "").toLowerCase();
  const type = EVENT_TYPES.find((name) => name.toLowerCase() === squeezed);
  if (!type) throw unknownType(word, nearMiss(word, EVENT_TYPES));
  const { $schema, $defs } = schema as {
    $schema: string;
    $defs: Record<string, Record<string, unknown>>;
  };
  const wanted = $defs[type] ?? $defs[`${type}Payload`]!;
  return { $schema, title: type, ...wanted, $defs: reachable(wanted, $defs) };
}

/** The definitions that a schema refers to, directly or not. */
function reachable(
  from: unknown,
  definitions: Record<string, Record<string, unknown>>,
  found: Record<string, unknown> = {},
): Record<string, unknown> {
  for (const [, name] of JSON.stringify(from).matchAll(/"#\/\$defs\/(\w+)"/g)) {
    if (Object.hasOwn(found, name!)) continue;
    found[name!] = definitions[name!];
    reachable(definitions[name!], definitions, found);
  }
  return found;
}

/** What judges a line: its problems, or none. */
type Judge = (
  bytes: Uint8Array,
  options: { first: boolean },
) => readonly Problem[] | undefined;

/** The judge of the contract that is asked for, or of whichever names a line's type. */
async function judgeOf({ args, world }: Call): Promise<Judge> {
  const name = args.text("contract");
  const isDraft = args.flag("draft");
  const read = isDraft ? readDraft : readEnvelope;
  if (name === WORK_PACKAGES.name) {
    return (bytes, options) => read(bytes, options).problems;
  }
  const { judgeRow, rowContracts } = await import("../contract_choice.ts");
  const home = await homeFolder(world, args.text("home"));
  const { contracts, chosen } = await rowContracts(name, home);
  return (bytes, options) => {
    if (name === undefined) {
      const { problems, row } = read(bytes, options);
      if (!row) return problems;
    }
    const { value, problems = [] } = parseDocument(bytes, options);
    const all = value
      ? merged(judgeRow(contracts, chosen, value, isDraft), problems)
      : problems;
    return all.length > 0 ? all : undefined;
  };
}

async function validate(call: Call): Promise<number> {
  const { args, out } = call;
  const judge = await judgeOf(call);
  const check = ({ number, bytes }: Line) =>
    bytes ? judge(bytes, { first: number === 1 }) : [tooLarge];
  const source = await openInput(call, args.positionals[0]);
  let valid = 0, invalid = 0;
  try {
    const reader = new LineReader(source.read);
    for (let lines; (lines = await reader.next()) !== null;) {
      let text = "";
      for (const line of lines) {
        const problems = check(line);
        if (problems) invalid += 1;
        else valid += 1;
        text += tell(call, line.number, problems);
      }
      await call.terminal.write(text);
    }
  } finally {
    source.close();
  }
  await out.note(`${valid} valid, ${invalid} invalid`);
  return invalid > 0 ? EXIT.invalid : EXIT.ok;
}

function tell(
  { out }: Call,
  line: number,
  problems: readonly Problem[] | undefined,
): string {
  if (out.mode.json) {
    return JSON.stringify({
      line,
      valid: !problems,
      ...problems && { problems },
    }) + "\n";
  }
  return (problems ?? []).map((problem) =>
    `line ${line}: ${problemText(problem)}\n`
  ).join("");
}
