/**
 * Reading the queue. Needs no lock: each page is one consistent snapshot, and
 * an event that is moved meanwhile shows up at most twice, never half.
 *
 * @module
 */

import type { Envelope } from "../contract/contract.ts";
import { GET_MANY_MAX, PAGE_ENTRIES } from "../base/limits.ts";
import {
  chunkKey,
  chunksOf,
  EMPTY_LEDGER,
  fromBytes,
  type Ledger,
  LEDGER_KEY,
  type Place,
} from "./queue_layout.ts";

/** An event where it lies. */
export interface Entry {
  readonly place: Place;
  readonly key: Deno.KvKey;
  /** The stored value: the envelope's bytes, or a head that names its chunks. */
  readonly value: Uint8Array;
  readonly envelope: Envelope;
  /** Size of the envelope in UTF-8. */
  readonly bytes: number;
}

/** The entry of a key and its value, chunks put together. */
export async function entryAt(
  kv: Deno.Kv,
  key: Deno.KvKey,
  value: Uint8Array,
): Promise<Entry> {
  const bytes = await envelopeBytes(kv, String(key[3]), value);
  return {
    place: key[0] as Place,
    key,
    value,
    envelope: fromBytes<Envelope>(bytes),
    bytes: bytes.length,
  };
}

/** The envelope's bytes of an event's stored value. */
export async function envelopeBytes(
  kv: Deno.Kv,
  id: string,
  value: Uint8Array,
): Promise<Uint8Array> {
  const chunks = chunksOf(value);
  if (chunks === 0) return value;
  const keys = Array.from({ length: chunks }, (_, n) => chunkKey(id, n));
  const pieces = await getMany(kv, keys);
  const bytes = new Uint8Array(fromBytes<[number, number]>(value)[1]);
  let at = 0;
  for (const piece of pieces) {
    if (!piece) throw new Error(`a piece of event ${id} is missing`);
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** All entries of a place, in order of (clock, node, id); `fromEnd`: in reverse. */
export async function* walk(
  kv: Deno.Kv,
  place: Place,
  limit = Infinity,
  fromEnd = false,
): AsyncGenerator<Entry> {
  const entries = kv.list<Uint8Array>({ prefix: [place] }, {
    batchSize: Math.min(limit, PAGE_ENTRIES),
    reverse: fromEnd,
    ...(Number.isFinite(limit) && { limit }),
  });
  for await (const { key, value } of entries) {
    const entry = await entryAt(kv, key, value).catch(async (error) => {
      // Without the lock, a large event may go between its head and its chunks.
      if ((await kv.get(key)).value === null) return undefined;
      throw error;
    });
    if (entry) yield entry;
  }
}

/** The values of any number of keys, undefined for one that is not there. */
export async function getMany(
  kv: Deno.Kv,
  keys: readonly Deno.KvKey[],
): Promise<(Uint8Array | undefined)[]> {
  const values: (Uint8Array | undefined)[] = [];
  for (let at = 0; at < keys.length; at += GET_MANY_MAX) {
    const some = keys.slice(at, at + GET_MANY_MAX);
    for (const entry of await kv.getMany<Uint8Array[]>(some)) {
      values.push(entry.value ?? undefined);
    }
  }
  return values;
}

/**
 * The values of any number of events' keys, undefined for one that is not
 * there. Mostly they follow each other, and then reading from the first to the
 * last costs a third of asking for each.
 */
export async function getEvents(
  kv: Deno.Kv,
  keys: readonly Deno.KvKey[],
): Promise<(Uint8Array | undefined)[]> {
  const values = new Map<string, Uint8Array>();
  const [place] = keys[0] ?? [];
  if (keys.length > 1 && keys.every((key) => key[0] === place)) {
    const clocks = keys.map((key) => key[1] as number);
    const start = [place!, Math.min(...clocks)];
    const end = [place!, Math.max(...clocks) + 1];
    const options = { limit: 2 * keys.length, batchSize: PAGE_ENTRIES };
    for await (
      const { key, value } of kv.list<Uint8Array>({ start, end }, options)
    ) {
      values.set(String(key[3]), value);
    }
  }
  const rest = keys.filter((key) => !values.has(String(key[3])));
  for (const [i, value] of (await getMany(kv, rest)).entries()) {
    if (value) values.set(String(rest[i]![3]), value);
  }
  return keys.map((key) => values.get(String(key[3])));
}

/** What the queue holds; costs the same with ten events as with a million. */
export interface QueueStats {
  readonly ledger: Ledger;
  /** Timestamps of the first and the last event in order; null where there is none. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** Queued events by team. */
  readonly by_team: Record<string, number>;
}

/** All counters, as of the last commit. */
export async function readLedger(kv: Deno.Kv): Promise<Ledger> {
  const { value } = await kv.get<Uint8Array>(LEDGER_KEY);
  return value ? fromBytes<Ledger>(value) : EMPTY_LEDGER;
}

/** @see QueueStats */
export async function readStats(kv: Deno.Kv): Promise<QueueStats> {
  const teams: [string, number][] = [];
  for await (const entry of kv.list<Uint8Array>({ prefix: ["team"] })) {
    teams.push([String(entry.key[1]), fromBytes<number>(entry.value)]);
  }
  return {
    ledger: await readLedger(kv),
    oldest: await edge(kv, false),
    newest: await edge(kv, true),
    by_team: Object.fromEntries(teams),
  };
}

async function edge(kv: Deno.Kv, fromEnd: boolean): Promise<string | null> {
  for await (const { envelope } of walk(kv, "queue", 1, fromEnd)) {
    return envelope.timestamp;
  }
  return null;
}
