/**
 * The rows of the collector's Deno KV. One process has the file open at a time,
 * and changes of one team come one after another (`kv_event_log.ts` sees to it).
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { joinLines, splitLines } from "../../base/line_bytes.ts";
import {
  chunkedHead,
  chunksOf,
  cut,
  fromBytes,
  toBytes,
} from "../../home/queue_layout.ts";
import { expectOpenable } from "../../home/database_files.ts";
import { closeToOthers } from "../../home/queue_file.ts";
import { joined } from "../../base/bytes.ts";
import { CLOCK_MAX, GET_MANY_MAX, KEY_BYTES_MAX } from "../../base/limits.ts";
import { keyBytes } from "../../home/commit_room.ts";
import { bytesOf, type IncomingEvent } from "./event_log.ts";
import { rowsOf } from "./kv_groups.ts";
import { DiskRoom } from "../disk_room.ts";
import { KvPlace } from "./kv_place.ts";
import { type IdPage, IdPages, lastPage, type PlacedId } from "./kv_ids.ts";
import { useLayout } from "./kv_upgrade.ts";
import type { OnUpgrade } from "./upgrading.ts";
import {
  chunkKey,
  LAYOUT_KEY,
  NEW_TEAM,
  packageKey,
  packagesOf,
  rowKey,
  teamKey,
  TEAMS,
  type TeamState,
} from "./layout.ts";
import { COMMIT_CHUNKS_MAX } from "../limits.ts";
import {
  newer,
  newsOf,
  type PackageRow,
  type PackageState,
} from "./packages.ts";

/** Events that follow each other. */
export interface Lines {
  /** Position of the first of them. */
  readonly first: number;
  readonly lines: readonly Uint8Array[];
}

/** The stored events. */
export class KvStore implements Disposable {
  readonly kv: Deno.Kv;
  /** Of its disk. */
  readonly room: DiskRoom;
  readonly #teams = new Map<string, TeamState>();
  /** Of ids: most events have one later than all before. */
  readonly #lastPages = new Map<string, IdPage>();
  readonly #place: KvPlace;

  private constructor(kv: Deno.Kv, place: KvPlace, room: DiskRoom) {
    this.kv = kv;
    this.#place = place;
    this.room = room;
  }

  /** Rejects where the events were removed, moved or replaced. */
  get lost(): Promise<never> {
    return this.#place.lost;
  }

  /** @throws {KittyError} where a newer program has written the file */
  static async open(path: string, onUpgrade?: OnUpgrade): Promise<KvStore> {
    await expectOpenable(path);
    const kv = await Deno.openKv(path);
    // Each time, as programs before this one left it open to others.
    await closeToOthers(path);
    try {
      await useLayout(kv, path, onUpgrade);
    } catch (error) {
      kv.close();
      throw error;
    }
    const room = new DiskRoom(path.slice(0, path.lastIndexOf("/")));
    return new KvStore(kv, await KvPlace.at(path), room);
  }

  [Symbol.dispose](): void {
    this.kv.close();
  }

  /** @see KvPlace.check */
  expectThere(): Promise<void> {
    return this.#place.check();
  }

  /** @see KvPlace.close */
  close(deadline: Deadline): Promise<void> {
    return this.#place.close(this.kv, deadline);
  }

  /** @throws where the file cannot be read any more, or is another one, or its disk takes no more events */
  async check(): Promise<void> {
    await this.kv.get(LAYOUT_KEY);
    await this.expectThere();
    await this.room.expect();
  }

  /** Finds out whether the file was taken away: `lost` tells. And whether its disk has room for more reserve. */
  async look(): Promise<void> {
    await this.#place.check().then(() => this.room.look()).catch(() => {});
  }

