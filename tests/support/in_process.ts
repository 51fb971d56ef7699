/**
 * A command line run inside of the test's own process: for what a test needs
 * before and after what it tests, where a process for each would cost more
 * than the test. What is under test runs in its own (`program.ts`).
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { run } from "../../lib/cli/cli.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import { oneLine } from "../../lib/base/shown.ts";
import { machine, type World } from "../../lib/base/world.ts";
import type { RunResult } from "./program.ts";

/**
 * Runs a command line, with nothing in its environment but `env`.
 *
 * @param loadedMs how long the process is to have taken before it began
 * @param change what is to be otherwise on this machine
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: string | Uint8Array<ArrayBuffer> = "",
  loadedMs = 0,
  change: (world: World, terminal: Terminal) => void = () => {},
): Promise<RunResult> {
  let input = typeof stdin === "string"
    ? new TextEncoder().encode(stdin)
    : stdin;
  let stdout = "", stderr = "";
  const terminal: Terminal = {
    isInteractive: false,
    showsErrors: false,
    hasColours: false,
    hasErrorColours: false,
    lost: undefined,
    read(buffer) {
      if (input.length === 0) return Promise.resolve(null);
      const count = Math.min(input.length, buffer.length);
      buffer.set(input.subarray(0, count));
      input = input.subarray(count);
      return Promise.resolve(count);
    },
    readSecret: () => Promise.resolve(undefined),
    write(text) {
      stdout += oneLine(text);
      return Promise.resolve(true);
    },
    writeError(line) {
      stderr += `${line}\n`;
      return Promise.resolve();
    },
    writeErrorText(text) {
      stderr += text;
      return Promise.resolve();
    },
    hurry() {},
    finish: () => Promise.resolve(),
    onStop() {},
    onReload() {},
  };
  // A process of its own would have just begun.
  const startMs = performance.now() - loadedMs;
  const world = {
    ...machine(),
    env: (name: string) => env[name],
    elapsedMs: () => performance.now() - startMs,
  };
  change(world, terminal);
  const opened: Deno.Kv[] = [];
  const code = await openedBy.run(opened, () => run(args, world, terminal));
  for (const kv of opened) {
    try {
      kv.close();
    } catch {
      // The command has closed it itself.
    }
  }
  return { code, signal: null, stdout, stderr };
}

/** The queues that a command line has opened: its process would close them by its end. */
const openedBy = new AsyncLocalStorage<Deno.Kv[]>();

const openKv = Deno.openKv;
Object.defineProperty(Deno, "openKv", {
  value: async (path?: string) => {
    const kv = await openKv(path);
    openedBy.getStore()?.push(kv);
    return kv;
  },
});
