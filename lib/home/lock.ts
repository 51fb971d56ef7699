/**
 * The home's one lock, `clock.lock`. Every change of clock or queue happens
 * while it is held, so that two processes never see each other half done.
 *
 * The file's text says how the last holder ended: `held` while a process holds
 * it, else the seal that the holder left. A holder that finds `held` follows
 * one that died.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { lockFile } from "../base/files.ts";

/** The text has one length, so that one write replaces it whole. */
const TEXT_LENGTH = 64;
const HELD = "held";

/** The lock while it is held. */
export class HomeLock {
  private constructor(
    readonly file: Deno.FsFile,
    /** What the last holder left: its seal, `held` when it died, empty when there was none. */
    readonly lastSeal: string,
    /** Resolves when the file says that it is held: before anything of the home is changed. */
    readonly marked: Promise<void>,
  ) {
    marked.catch(() => {});
  }

  /**
   * Takes the lock; makes the home where there is none. A lock that is
   * granted after the deadline is given back unused.
   *
   * @throws {DeadlineError} when another process or call holds it for longer
   */
  static async take(home: string, deadline: Deadline): Promise<HomeLock> {
    const file = await lockFile(lockPath(home), deadline, "the home's lock");
    try {
      const lastSeal = await read(file);
      return new HomeLock(file, lastSeal, write(file, HELD));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Gives the lock back.
   *
   * @param seal what the next holder compares the queue with; undefined
   *   leaves the file as after a crash, so that the next holder looks closely
   */
  async release(seal: string | undefined): Promise<void> {
    try {
      await this.marked.catch(() => {});
      if (seal !== undefined) await write(this.file, seal);
    } finally {
      this.file.close();
    }
  }
}

/** Path of a home's lock file. */
export function lockPath(home: string): string {
  return `${home}/clock.lock`;
}

async function read(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(TEXT_LENGTH);
  const length = await file.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length)).trim();
}

async function write(file: Deno.FsFile, text: string): Promise<void> {
  // Moves an offset in memory only, so it cannot block.
  file.seekSync(0, Deno.SeekMode.Start);
  await file.write(
    new TextEncoder().encode(text.padEnd(TEXT_LENGTH - 1) + "\n"),
  );
}
