/**
 * New events in groups: those that make one row of Deno KV, and those that one
 * commit can hold.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { CommitRoom, keyBytes, type Share } from "../../home/commit_room.ts";
import { COMMIT_NODES_MAX, ID_PAGE_BYTES } from "../limits.ts";
import type { IncomingEvent } from "./event_log.ts";
import { idBytes, type IdPage } from "./kv_ids.ts";
import { NODE_BYTES_MAX, STATE_BYTES_MAX } from "./kv_sizes.ts";
import { idsKey, nodeKey, packageKey, sharedKey } from "./layout.ts";
import type { SharedRow } from "./nodes.ts";
import { newsOf, packageName } from "./packages.ts";

/** Groups events, in order, so that each group makes one row. An event in chunks has a row of its own. */
export function rowsOf(events: readonly IncomingEvent[]): IncomingEvent[][] {
  let bytes = 0;
  return [...grouped(events, {
    empty: () => bytes = 0,
    takes: (event) => (bytes += event.bytes.length + 1) <= CHUNK_BYTES,
    isLarge,
  })];
}

/**
 * Groups events, in order, so that each group fits into one commit.
 *
 * @param team whose events they are
 * @param pageOf the page of an id; asked when a group is made, after the one before it was stored
 */
export function commitsOf(
  team: string,
  events: readonly IncomingEvent[],
  pageOf: (id: string) => IdPage,
): Generator<IncomingEvent[]> {
  return grouped(events, new EventsRoom(team, pageOf));
}

/** Groups rows that other nodes have, too, so that each group can be noted in one commit. */
export function notesOf(
  team: string,
  rows: readonly SharedRow[],
): Generator<SharedRow[]> {
  const room = new CommitRoom();
  return grouped(rows, {
    empty: () => room.empty(),
    takes: (row) => {
      // Of as many nodes, at worst.
      room.takeValue(nodeKey(team, row.node_id), NODE_BYTES_MAX);
      return room.takeValue(sharedKey(team, row), 1);
    },
  });
}

/** What a group has room for. */
interface Room<T> {
  /** Begins a group. */
  empty(): void;
  /** Takes one more, and says whether there was room. The first of a group is always taken. */
  takes(one: T): boolean;
  /** Whether one has a group of its own. */
  isLarge?(one: T): boolean;
}

function* grouped<T>(all: readonly T[], room: Room<T>): Generator<T[]> {
  let group: T[] = [], isClosed = true;
  for (const one of all) {
    const isLarge = room.isLarge?.(one) ?? false;
    if (isClosed || isLarge || !room.takes(one)) {
      if (group.length > 0) yield group;
      group = [];
      room.empty();
      room.takes(one);
    }
    group.push(one);
    isClosed = isLarge;
  }
  if (group.length > 0) yield group;
}

function isLarge({ bytes }: IncomingEvent): boolean {
  return bytes.length > CHUNK_BYTES;
}

/** What new events take of a commit. */
class EventsRoom implements Room<IncomingEvent> {
  readonly isLarge = isLarge;
  readonly #team: string;
  readonly #pageOf: (id: string) => IdPage;
  readonly #room = new CommitRoom();
  readonly #nodes = new Set<string>();
  readonly #pages = new Map<string, GrowingPage>();
  readonly #packages = new Set<string>();

  constructor(team: string, pageOf: (id: string) => IdPage) {
    this.#team = team;
    this.#pageOf = pageOf;
  }

  empty(): void {
    this.#room.empty();
    for (const names of [this.#nodes, this.#pages, this.#packages]) {
      names.clear();
    }
  }

  takes({ event_id, node_id, bytes, document }: IncomingEvent): boolean {
    this.#room.take({ bytes: bytes.length + 1 });
    this.#takeNode(node_id);
    this.#takeId(event_id);
    this.#takePackage(document);
    return this.#room.isEnough && this.#nodes.size <= COMMIT_NODES_MAX;
  }

  #takeNode(node: string): void {
    if (this.#nodes.has(node)) return;
    this.#nodes.add(node);
    this.#room.takeValue(nodeKey(this.#team, node), NODE_BYTES_MAX);
  }

  #takeId(id: string): void {
    const page = this.#pageOf(id);
    let growing = this.#pages.get(page.bound);
    if (!growing) {
      growing = new GrowingPage(page, keyBytes(idsKey(this.#team, "")));
      this.#pages.set(page.bound, growing);
    }
    this.#room.take(growing.add(id));
  }

  #takePackage(document: JsonObject): void {
    const news = newsOf(document);
    if (!news || this.#packages.has(packageName(news))) return;
    this.#packages.add(packageName(news));
    const key = packageKey(this.#team, news.wpId, news.feature);
    this.#room.takeValue(key, STATE_BYTES_MAX);
  }
}

/** The pages that a page becomes: any of its ids may be a bound. */
class GrowingPage {
  readonly #keyBytes: number;
  #idBytes = 0;
  #longest = 0;
  #taken: Share = { changes: 0, keyBytes: 0, bytes: 0 };

  /** @param keyBytes of its key, without the bound */
  constructor({ bound, items }: IdPage, keyBytes: number) {
    this.#keyBytes = keyBytes;
    this.#longest = idBytes(bound);
    for (const [id] of items) this.#grow(id);
  }

  /** Adds an id, and tells how much more the pages take. */
  add(id: string): Share {
    this.#grow(id);
    const before = this.#taken;
    const changes = Math.ceil(this.#idBytes / ID_PAGE_BYTES);
    const keyBytes = changes * (this.#keyBytes + this.#longest);
    const bytes = this.#idBytes + BRACKETS * changes;
    this.#taken = { changes, keyBytes, bytes };
    return {
      changes: changes - before.changes,
      keyBytes: keyBytes - before.keyBytes,
      bytes: bytes - before.bytes,
    };
  }

  #grow(id: string): void {
    const bytes = idBytes(id);
    this.#idBytes += bytes;
    this.#longest = Math.max(this.#longest, bytes);
  }
}

/** Around what is stored of a page. */
const BRACKETS = 2;