  /** What is stored of a team. */
  async team(team: string): Promise<TeamState> {
    const cached = this.#teams.get(team);
    if (cached) return cached;
    // Settings may name any team; nothing can be stored of this one.
    if (keyBytes(teamKey(team)) > KEY_BYTES_MAX) return NEW_TEAM;
    const { value } = await this.kv.get<Uint8Array>(teamKey(team));
    const state = value ? fromBytes<TeamState>(value) : NEW_TEAM;
    this.#teams.set(team, state);
    return state;
  }

  /** Where events with these ids lie, or would lie. */
  async idsAround(team: string, ids: Iterable<string>): Promise<IdPages> {
    let last = this.#lastPages.get(team);
    if (!last) {
      last = await lastPage(this.kv, team);
      this.#lastPages.set(team, last);
    }
    return await IdPages.around(this.kv, team, ids, last);
  }

  /** The values of any number of keys, null where there is none. */
  async getAll(keys: readonly Deno.KvKey[]): Promise<(Uint8Array | null)[]> {
    const values: (Uint8Array | null)[] = [];
    for (let at = 0; at < keys.length; at += GET_MANY_MAX) {
      const entries = await this.kv.getMany<Uint8Array[]>(
        keys.slice(at, at + GET_MANY_MAX),
      );
      values.push(...entries.map(({ value }) => value));
    }
    return values;
  }

  /**
   * Stores new events of a team: all, or none where it fails.
   *
   * @param events one group of `commitsOf`
   * @param ids the pages of their ids
   * @param beside what else is stored with them
   * @returns the position of the first
   */
  async append(
    team: string,
    events: readonly IncomingEvent[],
    ids: IdPages,
    beside: readonly (readonly [Deno.KvKey, unknown])[],
  ): Promise<number> {
    const before = await this.team(team);
    const { events: first, highest, bytes } = before;
    const commit = this.kv.atomic();
    const placed: PlacedId[] = [];
    let n = first;
    for (const row of rowsOf(events)) {
      commit.set(rowKey(team, n), await this.#rowValue(team, n, row));
      for (const [line, { event_id }] of row.entries()) {
        placed.push([event_id, n, line]);
      }
      n += row.length;
    }
    for (const [key, value] of [...ids.add(placed), ...beside]) {
      commit.set(key, toBytes(value));
    }
    const clocks = events.map((event) => event.lamport_clock)
      .filter((clock) => clock < CLOCK_MAX);
    for (const [key, state] of await this.#changedPackages(team, events)) {
      commit.set(key, toBytes(state));
    }
    await this.commit(team, commit, {
      ...before,
      events: n,
      highest: Math.max(highest, ...clocks),
      counted: n,
      ...bytes !== undefined && { bytes: bytes + bytesOf(events) },
    });
    this.#lastPages.set(team, ids.last);
    this.room.stored();
    return first;
  }

  /** Makes a change of a team that gets a new state by it. */
  async commit(
    team: string,
    commit: Deno.AtomicOperation,
    state: TeamState,
  ): Promise<void> {
    try {
      await commit.set(teamKey(team), toBytes(state)).commit();
      // Behind the commit, so that nothing is acknowledged that went nowhere.
      await this.expectThere();
      this.#teams.set(team, state);
    } catch (error) {
      // It may have happened all the same: what is stored is asked again.
      this.forget(team);
      throw error;
    }
  }

  /** Stores values: all, or none where it fails. */
  async put(
    entries: readonly (readonly [Deno.KvKey, unknown])[],
  ): Promise<void> {
    const commit = this.kv.atomic();
    for (const [key, value] of entries) commit.set(key, toBytes(value));
    await commit.commit();
    await this.expectThere();
  }

  /** The same of a team, which is known from then on although it has sent nothing. */
  async putOf(
    team: string,
    entries: readonly (readonly [Deno.KvKey, unknown])[],
  ): Promise<void> {
    const state = await this.team(team);
    await this.put([[teamKey(team), state], ...entries]);
  }

  /** What is stored of a team is asked again. */
  forget(team: string): void {
    this.#teams.delete(team);
    this.#lastPages.delete(team);
  }

  /** All teams that have sent anything. */
  async teams(): Promise<string[]> {
    const teams: string[] = [];
    for await (const { key } of this.kv.list({ prefix: TEAMS })) {
      teams.push(String(key[1]));
    }
    return teams;
  }

  async #rowValue(
    team: string,
    n: number,
    row: readonly IncomingEvent[],
  ): Promise<Uint8Array> {
    const { bytes } = row[0]!;
    const chunks = cut(bytes);
    if (chunks.length === 0) return joinLines(row.map((event) => event.bytes));
    // Chunks without a row are never read, and the next event at this position writes over them.
    for (let at = 0; at < chunks.length; at += COMMIT_CHUNKS_MAX) {
      const commit = this.kv.atomic();
      for (
        const [i, chunk] of chunks.slice(at, at + COMMIT_CHUNKS_MAX).entries()
      ) {
        commit.set(chunkKey(team, n, at + i), chunk);
      }
      await commit.commit();
    }
    return chunkedHead(chunks.length, bytes.length);
  }

