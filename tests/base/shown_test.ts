// deno-lint-ignore-file no-control-regex
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { printable } from "../../lib/cli/output.ts";
import {
  harmless,
  oneLine,
  oneLineBytes,
  visible,
} from "../../lib/base/shown.ts";
import { ADA, localCollector } from "../support/collector.ts";
import { TestAgent } from "../support/agent.ts";
import { tempHome } from "../support/home.ts";
import { commandNeed, needing, outputOf } from "../support/needs.ts";
import { runHere } from "../support/in_process.ts";
import { runProgram } from "../support/program.ts";
import { onTerminal, PTY } from "../support/pty.ts";

/** What Python's `splitlines` cuts at and JSON lets stand. */
const LINE_ENDS = "\u0085\u2028\u2029";

/** Each of a kind: C0, C1, delete, soft hyphen, direction, no width, annotation, tag, byte order mark. */
const STEERING = [
  ..."\u0007\u009b\u007f\u00ad\u061c\u200b\u200d\u202e\u2066\u2069\ufffa\ufeff",
  "\u{e0041}",
];

Deno.test("oneLine, oneLineBytes: JSON with what ends lines -> the same document, one line", () => {
  for (const text of ["plain", `a${LINE_ENDS}b`, "ü\u0084\u2027é", "â€¨"]) {
    const json = JSON.stringify({ text });
    const line = oneLine(json);
    deepStrictEqual(JSON.parse(line), { text });
    ok(!/[\u0085\u2028\u2029]/.test(line));
    const bytes = oneLineBytes(new TextEncoder().encode(json));
    strictEqual(new TextDecoder().decode(bytes), line);
  }
});

Deno.test("visible: steering characters -> written out; colours, tabs and line breaks stay", () => {
  for (const char of STEERING) {
    const shown = visible(`a${char}b`);
    ok(/^a(\\u[0-9a-f]{4})+b$/.test(shown), shown);
    strictEqual(JSON.parse(`"${shown}"`), `a${char}b`);
    strictEqual(harmless(`a${char}b`), "a?b");
  }
  for (const text of ["a\tb\n", "\u001b[33mx\u001b[0m", "Größe 中文 👍"]) {
    strictEqual(visible(text), text);
  }
  strictEqual(harmless("a\u001b[31mb\tc\nd"), "a?[31mb?c\nd");
});

Deno.test("printable: cut in the middle of a pair -> no half of it is left", () => {
  strictEqual(printable("ab👍cd", 4), "ab…");
  strictEqual(printable("ab👍cd", 6), "ab👍cd");
  strictEqual(printable("ab👍cde", 6), "ab👍c…");
});

/** Records an event whose text has all of that in it, and a dead letter with such words. */
async function troubled(home: string): Promise<Record<string, string>> {
  const env = { SPEC_KITTY_HOME: home };
  const text = `x${STEERING.join("")}${LINE_ENDS}y`;
  const draft = {
    event_type: "HistoryAdded",
    payload: { wp_id: "WP01", entry_type: "note", entry_content: text },
    team_slug: `acme${STEERING.join("")}`,
  };
  const { stderr } = await runProgram(["emit", "--stdin"], env, {
    stdin: JSON.stringify(draft),
  });
  strictEqual(stderr.includes("1 queued"), true, stderr);
  return env;
}

Deno.test(needing(
  [PTY],
  "every command that shows text from outside, on a terminal -> nothing that steers it; JSON stays JSON",
  async () => {
    await using home = await tempHome();
    const env = await troubled(home.path);
    const commands = [
      "queue list",
      "queue list --json",
      "queue stats",
      "queue stats --json",
      "queue export",
      `queue show "$(kitty-events queue export | cut -d'"' -f6)"`,
      "sync status",
      "sync status --json",
      "queue show $'\\u202e'",
      "emit history-added WP01 note $'a\\u202eb\\u009bc'",
      "emit wp-created WP01 t --feature $'\\u202e\\u200b'",
      "help $'\\u202e'",
      "emit --$'\\u202e'",
      "doctor",
    ];
    // One after the other on the same terminal, with a line between them.
    const END = "-- end --";
    const lines = commands.map((command) =>
      `bash -c "kitty-events ${
        command.replaceAll('"', '\\"').replaceAll("$(", "\\$(")
      }"; echo "${END}"`
    );
    const { shown } = await onTerminal(lines.join("\n"), env);
    const all = shown.split(`${END}\r\n`);
    strictEqual(all.length, commands.length + 1);
    for (const [i, command] of commands.entries()) {
      const plain = all[i]!.replace(/\u001b\[[0-9;]*m/g, "");
      const found = plain.match(
        /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u,
      );
      strictEqual(found, null, `${command}: ${JSON.stringify(plain)}`);
      ok(plain.length > 0, command);
      if (command.endsWith("--json") || command === "queue export") {
        for (const document of plain.trim().split("\r\n")) {
          if (document.startsWith("{")) JSON.parse(document);
        }
      }
    }
  },
));

const PYTHON = await commandNeed("python3");

/** Documents of an output, as Python cuts it into lines. */
async function splitByPython(text: string): Promise<unknown[]> {
  await using folder = await tempHome();
  await Deno.mkdir(folder.path);
  await Deno.writeTextFile(`${folder.path}/output`, text);
  const lines: string[] = JSON.parse(
    await outputOf("python3", [
      "-c",
      "import json, sys; print(json.dumps(open(sys.argv[1], encoding='utf-8', newline='').read().splitlines()))",
      `${folder.path}/output`,
    ]),
  );
  return lines.map((line) => JSON.parse(line));
}

Deno.test(needing(
  [PYTHON],
  "NDJSON of commands, agent and collector: texts with what ends lines -> Python's splitlines finds whole documents",
  async () => {
    await using home = await tempHome();
    const env = await troubled(home.path);
    const bad = JSON.stringify({
      event_type: "HistoryAdded",
      payload: {},
      [`a${LINE_ENDS}`]: 1,
    });
    const outputs = {
      export: (await runHere(["queue", "export"], env)).stdout,
      list: (await runHere(["queue", "list", "--json"], env)).stdout,
      stats: (await runHere(["queue", "stats", "--json"], env)).stdout,
      receipts: (await runProgram(["emit", "--stdin", "--json"], env, {
        stdin: bad,
      })).stdout,
      validate: (await runProgram(["validate", "--draft", "--json", "-"], env, {
        stdin: bad,
      })).stdout,
      error: (await runProgram(
        ["queue", "show", `x${LINE_ENDS}`, "--json"],
        env,
      )).stdout,
    };
    for (const [name, text] of Object.entries(outputs)) {
      strictEqual((await splitByPython(text)).length, 1, `${name}: ${text}`);
    }
    await using collector = await localCollector();
    const { access } = await collector.client.logIn(ADA);
    const event = JSON.parse(outputs.export);
    await collector.client.send(access, [{ ...event, team_slug: ADA.team }]);
    const { text } = await collector.client.ask("/api/v1/events/export", {
      token: access,
    });
    const [exported] = await splitByPython(text) as [typeof event];
    deepStrictEqual(exported.payload, event.payload);
    await using agent = await TestAgent.start(home.path);
    const answer = await outputOf("curl", [
      ...[
        "--silent",
        "--unix-socket",
        agent.listening,
        "http://agent/v1/events",
      ],
      ...["-H", "content-type: application/x-ndjson", "--data-binary", bad],
    ]);
    strictEqual((await splitByPython(answer)).length, 1, answer);
  },
));
