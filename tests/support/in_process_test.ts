import { deepStrictEqual } from "node:assert/strict";
import { EXIT } from "../../lib/base/errors.ts";
import { withProgram } from "./program.ts";

const NOTE = "emit history-added WP01 note";
const DRAFT =
  '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"\u2028"}}\n';

/** Command lines of every kind, what they read, and how they end. */
const LINES:
  readonly (readonly [line: string, code: number, stdin?: string])[] = [
    [`${NOTE} --event-id 01KHEXAMPXE0000000000000AA`, EXIT.usage],
    [`${NOTE} text --event-id 01KHEXAMPXE0000000000000AA --json`, EXIT.ok],
    [`${NOTE} text`, EXIT.ok],
    ["emit --stdin", EXIT.ok, `${DRAFT}{}\n${DRAFT}`],
    ["emit --stdin --strict --quiet", EXIT.invalid, "{}"],
    ["queue list", EXIT.ok],
    ["queue export", EXIT.ok],
    ["queue stats --json", EXIT.ok],
    ["queue import --json", EXIT.invalid, `${DRAFT}\n[]`],
    ["queue show 01KHEXAMPXE0000000000000AB", EXIT.invalid],
    ["queue drop --all --json", EXIT.usage],
    ["validate --draft", EXIT.ok, DRAFT],
    ["queue check --json", EXIT.ok],
    ["schema wp-created", EXIT.ok],
    ["help queue", EXIT.ok],
    ["quue", EXIT.usage],
    ["queue", EXIT.usage],
  ];

/** What no two runs have in common: ids, times, sizes of files. */
function timeless(text: string): string {
  return text.replace(/\b01[0-9A-HJKMNP-TV-Z]{24}\b/g, "ID")
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, "TIME");
}

Deno.test("runHere: command lines of every kind -> code and words of a process", () =>
  withProgram((own, ownHome) =>
    withProgram(async (other, home) => {
      for (const [line, code, stdin = ""] of LINES) {
        const words = line.split(" ").filter(Boolean);
        const run = await own(words, { stdin });
        const here = await other.here(words, { stdin });
        const said = [run.stdout, run.stderr].map((text) =>
          timeless(text.replaceAll(ownHome, home))
        );
        deepStrictEqual(
          [here.code, timeless(here.stdout), timeless(here.stderr)],
          [code, ...said],
          line,
        );
      }
    })
  ));
