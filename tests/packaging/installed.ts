/** What an installed program has to do, however it was installed. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { VERSION } from "../../lib/base/build.ts";
import { tempHome } from "../support/home.ts";
import { command } from "./made.ts";

/** It is the real program, says its version, and records an event. */
export async function checkInstalled(
  path: string,
  program: string,
): Promise<void> {
  deepStrictEqual(await Deno.readFile(path), await Deno.readFile(program));
  await checkCommand([path]);
}

/** It says its version, and records an event. */
export async function checkCommand(
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<void> {
  const version = await command([...words, "--version"], options);
  ok(version.startsWith(`kitty-events ${VERSION} `), version);
  await using home = await tempHome();
  const env = { ...options.env, SPEC_KITTY_HOME: home.path };
  const emitted = await command(
    [...words, "emit", "history-added", "WP01", "note", "installed"],
    { ...options, env },
  );
  match(emitted, /^[0-9A-Z]{26}\n$/);
  const queued = await command([...words, "queue", "list", "--json"], {
    ...options,
    env,
  });
  strictEqual(JSON.parse(queued).event.event_id, emitted.trim());
}

/** That the process which a command starts is the program, and no other. */
export async function checkProcess(
  path: string,
  program: string,
): Promise<void> {
  await using home = await tempHome();
  const child = new Deno.Command(path, {
    args: ["emit", "--stdin"],
    env: { SPEC_KITTY_HOME: home.path },
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("{}\n"));
  const reader = child.stdout.getReader();
  // Its answer says that it runs.
  ok(!(await reader.read()).done);
  const running = await Deno.readLink(`/proc/${child.pid}/exe`);
  deepStrictEqual(
    await Deno.readFile(running),
    await Deno.readFile(program),
  );
  await writer.close();
  await reader.cancel();
  await child.status;
}
