/**
 * Where the events of a team lie, by their ids: a sorted list in Deno KV, cut
 * into pages. A page has the ids from its bound on, up to the bound of the next
 * one; the bound of the first is empty.
 *
 * A value an id would cost as much as an event: a thousand searches of the
 * file's tree for a batch, each the longer the more is stored. Ids are mostly
 * made one after another, so those of a batch fill a few pages in a row.
 *
 * @module
 */

import { byCodePoint } from "../../base/code_points.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import {
  ID_PAGE_BYTES,
  ID_PAGES_AT_ONCE,
  ID_PAGES_READ_MIN,
} from "../limits.ts";
import { jsonBytes } from "./kv_sizes.ts";
import { idPagesOf, idsKey, type RowPlace } from "./layout.ts";

/** An id, and where its event lies. */
export type PlacedId = readonly [id: string, ...place: RowPlace];

/** A page as it is stored: its ids with their places, one after another. */
type StoredPage = (string | number)[];

/** A page, read. */
export interface IdPage {
  readonly bound: string;
  /** In order. */
  readonly items: readonly PlacedId[];
}

/** The pages around some ids of a team, and what is added to them. */
export class IdPages {
  readonly #team: string;
  /** In order. Read when they are looked into. */
  readonly #pages: (IdPage | UnreadPage)[];

  private constructor(team: string, pages: (IdPage | UnreadPage)[]) {
    this.#team = team;
    this.#pages = pages;
  }

  /**
   * Reads the pages in which these ids are, or would be.
   *
   * @param last the last page of the team, where it is known
   */
  static async around(
    kv: Deno.Kv,
    team: string,
    ids: Iterable<string>,
    last?: IdPage,
  ): Promise<IdPages> {
    const reading = new PageReading(kv, team);
    const sorted = [...ids].sort(byCodePoint);
    const end = last ? reading.know(last, sorted) : sorted.length;
    await reading.around(sorted.slice(0, end));
    return new IdPages(team, reading.pages);
  }

  /** The last of these pages, which may not be the last of the team. */
  get last(): IdPage {
    return this.#page(this.#pages.length - 1);
  }

  /** Where an event lies; undefined where it is not stored. One of the ids that were asked for. */
  placeOf(id: string): RowPlace | undefined {
    const { items } = this.pageOf(id);
    const item = items[lastUpTo(items, id, ([other]) => other)];
    return item?.[0] === id ? [item[1], item[2]] : undefined;
  }

  /** The page in which an id is, or would be. */
  pageOf(id: string): IdPage {
    return this.#page(this.#at(id));
  }

