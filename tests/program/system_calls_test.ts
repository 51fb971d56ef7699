/** What one `emit` asks of the system, as strace sees it. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { commandNeed, needing } from "../support/needs.ts";
import type { User } from "../support/user.ts";
import { builtScript, programUser, RUNTIME_BASE } from "./built.ts";

const NEEDS = [
  RUNTIME_BASE,
  // Where tracing is forbidden it starts, and fails.
  await commandNeed("strace", ["--output=/dev/null", "true"]),
];

/** System calls of a command, in the order in which they ended. */
async function callsOf(
  user: User,
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { code, stderr } = await user.run(
    `
    mkdir -p work/deep
    cd work/deep
    strace -f -y -s 200 -o "$HOME/trace" -e trace=open,openat,openat2,fsync,fdatasync,write,writev,pwrite64 ${script}`,
    env,
  );
  strictEqual(code, 0, stderr);
  const trace = await Deno.readTextFile(`${user.path}/trace`);
  const begun = new Map<string, string>();
  const calls: string[] = [];
  for (const line of trace.trim().split("\n")) {
    const [, thread, text] = line.match(/^(\d+) +(.*)$/)!;
    // A write counts from its begin, a sync from its end.
    const start = text!.match(/^(.*) <unfinished \.\.\.>$/)?.[1];
    const end = text!.match(/^<\.\.\. \w+ resumed>(.*)$/)?.[1];
    if (start !== undefined && start.startsWith("write")) calls.push(start);
    else if (start !== undefined) begun.set(thread!, start);
    else if (end === undefined) calls.push(text!);
    else if (begun.has(thread!)) {
      calls.push(begun.get(thread!)! + end);
      begun.delete(thread!);
    }
  }
  return calls;
}

/** Files that were opened, whether or not they were there. */
function openedFiles(calls: readonly string[]): Set<string> {
  const names = calls.filter((call) => call.startsWith("open"))
    .map((call) => call.match(/"([^"]*)"/)![1]!);
  return new Set(names);
}

Deno.test(needing(
  NEEDS,
  "emit: fsync of the queue's log -> before the receipt is written",
  async () => {
    await using user = await programUser();
    await user.run("kitty-events emit history-added WP01 note first");
    const calls = await callsOf(
      user,
      "kitty-events emit history-added WP01 note second",
    );
    const log = String.raw`\(\d+<[^>]*/events\.kv-wal>`;
    const last = (pattern: string) =>
      calls.findLastIndex((call) => new RegExp(pattern).test(call));
    const moments = [
      last(`^pwrite64${log}`),
      last(`^f(data)?sync${log}\\) += 0$`),
      calls.findIndex((call) => /^writev?\(1</.test(call)),
    ];
    ok(!moments.includes(-1), `${moments}`);
    deepStrictEqual(moments, moments.toSorted((a, b) => a - b));
    const { stdout } = await user.run("kitty-events queue stats --json");
    strictEqual(JSON.parse(stdout).queued, 2);
  },
));

/** What the runtime opens at its own times, so not in each of two runs. */
const OF_THE_RUNTIME: readonly [RegExp, string][] = [
  [/^\/sys\/devices\/system\/cpu\//, "V8's threads ask for the processors"],
  [/^\/sys\/fs\/cgroup\//, "the memory and time that a container grants"],
  [/^\/proc\/(self|meminfo|stat)/, "the same, and the process's own memory"],
  [/^\/dev\/urandom$/, "random numbers, for SQLite too"],
];

/** What a user without a user variable costs. */
const PASSWD = "/etc/passwd";

Deno.test(needing(
  NEEDS,
  "emit: files that it opens -> home, the way up to a project, without a user variable the user's entry; no other",
  async () => {
    await using user = await programUser();
    const empty = await builtScript("empty", "");
    const floor = openedFiles(await callsOf(user, empty));
    ok(floor.size > 0);
    const ancestors = ["work/deep", "work", "."]
      .map((name) => `${user.path}/${name}`.replace(/\/\.$/, ""));
    for (let at = user.path; at !== "";) {
      at = at.slice(0, at.lastIndexOf("/"));
      ancestors.push(at);
    }
    const isExpected = (name: string) =>
      floor.has(name) ||
      // The program reads what is embedded in itself.
      name.endsWith("/kitty-events") ||
      name === user.home || name.startsWith(`${user.home}/`) ||
      ancestors.some((folder) =>
        [`${folder}/.kittify/config.yaml`, `${folder}/.git`].includes(name)
      ) ||
      OF_THE_RUNTIME.some(([pattern]) => pattern.test(name));

    const emit = "kitty-events emit history-added WP01 note x";
    const users: readonly [Record<string, string>, string[]][] = [
      [{ USER: "ada" }, []],
      [{}, [PASSWD]],
    ];
    for (const [env, others] of users) {
      const names = openedFiles(await callsOf(user, emit, env));
      ok(names.has(`${user.home}/events.kv`));
      deepStrictEqual([...names].filter((name) => !isExpected(name)), others);
    }
  },
));