  async #changedPackages(
    team: string,
    events: readonly IncomingEvent[],
  ): Promise<[Deno.KvKey, PackageState][]> {
    const news = Map.groupBy(
      events.map(({ document }) => newsOf(document)).filter((n) => !!n),
      ({ wpId, feature }) => `${wpId} ${feature}`,
    );
    const groups = [...news.values()].map((group) => ({
      key: packageKey(team, group[0]!.wpId, group[0]!.feature),
      states: group.map(({ state }) => state),
    }));
    const stored = await this.getAll(groups.map(({ key }) => key));
    return groups.map(({ key, states }, i) => {
      const value = stored[i];
      const last = value ? fromBytes<PackageState>(value) : undefined;
      return [key, states.reduce(newer, last ?? states[0]!)];
    });
  }

  /** States of all work packages of a team. */
  async *packages(team: string): AsyncIterable<PackageRow> {
    const prefix = packagesOf(team);
    for await (const { key, value } of this.kv.list<Uint8Array>({ prefix })) {
      const [, , wpId, feature] = key as [string, string, string, string];
      yield { wpId, feature, state: fromBytes<PackageState>(value) };
    }
  }

  /** The events of a row, in JSON and UTF-8: those that were removed are empty, and none is left of a row that was. */
  async lines(
    team: string,
    n: number,
    value?: Uint8Array,
  ): Promise<Uint8Array[]> {
    const row = value ?? (await this.kv.get<Uint8Array>(rowKey(team, n))).value;
    if (!row) return [];
    const chunks = chunksOf(row);
    if (chunks === 0) return splitLines(row);
    const keys = Array.from({ length: chunks }, (_, i) => chunkKey(team, n, i));
    const found = await this.getAll(keys);
    const pieces = found.filter((piece) => piece !== null);
    if (pieces.length < chunks) return [];
    return [joined(pieces)];
  }

  /**
   * The events from one position up to another, by their rows, as far as they
   * are there.
   *
   * @param batchSize rows read at once
   */
  async *rowsFrom(
    team: string,
    from: number,
    end: number,
    batchSize: number,
  ): AsyncIterable<Lines> {
    const first = await this.rowAround(team, from);
    const range = { start: rowKey(team, first), end: rowKey(team, end) };
    const rows = this.kv.list<Uint8Array>(range, { batchSize });
    for await (const { key, value } of rows) {
      const n = Number(key.at(-1));
      const lines = await this.lines(team, n, value);
      const there = lines.findIndex(({ length }) => length > 0);
      if (there < 0) continue;
      const skipped = Math.max(there, from - n);
      yield { first: n + skipped, lines: lines.slice(skipped) };
    }
  }

  /** The row in which a position lies. */
  async rowAround(team: string, position: number): Promise<number> {
    const range = { start: rowKey(team, 0), end: rowKey(team, position + 1) };
    const rows = this.kv.list(range, { reverse: true, limit: 1 });
    for await (const { key } of rows) return Number(key.at(-1));
    return position;
  }
}