  /** Adds new ids, and returns the pages that are to be stored for that. */
  add(placed: readonly PlacedId[]): [Deno.KvKey, StoredPage][] {
    const changed: [Deno.KvKey, StoredPage][] = [];
    const byPage = Map.groupBy(placed, ([id]) => this.#at(id));
    // From the last on, as pages behind one that is cut are moved.
    for (const at of [...byPage.keys()].sort((a, b) => b - a)) {
      const { bound, items } = this.#page(at);
      const pages = cutIntoPages(bound, items, byPage.get(at)!);
      this.#pages.splice(at, 1, ...pages);
      for (const page of pages) {
        changed.push([idsKey(this.#team, page.bound), page.items.flat()]);
      }
    }
    return changed;
  }

  #at(id: string): number {
    return Math.max(0, lastUpTo(this.#pages, id, ({ bound }) => bound));
  }

  #page(at: number): IdPage {
    const page = this.#pages[at]!;
    if ("items" in page) return page;
    return this.#pages[at] = {
      bound: page.bound,
      items: itemsOf(page.value),
    };
  }
}

/** All ids of a team, in order. */
export async function* allIds(
  kv: Deno.Kv,
  team: string,
): AsyncGenerator<PlacedId> {
  const prefix = idPagesOf(team);
  for await (const { value } of kv.list<Uint8Array>({ prefix })) {
    yield* itemsOf(value);
  }
}

/** Bytes of an id with its place in a page, about. */
export function idBytes(id: string): number {
  const PLACE = 16;
  return PLACE + jsonBytes(id);
}

/** The last page of a team; an empty one where it has none. */
export async function lastPage(kv: Deno.Kv, team: string): Promise<IdPage> {
  const prefix = idPagesOf(team);
  const options = { reverse: true, limit: 1 };
  for await (
    const { key, value } of kv.list<Uint8Array>({ prefix }, options)
  ) return { bound: String(key.at(-1)), items: itemsOf(value) };
  return { bound: "", items: [] };
}

interface UnreadPage {
  readonly bound: string;
  readonly value: Uint8Array;
}

/** Pages as they are being read. */
class PageReading {
  readonly #kv: Deno.Kv;
  readonly #team: string;
  readonly #found = new Map<string, IdPage | UnreadPage>();

  constructor(kv: Deno.Kv, team: string) {
    this.#kv = kv;
    this.#team = team;
  }

  /** In order. */
  get pages(): (IdPage | UnreadPage)[] {
    return [...this.#found.values()]
      .sort((a, b) => byCodePoint(a.bound, b.bound));
  }

  /**
   * Takes a page that is known to be the last.
   *
   * @param ids in order
   * @returns how many of them are before it
   */
  know(last: IdPage, ids: readonly string[]): number {
    this.#found.set(last.bound, last);
    const end = ids.findIndex((id) => byCodePoint(id, last.bound) >= 0);
    return end < 0 ? ids.length : end;
  }

  /** @param ids in order */
  async around(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const limit = Math.max(ids.length, ID_PAGES_READ_MIN);
    let last: string | undefined, count = 0;
    for await (const bound of this.#downFrom(ids.at(-1)!, limit, ids.length)) {
      last = bound;
      count++;
      if (byCodePoint(bound, ids[0]!) <= 0) return;
    }
    if (last === undefined) {
      // A team that has none.
      this.#found.set("", { bound: "", items: [] });
    } else if (count === limit) {
      // Ids from far apart: there is more between them than they need.
      await this.#each(ids.filter((id) => byCodePoint(id, last!) < 0));
    }
  }

  /** The pages of ids one by one, from the last on: a page has all ids from its bound up to one that was looked for. */
  async #each(ids: readonly string[]): Promise<void> {
    for (let end = ids.length; end > 0;) {
      const some = ids.slice(Math.max(0, end - ID_PAGES_AT_ONCE), end);
      const [first] = await Promise.all(
        some.map((id) => Array.fromAsync(this.#downFrom(id, 1))),
      );
      end -= some.length;
      while (end > 0 && byCodePoint(ids[end - 1]!, first![0]!) >= 0) end--;
    }
  }

  /**
   * Reads the page of an id, and those before it.
   *
   * @param expected ids that may be in them: so much is read at once
   */
  async *#downFrom(
    id: string,
    limit: number,
    expected = 1,
  ): AsyncGenerator<string> {
    const range = {
      start: idsKey(this.#team, ""),
      end: idsKey(this.#team, `${id}\0`),
    };
    const batchSize = Math.ceil(expected * idBytes(id) / ID_PAGE_BYTES);
    const options = {
      reverse: true,
      limit,
      batchSize: Math.min(batchSize, limit, 500),
    };
    for await (const entry of this.#kv.list<Uint8Array>(range, options)) {
      yield this.#take(entry);
    }
  }

  #take({ key, value }: Deno.KvEntry<Uint8Array>): string {
    const bound = String(key.at(-1));
    this.#found.set(bound, { bound, value });
    return bound;
  }
}

/** The last of sorted values that is not behind `id`; -1 where there is none. */
function lastUpTo<T>(
  sorted: readonly T[],
  id: string,
  nameOf: (value: T) => string,
): number {
  let from = 0, to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (byCodePoint(nameOf(sorted[middle]!), id) <= 0) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** The pages that a page becomes by new ids: full ones where all come behind what is there, or else of one size. */
function cutIntoPages(
  bound: string,
  items: readonly PlacedId[],
  fresh: readonly PlacedId[],
): IdPage[] {
  const all = [...items, ...fresh].sort(([a], [b]) => byCodePoint(a, b));
  const bytes = all.reduce((sum, [id]) => sum + idBytes(id), 0);
  const last = items.at(-1);
  const isBehind = !last || all[items.length - 1] === last;
  const size = isBehind
    ? ID_PAGE_BYTES
    : bytes / Math.ceil(bytes / ID_PAGE_BYTES);
  let before = 0;
  const pages = Map.groupBy(all, ([id]) => {
    const page = Math.floor(before / size);
    before += idBytes(id);
    return page;
  });
  return [...pages.values()].map((own, i) => ({
    bound: i === 0 ? bound : own[0]![0],
    items: own,
  }));
}

function itemsOf(value: Uint8Array): PlacedId[] {
  const stored = fromBytes<StoredPage>(value);
  const items: PlacedId[] = [];
  for (let i = 0; i < stored.length; i += 3) {
    items.push(stored.slice(i, i + 3) as unknown as PlacedId);
  }
  return items;
}
