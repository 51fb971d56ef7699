/** Colours: where there are any, and that nothing else changes. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  accented,
  paint,
  receiptAccent,
  wantsColour,
} from "../../lib/cli/colour.ts";
import { tempHome } from "../support/home.ts";
import { runProgram } from "../support/program.ts";
import { onTerminal, PTY } from "../support/pty.ts";
import { needing } from "../support/needs.ts";

const ESCAPE = "\x1b[";
/** The text with its colours as `<32>` and `<0>`. */
function marked(text: string): string {
  return text.split(ESCAPE)
    .map((part, i) => i === 0 ? part : part.replace(/^(\d*)m/, "<$1>"))
    .join("");
}

Deno.test("wantsColour: a terminal, NO_COLOR, CLICOLOR_FORCE, TERM -> forbidden before forced before seen", () => {
  const wants = (env: Record<string, string>, isTerminal: boolean) =>
    wantsColour((name) => env[name], isTerminal);
  deepStrictEqual([wants({}, true), wants({}, false)], [true, false]);
  ok(!wants({ NO_COLOR: "1" }, true));
  ok(!wants({ NO_COLOR: "1", CLICOLOR_FORCE: "1" }, true));
  // An empty NO_COLOR says nothing.
  ok(wants({ NO_COLOR: "" }, true));
  ok(wants({ CLICOLOR_FORCE: "1" }, false));
  ok(!wants({ CLICOLOR_FORCE: "0" }, false));
  ok(wants({ CLICOLOR_FORCE: "0" }, true));
  ok(!wants({ TERM: "dumb" }, true));
});

Deno.test("accented: the word -> in its colour where it comes first, and nowhere else", () => {
  strictEqual(paint("x", "red"), "\x1b[31mx\x1b[0m");
  strictEqual(
    accented("[Offline] queued a queued $& b", {
      word: "queued",
      colour: "green",
    }),
    "[Offline] \x1b[32mqueued\x1b[0m a queued $& b",
  );
  strictEqual(accented("other", { word: "queued", colour: "green" }), "other");
});

Deno.test("receiptAccent: each word -> green on its way, yellow spooled, red not stored", () => {
  const colourOf = (status: Parameters<typeof receiptAccent>[0]) =>
    receiptAccent(status)?.colour;
  deepStrictEqual(
    ([
      "delivered",
      "queued",
      "spooled",
      "discarded",
      "refused",
      "lost",
    ] as const)
      .map(colourOf),
    ["green", "green", "yellow", "red", "red", "red"],
  );
  strictEqual(colourOf("disabled"), undefined);
});

const EMIT = ["emit", "history-added", "WP01", "note", "x"];

Deno.test("emit, doctor: into pipes -> no colour; with CLICOLOR_FORCE -> the same words in colour", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path, NO_COLOR: "" };
  const plain = await runProgram(EMIT, env);
  ok(!(plain.stdout + plain.stderr).includes(ESCAPE));
  const forced = { ...env, CLICOLOR_FORCE: "1" };
  const coloured = await runProgram(EMIT, forced);
  match(marked(coloured.stderr), /^\[Offline\] <32>queued<0> HistoryAdded/);
  // What programs read stays as it is.
  match(coloured.stdout, /^[0-9A-Z]{26}\n$/);
  const json = await runProgram([...EMIT, "--json"], forced);
  ok(!json.stdout.includes(ESCAPE));

  const refused = await runProgram(
    ["emit", "history-added", "WP01", "nite", "x"],
    forced,
  );
  match(
    marked(refused.stderr),
    /^<33>kitty-events:<0> HistoryAdded <31>discarded<0>: /,
  );

  const doctor = await runProgram(["doctor"], env);
  ok(!doctor.stdout.includes(ESCAPE));
  const inColour = await runProgram(["doctor"], forced);
  match(marked(inColour.stdout), /^<32>ok +<0>home/);
  const asJson = await runProgram(["doctor", "--json"], forced);
  ok(!asJson.stdout.includes(ESCAPE));
});

/** What a terminal shows of a shell line, in which `kitty-events` is the program. */
const shown = async (line: string, env: Record<string, string>) =>
  (await onTerminal(line, env)).shown;

Deno.test(needing(
  [PTY],
  "emit: on a terminal -> in colour; with NO_COLOR, or stderr elsewhere -> not",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    const line = "kitty-events emit history-added WP01 note x";
    match(marked(await shown(line, env)), /<32>queued<0>/);
    const none = await shown(line, { ...env, NO_COLOR: "1" });
    match(none, /\[Offline\] queued/);
    ok(!none.includes(ESCAPE));
    const dumb = await shown(line, { ...env, TERM: "dumb" });
    ok(!dumb.includes(ESCAPE));
    // Each stream for itself: here only stdout is a terminal.
    const split = await shown(`${line} 2>&1 >/dev/null | cat`, env);
    match(split, /queued/);
    ok(!split.includes(ESCAPE));
    const doctor = await shown("kitty-events doctor 2>/dev/null", env);
    match(marked(doctor), /<32>ok/);
  },
));

Deno.test(needing(
  [PTY],
  "tables: on a terminal of 80 columns -> no line is longer",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    const drafts = [
      ...["planned", "doing", "for_review"].map((status) => ({
        event_type: "WPStatusChanged",
        payload: {
          wp_id: "WP01",
          previous_status: status,
          new_status: "for_review",
        },
      })),
      ...["team-with-a-long-name", "another-team-with-a-long-name"].map(
        (team_slug) => ({
          event_type: "DependencyResolved",
          payload: {
            wp_id: "WP01",
            dependency_wp_id: "WP02",
            resolution_type: "completed",
          },
          team_slug,
        }),
      ),
    ].map((draft) => JSON.stringify(draft)).join("\n");
    await runProgram(["emit", "--stdin"], env, { stdin: drafts });
    for (
      const words of [
        "queue list",
        "queue stats",
        "queue dead list",
        "sync status",
        "auth status",
        "agent status",
        "doctor",
        "help",
      ]
    ) {
      const text = await shown(`kitty-events ${words}`, env);
      for (const line of marked(text).replace(/<\d*>/g, "").split("\r\n")) {
        // A path may be longer than any column.
        const isPath = line.trim().includes("/") && !line.trim().includes(" ");
        ok(isPath || line.length <= 80, `${words}: ${line}`);
      }
    }
  },
));
