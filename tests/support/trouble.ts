/** Troubles that tests make: locks held elsewhere, small disks. */

import { strictEqual } from "node:assert/strict";
import { linesOf, spawnCode } from "./child.ts";
import { type TempFolder, tempFolder } from "./home.ts";
import { outputOf } from "./needs.ts";

/** Another process that holds something until the test lets it go. */
export interface Holder extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  /** Ends the process, stopped or not. */
  release(): Promise<void>;
}

/** Runs `code` in another process, up to its end, and keeps what it took. */
export async function holder(
  code: string,
  args: readonly string[],
): Promise<Holder> {
  const child = spawnCode(
    `setInterval(() => {}, 1000);
    const held = () => { console.log("held"); return new Promise<never>(() => {}); };
    ${code}
    await held();`,
    { args },
  );
  const lines = linesOf(child.stdout);
  strictEqual((await lines.next()).value, "held");
  let isHeld = true;
  const release = async () => {
    if (!isHeld) return;
    isHeld = false;
    child.kill("SIGKILL");
    for await (const _ of lines);
    await child.stderr.cancel();
    await child.status;
  };
  return { child, release, [Symbol.asyncDispose]: release };
}

/** Holds the bare lock of the home `args[0]`. */
export const HOLD_LOCK = `
  const file = await Deno.open(args[0] + "/clock.lock", { read: true, write: true, create: true });
  await file.lock(true);`;

/** Holds the home `args[0]` as this program does, in the middle of its work. */
export const HOLD_HOME = `
  const { setUpEmitter } = await import(lib + "emit/setup.ts");
  const { realWorld } = await import(lib + "base/world.ts");
  const { emitter } = await setUpEmitter(realWorld(), { home: args[0], warn() {} });
  await emitter.home.maintain(held);`;

/** A file system of its own, of a given size. */
export async function smallDisk(sizeKiB: number): Promise<TempFolder> {
  const folder = await tempFolder();
  const path = `${folder.path}/disk`;
  await Deno.mkdir(path);
  await outputOf("mount", [
    ...["-t", "tmpfs", "-o", `size=${sizeKiB}k`, "tmpfs", path],
  ]);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await outputOf("umount", ["-l", path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Takes all room of a disk but so much; the file's removal gives it back. */
export async function fillDisk(
  path: string,
  leaveBytes: number,
): Promise<void> {
  const block = new Uint8Array(4096);
  using file = await Deno.open(path, { create: true, write: true });
  let size = 0;
  for (;;) {
    try {
      size += await file.write(block);
    } catch {
      break;
    }
  }
  await file.truncate(Math.max(0, size - leaveBytes));
}
