/**
 * Reading what can still be read of a damaged queue. Deno KV may end the
 * process on a damaged file, so this goes below it, to SQLite.
 *
 * @module
 */

import { KittyError, reasonOf } from "../errors.ts";
import { FOLDER_MODE } from "../files.ts";
import { chunksOf, fromBytes } from "./queue_layout.ts";

type Row = { k: Uint8Array; v: Uint8Array };

/**
 * The envelopes of a set-aside folder, as JSON in UTF-8: queued events and
 * dead letters. Works on a copy; the folder stays as it is. An event may come
 * twice.
 *
 * @param folder holds `events.kv` and its companions
 * @param scratch a folder to make, and to remove again
 * @throws {KittyError} where there is no queue in the folder
 */
export async function* salvage(
  folder: string,
  scratch: string,
): AsyncGenerator<Uint8Array> {
  await Deno.mkdir(scratch, { recursive: true, mode: FOLDER_MODE });
  try {
    await copy(folder, scratch);
    const { DatabaseSync } = await import("node:sqlite");
    const open = () => new DatabaseSync(`${scratch}/events.kv`);
    // A damaged page ends a scan; the scan from the other end gets what lies behind it.
    for (const direction of ["ASC", "DESC"]) {
      try {
        using database = open();
        const rows = database
          .prepare(`SELECT k, v FROM kv ORDER BY k ${direction}`).iterate();
        const piece = database.prepare("SELECT v FROM kv WHERE k = ?");
        for (const row of rows as Iterable<unknown> as Iterable<Row>) {
          const envelope = envelopeOf(
            row,
            (key) => (piece.get(key) as Row | undefined)?.v,
          );
          if (envelope) yield envelope;
        }
        return;
      } catch {
        continue;
      }
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function copy(folder: string, scratch: string): Promise<void> {
  for (const name of ["events.kv", "events.kv-wal"]) {
    await Deno.copyFile(`${folder}/${name}`, `${scratch}/${name}`).catch(
      (error) => {
        if (name === "events.kv-wal") return;
        throw new KittyError(
          "no_queue",
          `cannot read ${folder}/${name}: ${reasonOf(error)}`,
          { hint: "name a folder damaged-... of the home" },
        );
      },
    );
  }
}

function envelopeOf(
  { k, v }: Row,
  valueOf: (key: Uint8Array) => Uint8Array | undefined,
): Uint8Array | undefined {
  const isEvent = [QUEUE, DEAD].some((prefix) => startsWith(k, prefix));
  if (!isEvent) return undefined;
  const chunks = chunksOf(v);
  if (chunks === 0) return v;
  const id = lastText(k);
  const whole = new Uint8Array(fromBytes<[number, number]>(v)[1]);
  for (let n = 0, at = 0; n < chunks; n++) {
    const piece = valueOf(
      join(text("chunk"), text(id), number(n)),
    );
    if (!piece) return undefined;
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
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

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}
