/**
 * `schema` and `validate`: the contract, to read and to check against.
 *
 * @module
 */

import {
  EVENT_TYPES,
  loadContractSchema,
  tooLarge,
} from "../../contract/contract.ts";
import { readDraft, readEnvelope } from "../../contract/read.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near_miss.ts";
import type { Call, Command } from "../command.ts";
import { openInput } from "../input.ts";
import { type Line, LineReader } from "../../base/lines.ts";
import { printable, problemText } from "../output.ts";

export const contract: readonly Command[] = [
  {
    name: "schema",
    summary: "Print the contract as JSON Schema, whole or one type's payload.",
    examples: ["schema", "schema WPCreated"],
    positionals: [{
      name: "TYPE",
      optional: true,
      help: `one of ${EVENT_TYPES.join(", ")}`,
    }],
    options: {},
    async run({ args, out }) {
      const [word] = args.positionals;
      const schema = await loadContractSchema();
      const document = word === undefined ? schema : payloadOf(schema, word);
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
    summary: "Check events, one JSON document a line, against the contract.",
    details: ["Exit code 65 when any document breaks the contract."],
    examples: [
      "validate events.ndjson",
      "validate --draft --json < drafts.ndjson",
    ],
    positionals: [{
      name: "FILE",
      optional: true,
      help: "file to read; - or nothing: stdin",
    }],
    options: {
      draft: { kind: "flag", help: "the documents are drafts, not envelopes" },
    },
    run: validate,
  },
];

/** A payload's schema, on its own. */
function payloadOf(
  schema: Record<string, unknown>,
  word: string,
): Record<string, unknown> {
  const squeezed = word.replaceAll("-", "").toLowerCase();
  const type = EVENT_TYPES.find((name) => name.toLowerCase() === squeezed);
  if (!type) {
    const meant = nearMiss(word, EVENT_TYPES);
    throw usageError(
      `unknown event type "${printable(word, 40)}"`,
      meant ? `did you mean ${meant}?` : `one of: ${EVENT_TYPES.join(", ")}`,
    );
  }
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

async function validate(call: Call): Promise<number> {
  const { args, out } = call;
  const read = args.flag("draft") ? readDraft : readEnvelope;
  const check = ({ number, bytes }: Line) =>
    bytes ? read(bytes, { first: number === 1 }).problems : [tooLarge];
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
  problems: ReturnType<typeof readDraft>["problems"],
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
