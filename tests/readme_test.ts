/** What the README and the help show is run, so that it cannot rot. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { COMMANDS, loadCommand } from "../lib/cli/commands.ts";
import { inHome, tempFolder } from "./support/home.ts";
import { programScript } from "./support/program.ts";

const README = await Deno.readTextFile(
  new URL("../README.md", import.meta.url),
);

const hasShell = await new Deno.Command("bash", { args: ["-c", "true"] })
  .output().then(({ success }) => success, () => false);
const needsShell = hasShell ? "" : " (ignored: there is no bash)";

/** A user with an empty home, who has `kitty-events` on the path. */
async function newUser() {
  const folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/bin`);
  await Deno.writeTextFile(`${folder.path}/bin/kitty-events`, programScript(), {
    mode: 0o755,
  });
  const run = async (script: string) => {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euo", "pipefail", "-c", script],
      cwd: folder.path,
      env: {
        HOME: folder.path,
        PATH: `${folder.path}/bin:/usr/local/bin:/usr/bin:/bin`,
      },
      clearEnv: true,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  };
  return {
    path: folder.path,
    home: `${folder.path}/.spec-kitty`,
    run,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Shell blocks of the README that use the program. */
function shellBlocks(): string[] {
  return [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text]) => text!)
    .filter((text) => /kitty-events|spool/.test(text))
    .map((text) =>
      text.split("\n").filter((line) => !/^(npx|alias) /.test(line)).join("\n")
    );
}

Deno.test({
  name:
    `README: shell blocks -> run, in this order, for a new user${needsShell}`,
  ignore: !hasShell,
  fn: async () => {
    await using user = await newUser();
    const blocks = shellBlocks();
    ok(blocks.length >= 4, `${blocks.length} blocks`);
    for (const block of blocks) {
      const { code, stderr } = await user.run(block);
      strictEqual(code, 0, `${block}\n${stderr}`);
    }
    const { stdout } = await user.run("kitty-events queue stats --json");
    const stats = JSON.parse(stdout);
    // One of the tour, eight types, one of two in the stream, one dropped into the spool.
    deepStrictEqual([stats.queued, stats.spooled], [11, 0]);
    strictEqual(stats.totals.discarded, 1);
  },
});

Deno.test({
  name:
    `README: the receipts that it shows -> are what the stream gives${needsShell}`,
  ignore: !hasShell,
  fn: async () => {
    await using user = await newUser();
    const stream = shellBlocks().find((text) => text.includes("--stdin"))!;
    const shown = README.match(/```json\n([\s\S]*?)```/)![1]!.trim().split(
      "\n",
    );
    const { stdout } = await user.run(stream);
    const given = stdout.trim().split("\n");
    for (const [i, line] of shown.entries()) {
      const [mine, theirs] = [JSON.parse(given[i]!), JSON.parse(line)];
      for (const field of ["event_id", "lamport_clock"]) {
        if (theirs[field] !== null) mine[field] = theirs[field];
      }
      deepStrictEqual(mine, theirs);
    }
  },
});

Deno.test({
  name: `help: examples of every command -> run${needsShell}`,
  ignore: !hasShell,
  fn: async () => {
    for (const name of COMMANDS.keys()) {
      const { examples } = await loadCommand(name);
      ok(examples.length > 0, name);
      for (const example of examples) await runExample(name, example);
    }
  },
});

/** Runs an example in a home that has what it speaks of. */
async function runExample(name: string, example: string): Promise<void> {
  await using user = await newUser();
  const emitted = await user.run(
    "for n in 1 2; do kitty-events emit history-added WP01 note $n; done",
  );
  const [queued, dead] = emitted.stdout.trim().split("\n");
  await inHome(
    user.home,
    ({ queue }) => queue.deadLetter([dead!], { reason: "refused", nowMs: 0 }),
  );
  await user.run("kitty-events queue export > events.ndjson");
  await Deno.writeTextFile(
    `${user.path}/drafts.ndjson`,
    '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}\n',
  );
  const damaged = example.match(/damaged-\S+/)?.[0];
  if (damaged) {
    await Deno.mkdir(`${user.home}/${damaged}`);
    for (const end of ["", "-wal"]) {
      await Deno.copyFile(
        `${user.home}/events.kv${end}`,
        `${user.home}/${damaged}/events.kv${end}`,
      );
    }
  }
  const id = name.startsWith("queue dead") ? dead! : queued!;
  const line = example.replace("01KHEXAMPXE0000000000000AA", id);
  const { code, stderr } = await user.run(`kitty-events ${line}`);
  strictEqual(code, 0, `${line}\n${stderr}`);
}
