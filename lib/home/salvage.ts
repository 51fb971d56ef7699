/**
 * Reading what can still be read of a damaged queue. Deno KV may end the
 * process on a damaged file, so this goes below it, to SQLite.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { FOLDER_MODE } from "../base/files.ts";
import { EVENT_BYTES_MAX } from "../base/limits.ts";
import { chunksOf, fromBytes } from "./queue_layout.ts";
import { lastText, pieceKey } from "./kv_keys.ts";
import { ReadableRows, type Row } from "./sqlite.ts";

/**
 * The envelopes of a set-aside folder, as JSON in UTF-8: queued events and
 * dead letters. Works on a copy; the folder stays as it is.
 *
 * @param folder holds `events.kv` and its companions; a folder, as its caller has looked
 * @param scratch a folder to make, and to remove again
 * @throws {KittyError} where there is no queue in the folder, or nothing of it can be read
 */
export async function* salvage(
  folder: string,
  scratch: string,
): AsyncGenerator<Uint8Array> {
  await expectQueue(folder);
  const uncopied = (error: unknown): never => {
    throw noQueue(
      folder,
      `it cannot be copied into the home: ${reasonOf(error)}`,
      "look at the home's owner, mode and free space",
    );
  };
  await Deno.mkdir(scratch, { recursive: true, mode: FOLDER_MODE })
    .catch(uncopied);
  try {
    await copy(folder, scratch).catch(uncopied);
    using rows = await ReadableRows.open(`${scratch}/events.kv`)
      .catch((error) => {
        throw noQueue(
          folder,
          `nothing can be read of its events.kv: ${reasonOf(error)}`,
          "look for a backup of it; the folder stays as it is",
        );
      });
    let count = 0;
    for (const envelope of envelopesIn(rows)) {
      count += 1;
      yield envelope;
    }
    if (count === 0 && rows.failures > 0) {
      throw noQueue(
        folder,
        "no event of its events.kv can be read: its pages are damaged",
        "look for a backup of it; the folder stays as it is",
      );
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Looks before anything is copied: what goes wrong there names paths that the caller has not given. */
async function expectQueue(folder: string): Promise<void> {
  using file = await Deno.open(`${folder}/events.kv`).catch((error) => {
    const isAbsent = error instanceof Deno.errors.NotFound;
    throw noQueue(
      folder,
      isAbsent ? "there is no events.kv in it" : reasonOf(error),
    );
  });
  const { isFile } = await file.stat();
  if (!isFile) throw noQueue(folder, "its events.kv is not a file");
}

/** What to try where a folder is none that was set aside. */
export const SET_ASIDE_HINT =
  "name a folder damaged-... of the home; kitty-events doctor lists them as set_aside";

function noQueue(
  folder: string,
  found: string,
  hint = SET_ASIDE_HINT,
): KittyError {
  return new KittyError(
    "no_queue",
    `cannot import the queue in ${folder}: ${found}`,
    { hint },
  );
}

async function copy(folder: string, scratch: string): Promise<void> {
  const name = "events.kv";
  await Deno.copyFile(`${folder}/${name}`, `${scratch}/${name}`);
  await Deno.copyFile(`${folder}/${name}-wal`, `${scratch}/${name}-wal`)
    .catch(() => {});
}

/** The envelopes of queued events and dead letters, less those that are damaged. */
export function* envelopesIn(rows: ReadableRows): Generator<Uint8Array> {
  for (const place of ["queue", "dead"] as const) {
    for (const row of rows.of(place)) {
      const envelope = envelopeOf(row, rows.value);
      if (envelope) yield envelope;
    }
  }
}

/**
 * The envelope of a stored row, chunks put together; undefined where the row
 * or one of its chunks is damaged.
 */
export function envelopeOf(
  { k, v }: Row,
  valueOf: (key: Uint8Array) => Uint8Array | undefined,
): Uint8Array | undefined {
  try {
    const chunks = chunksOf(v);
    if (chunks === 0) return v;
    const id = lastText(k);
    const [, size] = fromBytes<[number, number]>(v);
    // What a damaged row claims may be anything.
    if (!(size <= EVENT_BYTES_MAX)) return undefined;
    const whole = new Uint8Array(size);
    let at = 0;
    for (let n = 0; n < chunks; n++) {
      const piece = valueOf(pieceKey(id, n));
      if (!piece) return undefined;
      whole.set(piece, at);
      at += piece.length;
    }
    return at === size ? whole : undefined;
  } catch {
    return undefined;
  }
}
