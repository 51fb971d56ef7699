/** What the README says in its console, its tables and its library example. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ERROR_EXITS } from "../../lib/base/errors.ts";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import { EMIT_COMMANDS } from "../../lib/event/types/types.ts";
import { COMMON_OPTIONS } from "../../lib/cli/command.ts";
import { tempFolder } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf } from "../support/program.ts";
import { MANUAL, PAGES, README } from "../support/readme.ts";
import { inShell, newUser } from "../support/user.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Runs shell text for a new user who has `kitty-events` on the path. */
async function shell(script: string) {
  await using user = await newUser();
  return await user.run(script);
}

/** The text with ids and clock values left out. */
function shapeOf(text: string): string {
  return text.replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, "ID")
    .replace(/clock \d+/g, "clock N");
}

/** Cells of a table's rows, by the first cell of its head. */
function table(head: string): string[][] {
  const lines = MANUAL.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  ok(start >= 0, head);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test(
  inShell(
    "README: the console at its top -> runs, and says what it shows",
    async () => {
      // The first follows a project of the reader, and does not end by itself.
      const [first, second] = [
        ...README.matchAll(/```console\n([\s\S]*?)```/g),
      ];
      ok(first![1]!.includes("kitty-events follow\nfollowing /"));
      const block = second![1];
      const [command, ...shown] = block!.trimEnd().split("\n");
      ok(command!.startsWith("$ kitty-events "));
      const { code, stdout, stderr } = await shell(command!.slice(2));
      strictEqual(code, 0, stderr);
      strictEqual(shapeOf(stdout + stderr), shapeOf(shown.join("\n")) + "\n");
    },
  ),
);

Deno.test(
  inShell(
    "README: the spool's shell lines -> a queued event with its text, the file gone",
    async () => {
      const block = [...MANUAL.matchAll(/```sh\n([\s\S]*?)```/g)]
        .map(([, text]) => text!).find((text) => text.includes("spool="))!;
      const { code, stdout, stderr } = await shell(
        `${block}\nkitty-events queue export; ls -A .spec-kitty/spool`,
      );
      strictEqual(code, 0, stderr);
      const [event, ...more] = documentsOf(stdout);
      deepStrictEqual([event.event_type, more], ["HistoryAdded", []]);
      strictEqual(event.payload.entry_content, "hello");
    },
  ),
);

/** The anchor of a heading, as the usual renderers make it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9 -]/g, "").replaceAll(" ", "-");
}

Deno.test("README, docs: each link within the repository -> leads to a file, and to a heading in it", async () => {
  const pages = new Map([["README.md", README], ...PAGES]);
  ok(PAGES.size >= 11, [...PAGES.keys()].join());
  let count = 0;
  for (const [path, text] of pages) {
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file, anchor] = target!.split("#");
      const base = new URL(path, `file://${ROOT}`);
      const url = file ? new URL(file, base) : base;
      ok(
        await Deno.stat(url).then(() => true, () => false),
        `${path}: ${target}`,
      );
      count += 1;
      if (anchor === undefined) continue;
      const headings = (await Deno.readTextFile(url))
        .matchAll(/^#+ (.*)$/gm).map(([, heading]) => anchorOf(heading!));
      ok([...headings].includes(anchor), `${path}: ${target}`);
    }
  }
  ok(count > 30, `${count} links`);
});

Deno.test("docs: every page -> is in the README's table", async () => {
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(`${ROOT}docs`)) {
    if (isFile) found.push(`docs/${name}`);
  }
  deepStrictEqual(found.toSorted(), [...PAGES.keys()].toSorted());
});

Deno.test("docs: its table of errors -> each code of the program, with its exit code", () => {
  const told = table("error").map(([code, , exit]) => [
    code!.replaceAll("`", ""),
    Number(exit),
  ]);
  deepStrictEqual(Object.fromEntries(told), ERROR_EXITS);
});

Deno.test("help, README, docs: what a job has in place of a login -> a token, as in the commands and SPEC_KITTY_TOKEN; keys are those of TLS, and those that sign", async () => {
  const others = /tls-key|private key|signing[- ]keys?/g;
  for (const name of COMMANDS.keys()) {
    if (name.startsWith("collector signing-key")) continue;
    const { summary, details, options } = (await loadCommand(name))!;
    const text = JSON.stringify({ summary, details, options });
    const [, words] = text.replaceAll(others, "")
      .match(/([^"]*\bkeys?\b[^"]*)/i) ?? [];
    strictEqual(words, undefined, name);
  }
  const old =
    /\b(?:users|people),?(?: and)? keys\b|\bkeys? (?:for|of) jobs?\b|\bjobs? (?:has|have) (?:a )?keys?\b|'s key\b(?! pair)|\[a key\]/i;
  for (const [page, text] of new Map([["README.md", README], ...PAGES])) {
    strictEqual(text.match(old)?.[0], undefined, page);
  }
});

Deno.test("README: its table of commands -> names each command, and no other", () => {
  const missing = new Set(
    [...COMMANDS.keys()].filter((name) => !/^emit /.test(name)),
  );
  const groups = [
    "queue dead",
    "queue",
    "clock",
    "sync",
    "auth",
    "agent",
    "collector user",
    "collector token",
    "collector signing-key",
    "collector quota",
    "collector sink",
    "collector",
    "contract",
    "",
  ];
  for (const [cell] of table("command")) {
    let group = "";
    for (const [, code] of cell!.matchAll(/`([^`]+)`/g)) {
      const words = code!.split(/[ [\]]+/)
        .filter((word) => /^(--version|[a-z]+(-[a-z]+)*)$/.test(word))
        .map((word) => word.replace("--version", "version"));
      const named = [words.join(" "), `${group} ${words.join(" ")}`.trim()]
        .find((name) => COMMANDS.has(name)) ??
        [words[0]!, `${group} ${words[0]!}`].find((name) => COMMANDS.has(name));
      ok(named, `${code} is no command`);
      missing.delete(named);
      group = groups.find((prefix) => named.startsWith(prefix))!;
    }
    if (cell!.startsWith("`clock [show]")) missing.delete("clock");
  }
  deepStrictEqual([...missing], []);
});

Deno.test("README: its shell lines -> show each event type once", () => {
  const lines = README.match(
    /There are \w+ event types[^]*?```sh\n([^]*?)```/,
  )![1]!;
  const words = [...lines.matchAll(/^kitty-events emit ([a-z-]+)/gm)]
    .map(([, word]) => word!);
  deepStrictEqual(words.sort(), EMIT_COMMANDS.map(({ word }) => word).sort());
});

Deno.test("README: flags of every emit -> are options of each event type", async () => {
  const [, list] = README.match(/Flags of every `emit`: ([\s\S]*?)\. Text/)!;
  const flags = [...list!.matchAll(/`--([a-z-]+)/g)].map(([, name]) => name!);
  ok(flags.length >= 9, flags.join());
  for (const name of COMMANDS.keys()) {
    if (!name.startsWith("emit ")) continue;
    const { options } = await loadCommand(name);
    for (const flag of flags) {
      ok(Object.hasOwn({ ...options, ...COMMON_OPTIONS }, flag), flag);
    }
  }
});

Deno.test("README: the library example -> runs, and stores what it says", async () => {
  await using folder = await tempFolder();
  const [, example] = README.match(/```ts\n([\s\S]*?)```/)!;
  const script = `${folder.path}/example.ts`;
  const lib = new URL("../../lib/mod.ts", import.meta.url).href;
  await Deno.writeTextFile(script, example!.replace("./lib/mod.ts", lib));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", "--quiet"],
      ...[`--config=${ROOT}deno.json`, script],
    ],
    env: { SPEC_KITTY_HOME: `${folder.path}/home` },
  }).output();
  const decoder = new TextDecoder();
  strictEqual(code, 0, decoder.decode(stderr));
  strictEqual(decoder.decode(stdout), "");
  const env = { SPEC_KITTY_HOME: `${folder.path}/home` };
  const [event, ...more] = documentsOf(
    (await runHere(["queue", "export"], env)).stdout,
  );
  deepStrictEqual(more, []);
  match(event.event_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  deepStrictEqual(
    [event.payload.wp_id, event.payload.new_status],
    ["WP01", "doing"],
  );
});
