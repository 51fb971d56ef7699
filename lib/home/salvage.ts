/**
 * Reading what can still be read of a damaged queue. Deno KV may end the
 * process on a damaged file, so this goes below it, to SQLite.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { FOLDER_MODE } from "../base/files.ts";
import {
  EVENT_BYTES_MAX,
  FAILED_READS_MAX,
  PAGE_ENTRIES,
} from "../base/limits.ts";
import { chunksOf, fromBytes } from "./queue_layout.ts";

type Row = { k: Uint8Array; v: Uint8Array };

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
    const { DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(`${scratch}/events.kv`);
    const prepare = (query: string) => {
      try {
        return database.prepare(query);
      } catch (error) {
        throw noQueue(
          folder,
          `nothing can be read of its events.kv: ${reasonOf(error)}`,
          "look for a backup of it; the folder stays as it is",
        );
      }
    };
    const range = prepare(
      `SELECT k, v FROM kv WHERE k >= ? AND k < ? AND k > ? ORDER BY k LIMIT ${PAGE_ENTRIES}`,
    );
    const piece = prepare("SELECT v FROM kv WHERE k = ?");
    let count = 0, failures = 0;
    for (const place of [QUEUE, DEAD]) {
      // Not `iterate`: at a damaged page it ends as if there were no more rows.
      const read = (from: number, to: number, after: Uint8Array) =>
        range.all(
          join(place, number(from)),
          join(place, number(to)),
          after,
        ) as unknown as Row[];
      const seen = { last: place, failures: 0 };
      for (const row of rowsBetween(read, 0, 2 ** 53, seen)) {
        const envelope = envelopeOf(
          row,
          (key) => (piece.get(key) as Row | undefined)?.v,
        );
        if (!envelope) continue;
        count += 1;
        yield envelope;
      }
      failures += seen.failures;
    }
    if (count === 0 && failures > 0) {
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

/**
 * The rows of a range of clock values, less those on damaged pages: a range
 * that cannot be read to its end is read on in halves.
 */
function* rowsBetween(
  read: (from: number, to: number, after: Uint8Array) => readonly Row[],
  from: number,
  to: number,
  seen: { last: Uint8Array; failures: number },
): Generator<Row> {
  try {
    for (let page; (page = read(from, to, seen.last)).length > 0;) {
      for (const row of page) {
        seen.last = row.k;
        yield row;
      }
    }
  } catch {
    seen.failures += 1;
    if (to - from <= 1 || seen.failures > FAILED_READS_MAX) return;
    const middle = Math.floor((from + to) / 2);
    yield* rowsBetween(read, from, middle, seen);
    yield* rowsBetween(read, middle, to, seen);
  }
}

/** Looks before anything is copied: what goes wrong there names paths that nobody has given. */
async function expectQueue(folder: string): Promise<void> {
  using file = await Deno.open(`${folder}/events.kv`).catch((error) => {
    const isAbsent = error instanceof Deno.errors.NotFound;
    throw noQueue(
      folder,
      isAbsent ? "there is no events.kv in it" : reasonOf(error),
    );
  });
  const { isFile } = await file.stat();
  if (!isFile) throw noQueue(folder, "its events.kv is no file");
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
      const piece = valueOf(join(text("chunk"), text(id), number(n)));
      if (!piece) return undefined;
      whole.set(piece, at);
      at += piece.length;
    }
    return at === size ? whole : undefined;
  } catch {
    return undefined;
  }
}

// Deno KV's form of keys: text is 0x02, UTF-8, 0x00; a number is 0x21 and a
// big-endian double with its sign bit turned.
const TEXT = 0x02, END = 0x00, NUMBER = 0x21;

function text(part: string): Uint8Array {
  return join([TEXT], new TextEncoder().encode(part), [END]);
}

function number(part: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = NUMBER;
  new DataView(bytes.buffer).setFloat64(1, part);
  bytes[1]! ^= 0x80;
  return bytes;
}

function lastText(key: Uint8Array): string {
  const body = key.subarray(0, -1);
  return new TextDecoder().decode(body.subarray(body.lastIndexOf(TEXT) + 1));
}

const QUEUE = text("queue"), DEAD = text("dead");

function join(...parts: Iterable<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
