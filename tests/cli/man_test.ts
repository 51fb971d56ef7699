/** The manual page, as the system's own programs read it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import { manualPage } from "../../lib/cli/manual.ts";
import { TOPICS } from "../../lib/cli/topics.ts";
import { inShell, newUser } from "../support/user.ts";
import { withProgram } from "../support/program.ts";
import { commandNeed } from "../support/needs.ts";

const GROFF = await commandNeed("groff");
const MAN = await commandNeed("man");

const SECTIONS = [
  ...["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "RECEIPTS"],
  ...["EXIT STATUS", "ENVIRONMENT", "NETWORK", "CONTAINERS", "FILES", "SPOOL"],
  ...["EXAMPLES", "SEE ALSO"],
];

/** Runs a reader over the page; its text without overstrikes, and its complaints. */
async function rendered(
  command: string,
): Promise<{ text: string; complaints: string }> {
  await using user = await newUser();
  await Deno.writeTextFile(`${user.path}/page.1`, await manualPage("1.2.3"));
  const { code, stdout, stderr } = await user.run(command, {
    LC_ALL: "C.UTF-8",
    MANWIDTH: "80",
  });
  strictEqual(code, 0, stderr);
  // deno-lint-ignore no-control-regex
  const text = stdout.replace(/\x1b\[[0-9;]*m|.\x08/g, "");
  return { text, complaints: stderr };
}

/** White space is the reader's, and so are the dashes that it may show as hyphens; long command lines go on. */
function plain(text: string): string {
  return text.replace(/[\u2010\u2212]/g, "-").replace(/ \\\n/g, " ")
    .replace(/\s+/g, " ");
}

Deno.test(inShell(
  "man: the page under groff with all warnings -> none, in 80 columns",
  async () => {
    const { text, complaints } = await rendered(
      "groff -man -Tutf8 -ww -rLL=80n page.1",
    );
    strictEqual(complaints, "");
    for (const line of text.split("\n")) ok(line.length <= 80, line);
  },
  GROFF,
));

Deno.test(inShell(
  "man: the page under man -> all sections, commands, options, topics and examples, uncut",
  async () => {
    const { text, complaints } = await rendered("man -l page.1 | cat");
    strictEqual(complaints, "");
    deepStrictEqual(
      text.split("\n").filter((line) => /^[A-Z][A-Z ]+$/.test(line)),
      SECTIONS,
    );
    const whole = plain(text);
    const shown = new Set(
      text.split("\n").map((line) => plain(line).trim()),
    );
    const has = (part: string) => ok(whole.includes(plain(part)), part);
    for (const name of COMMANDS.keys()) {
      if (name === "version") continue;
      const { summary, details = [], options, positionals, examples } =
        await loadCommand(name);
      has(summary);
      has(details.join("\n"));
      for (const line of details.filter((line) => line.startsWith(" "))) {
        ok(shown.has(plain(line).trim()), `continued elsewhere: ${line}`);
      }
      for (const [option, { help }] of Object.entries(options)) {
        has(`--${option}`);
        has(help);
      }
      for (const positional of positionals) has(positional.help);
      for (const example of examples) has(`kitty-events ${example}`);
    }
    for (const { rows } of TOPICS) {
      for (const [term, meaning] of rows) has(`${term} ${meaning}`);
    }
  },
  MAN,
));

Deno.test("man: the command -> the page on stdout; --json -> one document", () =>
  withProgram(async (run) => {
    const { code, stdout, stderr } = await run(["man"]);
    strictEqual(code, 0, stderr);
    match(stdout, /^\.TH KITTY\\-EVENTS 1 "" "kitty\\-events \d+\.\d+\.\d+"\n/);
    ok(stdout.endsWith("\n"));
    const asJson = await run(["man", "--json"]);
    deepStrictEqual(JSON.parse(asJson.stdout), { man: stdout });
  }));

Deno.test("manualPage: text that roff would obey -> shown as it is", async () => {
  const page = await manualPage("1.2.3");
  const requests = page.split("\n").filter((line) => /^[.']/.test(line))
    .map((line) => line.split(" ")[0]!);
  const known = [
    ...[".TH", ".nh", ".ad", ".SH", ".SS", ".B", ".BR", ".PP", ".TP", ".br"],
    ...[".nf", ".fi"],
  ];
  deepStrictEqual([...new Set(requests)].sort(), known.sort());
});
