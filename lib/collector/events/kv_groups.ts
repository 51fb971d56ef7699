/**
 * New events in groups: those that make one row of Deno KV, and those that one
 * commit can hold.
 *
 * @module
 */

import {
  CHUNK_BYTES,
  COMMIT_BYTES_MAX,
  COMMIT_KEY_BYTES_MAX,
  COMMIT_MUTATIONS_MAX,
  KEY_TEXT_MAX,
} from "../../base/limits.ts";
import { COMMIT_NODES_MAX, ID_PAGE_BYTES } from "../limits.ts";
import type { IncomingEvent } from "./event_log.ts";
import { idBytes } from "./kv_ids.ts";
import { newsOf, packageName } from "./packages.ts";

/** Groups events, in order, so that each group makes one row. An event in chunks has a row of its own. */
export function rowsOf(events: readonly IncomingEvent[]): IncomingEvent[][] {
  let bytes = 0;
  return [...grouped(events, {
    empty: () => bytes = 0,
    takes: (event) => (bytes += event.bytes.length + 1) <= CHUNK_BYTES,
  })];
}

/**
 * Groups events, in order, so that each group fits into one commit.
 *
 * @param boundOf the bound of an id's page; asked when a group is made, after the one before it was stored
 */
export function commitsOf(
  events: readonly IncomingEvent[],
  boundOf: (id: string) => string,
): Generator<IncomingEvent[]> {
  return grouped(events, new CommitRoom(boundOf));
}

/** What a group has room for. */
interface Room {
  /** Begins a group. */
  empty(): void;
  /** Takes one more, and says whether there was room. The first of a group is always taken. */
  takes(event: IncomingEvent): boolean;
}

function* grouped(
  events: readonly IncomingEvent[],
  room: Room,
): Generator<IncomingEvent[]> {
  const isLarge = ({ bytes }: IncomingEvent) => bytes.length > CHUNK_BYTES;
  let group: IncomingEvent[] = [];
  for (const event of events) {
    const last = group.at(-1);
    const isClosed = last && (isLarge(last) || isLarge(event));
    if (!last || isClosed || !room.takes(event)) {
      if (last) yield group;
      group = [];
      room.empty();
      room.takes(event);
    }
    group.push(event);
  }
  if (group.length > 0) yield group;
}

/** What Deno KV lets one commit have, of which some is left for the team, its rows and what is told of nodes. */
class CommitRoom implements Room {
  readonly #boundOf: (id: string) => string;
  #bytes = 0;
  #keyBytes = 0;
  #changes = 0;
  #nodes = new Set<string>();
  #pages = new Set<string>();
  #packages = new Set<string>();

  constructor(boundOf: (id: string) => string) {
    this.#boundOf = boundOf;
  }

  empty(): void {
    [this.#bytes, this.#keyBytes, this.#changes] = [0, 0, 0];
    for (const names of [this.#nodes, this.#pages, this.#packages]) {
      names.clear();
    }
  }

  takes(event: IncomingEvent): boolean {
    this.#bytes += event.bytes.length + 1;
    this.#nodes.add(event.node_id);
    this.#takeId(event);
    this.#takePackage(event);
    return this.#bytes + this.#keyBytes <= COMMIT_BYTES_MAX &&
      this.#keyBytes <= COMMIT_KEY_BYTES_MAX &&
      this.#changes <= COMMIT_MUTATIONS_MAX &&
      this.#nodes.size <= COMMIT_NODES_MAX;
  }

  /** The page is stored anew, perhaps as two; and pages that new ids fill are at least half full. */
  #takeId({ event_id, team_slug }: IncomingEvent): void {
    const bytes = idBytes(event_id);
    const key = KEY_BYTES + LETTER * team_slug.length + bytes;
    let pages = Math.min(1, 2 * bytes / ID_PAGE_BYTES);
    const bound = this.#boundOf(event_id);
    if (!this.#pages.has(bound)) {
      this.#pages.add(bound);
      pages += 2;
      this.#bytes += ID_PAGE_BYTES;
    }
    this.#bytes += bytes;
    this.#changes += pages;
    this.#keyBytes += pages * key;
  }

  #takePackage({ event_id, team_slug, node_id, document }: IncomingEvent) {
    const news = newsOf(document);
    if (!news || this.#packages.has(packageName(news))) return;
    this.#packages.add(packageName(news));
    const { wpId, feature } = news;
    this.#changes++;
    this.#keyBytes += KEY_BYTES +
      LETTER * (team_slug.length + wpId.length + feature.length);
    this.#bytes += STATE_BYTES + LETTER *
        (event_id.length + Math.min(node_id.length, KEY_TEXT_MAX));
  }
}

/** Most bytes of a code unit in UTF-8. */
const LETTER = 3;

/** Bytes of a key beside the text in it, and of a package's state beside names. */
const KEY_BYTES = 32, STATE_BYTES = 200;
