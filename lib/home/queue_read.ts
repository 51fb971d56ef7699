/**
 * Reading the queue in Deno KV.
 *
 * @module
 */

import type { RowIdentity } from "../event/event.ts";
import { documentOf, type StoredEvent, storedOf } from "../event/stored.ts";
import { PAGE_ENTRIES } from "../base/limits.ts";
import type {
  Entry,
  HandedNote,
  KnownRow,
  Ledger,
  LogNote,
  Place,
  QueueReader,
  QueueStats,
  Tries,
} from "./queue.ts";
import { HandedNotes } from "./handed.ts";
import { knownRows } from "./known_rows.ts";
import {
  type IndexRow,
  type KnownBuckets,
  locate,
  namesakes,
} from "./queue_index.ts";
import {
  chunkKey,
  chunksOf,
  EMPTY_LEDGER,
  fromBytes,
  getMany,
  LEDGER_KEY,
  triesKey,
} from "./queue_layout.ts";

/** An event where it lies, with its key. */
export class StoredEntry implements Entry {
  constructor(
    readonly place: Place,
    readonly key: Deno.KvKey,
    /** The stored value: the event's bytes, or a head that names its chunks. */
    readonly value: Uint8Array,
    readonly event: StoredEvent,
    readonly bytes: number,
  ) {}

  get json(): string {
    return chunksOf(this.value) > 0
      ? JSON.stringify(this.event.document)
      : decoder.decode(documentOf(this.value));
  }
}

const decoder = new TextDecoder();

/** The entry of a key and its value, chunks put together. */
async function entryAt(
  kv: Deno.Kv,
  key: Deno.KvKey,
  value: Uint8Array,
): Promise<StoredEntry> {
  const id = String(key[3]);
  const bytes = await wholeBytes(kv, id, value);
  const place = key[0] as Place;
  const event = storedOf(bytes, id);
  return new StoredEntry(place, key, value, event, bytes.length);
}

/** The bytes of an event's stored value, chunks put together. */
async function wholeBytes(
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
): AsyncGenerator<StoredEntry> {
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

/**
 * The values of any number of events' keys, undefined for one that is not
 * there. Mostly they follow each other, and then reading from the first to the
 * last costs a third of asking for each.
 */
async function getEvents(
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

/** A queue in Deno KV, to read without the lock. */
export class KvReader implements QueueReader {
  /** What was handed over, as the holder of the lock knows it. */
  readonly handed: HandedNotes;

  constructor(readonly kv: Deno.Kv) {
    this.handed = new HandedNotes(kv);
  }

  findHanded(
    ids: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, HandedNote>> {
    return this.handed.find(ids, nowMs);
  }

  async readLedger(): Promise<Ledger> {
    const { value } = await this.kv.get<Uint8Array>(LEDGER_KEY);
    return value ? fromBytes<Ledger>(value) : EMPTY_LEDGER;
  }

  async readStats(): Promise<QueueStats> {
    const teams: [string, number][] = [];
    const list = this.kv.list<Uint8Array>({ prefix: ["team"] });
    for await (const { key, value } of list) {
      teams.push([String(key[1]), fromBytes<number>(value)]);
    }
    return {
      ledger: await this.readLedger(),
      oldest: await this.#edge(false),
      newest: await this.#edge(true),
      by_team: Object.fromEntries(teams),
    };
  }

  async #edge(fromEnd: boolean): Promise<string | null> {
    for await (const { event } of walk(this.kv, "queue", 1, fromEnd)) {
      return event.timestamp;
    }
    return null;
  }

  entries(
    place: Place,
    { limit, fromEnd }: { limit?: number; fromEnd?: boolean } = {},
  ): AsyncGenerator<StoredEntry> {
    return walk(this.kv, place, limit, fromEnd);
  }

  async *documents(place: Place): AsyncGenerator<Uint8Array> {
    const options = { batchSize: PAGE_ENTRIES };
    const list = this.kv.list<Uint8Array>({ prefix: [place] }, options);
    for await (const { key, value } of list) {
      yield await wholeBytes(this.kv, String(key[3]), value);
    }
  }

  async *ids(place: Place): AsyncGenerator<string> {
    for await (const { key } of this.kv.list({ prefix: [place] })) {
      yield String(key[3]);
    }
  }

  async find(ids: readonly string[]): Promise<Map<string, Entry>> {
    const located = await this.locate(ids);
    return new Map([...located].map(([id, { entry }]) => [id, entry]));
  }

  protected locate(
    ids: readonly string[],
  ): Promise<Map<string, LocatedEntry>> {
    return findLocated(this.kv, ids);
  }

  async queueIds(ids: readonly string[]): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => namesakes(this.kv, id)));
    return [
      ...new Set(found.flatMap((some, i) => some.length > 0 ? some : ids[i]!)),
    ];
  }

  async placesOf(ids: readonly string[]): Promise<Map<string, Place>> {
    const located = await locate(this.kv, ids);
    return new Map(
      [...located].map(([id, { key }]) => [id, key[0] as Place]),
    );
  }

  knownRows(wanted: readonly RowIdentity[]): Promise<Map<string, KnownRow>> {
    return knownRows(this.kv, wanted);
  }

  async logNotes(): Promise<Map<string, LogNote>> {
    // An `emit` follows nothing.
    const { readLogNotes } = await import("./log_notes.ts");
    return await readLogNotes(this.kv);
  }

  async tries(id: string): Promise<Tries> {
    const { value } = await this.kv.get<Uint8Array>(triesKey(id));
    return value ? fromBytes<Tries>(value) : { attempts: 0 };
  }
}

/** An entry, and the row of the index that names it. */
export interface LocatedEntry {
  readonly entry: StoredEntry;
  readonly row: IndexRow;
}

/**
 * The events of these ids that lie here.
 *
 * @param known see `locate`
 */
export async function findLocated(
  kv: Deno.Kv,
  ids: readonly string[],
  known?: KnownBuckets,
): Promise<Map<string, LocatedEntry>> {
  const places = [...await locate(kv, ids, known)];
  const values = await getEvents(kv, places.map(([, { key }]) => key));
  const found = new Map<string, LocatedEntry>();
  for (const [i, [id, { key, row }]] of places.entries()) {
    const value = values[i];
    if (!value) continue;
    found.set(id, { entry: await entryAt(kv, key, value), row });
  }
  return found;
}
