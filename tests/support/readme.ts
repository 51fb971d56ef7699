/** The shell blocks of README and docs, made fit for running, and what they have to show. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { EMIT_COMMANDS } from "../../lib/event/types/types.ts";
import { outputOf } from "./needs.ts";
import type { User } from "./user.ts";

const ROOT = new URL("../../", import.meta.url);

export const README = await Deno.readTextFile(new URL("README.md", ROOT));

/** Its pages of reference, in the order in which it names them. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  await Promise.all(
    [...README.matchAll(/^\| \[[^\]]*\]\((docs\/[a-z]+\.md)\)/gm)]
      .map(async ([, path]) =>
        [path!, await Deno.readTextFile(new URL(path!, ROOT))] as const
      ),
  ),
);

/** All of it as one text. */
export const MANUAL = [README, ...PAGES.values()].join("\n");

/** Shell blocks that use the program: those that need a server or an agent, and the others. */
export function shellBlocks(): { offline: string[]; online: string[] } {
  const blocks = [...MANUAL.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text]) => text!)
    .filter((text) => /kitty-events|spool|agent\.sock|\/api\/v1/.test(text))
    .map((text) =>
      text.split("\n").filter((line) => !/^npx /.test(line)).join("\n")
    );
  const needsServer = (text: string) => /collector|auth|agent|sync/.test(text);
  return {
    offline: blocks.filter((text) => !needsServer(text)),
    online: blocks.filter(needsServer),
  };
}

/** Time enough on a busy machine, where an event is else kept in the spool. */
const AT_LEISURE = { SPEC_KITTY_TIMEOUT: "30s" };

/** Runs the blocks that need nothing, in their order; checks what is recorded then. */
export async function checkOffline(user: User): Promise<void> {
  await outputOf("cp", ["-r", `${ROOT.pathname}examples`, user.path]);
  const { offline } = shellBlocks();
  ok(offline.length >= 4, `${offline.length} blocks`);
  for (const block of offline) {
    const { code, stderr } = await user.run(block, AT_LEISURE);
    strictEqual(code, 0, `${block}\n${stderr}`);
  }
  const { stdout } = await user.run("kitty-events queue stats --json");
  const { queued, spooled, totals } = JSON.parse(stdout);
  // Each type, one of two in the stream, one dropped into the spool; a project's log, and two rows.
  const recorded = EMIT_COMMANDS.length + 1 + 1 + 7 + 2;
  deepStrictEqual([queued, spooled, totals.discarded], [recorded, 0, 1]);
}

/** Runs the blocks of server, login and agent; checks that everything arrives. */
export async function checkOnline(user: User): Promise<void> {
  await outputOf("cp", ["-r", `${ROOT.pathname}examples`, user.path]);
  const { offline, online } = shellBlocks();
  ok(online.length >= 5, `${online.length} blocks`);
  const followed = offline.filter((text) => text.includes("$PWD/bin"));
  strictEqual(followed.length, 1);
  const { code, stdout, stderr } = await user.run(
    onlineScript([...followed, ...online]),
    AT_LEISURE,
  );
  strictEqual(code, 0, stderr);
  match(stdout, /connection +Connected/);
  match(stderr, /\[Connected\] delivered WPStatusChanged/);
  match(stdout, /"status":"(queued|delivered)"/);
  // What the server has of the project that was followed.
  strictEqual(stdout.match(/^\{.*"ai\.spec-kitty\./gm)?.length, 7);
}

/**
 * The blocks that need a server as one script. The README's port may be taken
 * here; and what it runs in terminals of their own runs beside.
 */
function onlineScript(blocks: readonly string[]): string {
  const script = blocks.join("\n")
    .replace("collector run", "collector run --listen 127.0.0.1:0")
    .replace(/^kitty-events (collector|agent) run.*$/gm, aside)
    .replaceAll("http://127.0.0.1:8787", "$(cat collector.url)");
  // They still write into the user's home until they have ended.
  return `trap 'kill $(jobs -p) || :; wait' EXIT\n${script}`;
}

/** Runs a command beside the script, which goes on once the command listens. */
function aside(line: string, name: string): string {
  const untilConnected = name === "agent"
    ? `until grep -q Connected .spec-kitty/agent.json; do sleep 0.05; done`
    : `sed 's/.*"\\(http[^"]*\\)".*/\\1/' collector.out > collector.url`;
  return `${line.replace(/ &$/, "")} > ${name}.out 2> ${name}.log &
until grep -q listening ${name}.out; do sleep 0.05; done
${untilConnected}`;
}
