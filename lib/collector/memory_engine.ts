/**
 * The engine that keeps everything in memory: for a board that leaves nothing
 * behind, and as a second opinion on what every engine promises.
 *
 * @module
 */

import { CLOCK_MAX } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import type { Engine } from "./engine.ts";
import { oneLineBytes } from "../base/shown.ts";
import { MemoryAudit } from "./audit/memory_audit.ts";
import {
  type Admission,
  type Admitted,
  compared,
  type EventLog,
  expectRoom,
  Gone,
  type IncomingEvent,
  type Offering,
  type OnStored,
  type Page,
  sharedRow,
  type Usage,
} from "./events/event_log.ts";
import {
  heard,
  type NodeAnswer,
  nodeAnswers,
  type NodeCount,
  nodeName,
  noneOf,
  type SharedRow,
  type Told,
  type Watermark,
  withEvents,
} from "./events/nodes.ts";
import {
  newer,
  newsOf,
  packageName,
  type PackageRow,
  snapshotOf,
  type SnapshotPackage,
} from "./events/packages.ts";
import { MemoryRecords } from "./records/memory_records.ts";

/** All of it, empty. */
export function memoryEngine(world: World, onStored: OnStored): Engine {
  return {
    events: new MemoryEventLog(onStored, world.nowMs),
    records: new MemoryRecords(),
    settings: new MemoryRecords(),
    audit: new MemoryAudit(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The events of one team. */
class TeamEvents {
  /** By their positions; undefined where they were removed. */
  readonly all: (IncomingEvent | undefined)[] = [];
  readonly byId = new Map<string, IncomingEvent | Gone>();
  first = 0;
  bytes = 0;
  /** What removed events said of work packages. */
  base: readonly PackageRow[] = [];
  highest = 0;
  snapshot: readonly SnapshotPackage[] | undefined;
  readonly nodes = new Map<string, NodeCount>();
  readonly told = new Map<string, Told>();
  /** Rows that were here with other stamps: node, id and clock value. */
  readonly shared = new Set<string>();
  answers: readonly NodeAnswer[] | undefined;

  push(event: IncomingEvent, at: string): void {
    this.all.push(event);
    this.bytes += event.bytes.length;
    const name = nodeName(event.node_id);
    const count = this.nodes.get(name) ?? noneOf(name);
    this.nodes.set(name, withEvents(count, [event], at));
    this.answers = undefined;
    this.byId.set(event.event_id, event);
    const { lamport_clock } = event;
    if (lamport_clock < CLOCK_MAX) {
      this.highest = Math.max(this.highest, lamport_clock);
    }
    this.snapshot = undefined;
  }

  get usage(): Usage {
    return { events: this.all.length - this.first, bytes: this.bytes };
  }

  /** Those that were not removed. */
  get there(): IncomingEvent[] {
    return this.all.slice(this.first).map((event) => event!);
  }

  prune(upTo: number): void {
    const end = Math.min(upTo, this.all.length);
    if (end <= this.first) return;
    const removed = this.there.slice(0, end - this.first);
    this.base = packagesOf(this.base, removed);
    for (const event of removed) {
      this.byId.set(event.event_id, goneOf(event));
      this.bytes -= event.bytes.length;
    }
    this.all.fill(undefined, this.first, end);
    this.first = end;
  }

  share(row: SharedRow): void {
    const name = nodeName(row.node_id), size = this.shared.size;
    this.shared.add(JSON.stringify(row));
    if (this.shared.size === size) return;
    const count = this.nodes.get(name) ?? noneOf(name);
    this.nodes.set(name, { ...count, shared: count.shared + 1 });
    this.answers = undefined;
  }

  hear(word: Watermark, nowMs: number): void {
    const told = heard(this.told.get(word.home), word, nowMs);
    if (!told) return;
    this.told.set(word.home, told);
    this.answers = undefined;
  }
}

/** What the removed event leaves behind. */
function goneOf({ node_id, lamport_clock, document }: IncomingEvent): Gone {
  const isEnvelope = Object.hasOwn(document, "event_type");
  return new Gone(isEnvelope ? undefined : { node_id, lamport_clock });
}

/** Events in arrays. */
export class MemoryEventLog implements EventLog {
  readonly #teams = new Map<string, TeamEvents>();
  readonly #onStored: OnStored;
  readonly #nowMs: () => number;

  constructor(onStored: OnStored, nowMs: () => number) {
    this.#onStored = onStored;
    this.#nowMs = nowMs;
  }

  #of(team: string): TeamEvents {
    let events = this.#teams.get(team);
    if (!events) this.#teams.set(team, events = new TeamEvents());
    return events;
  }

  admit(
    team: string,
    offered: readonly IncomingEvent[],
    { sender, word, quota }: Offering = {},
  ): Promise<Admission> {
    const stored = this.#of(team), fresh: IncomingEvent[] = [];
    if (quota) {
      const ids = new Set<string>();
      const unknown = offered.filter(({ event_id }) =>
        !stored.byId.has(event_id) && ids.size < ids.add(event_id).size
      );
      try {
        expectRoom(stored.usage, unknown, quota);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const first = stored.all.length, nowMs = this.#nowMs();
    if (word) stored.hear(word, nowMs);
    const at = new Date(nowMs).toISOString();
    const events = offered.map((event): Admitted => {
      const known = stored.byId.get(event.event_id);
      if (known) {
        const before = known instanceof Gone ? known : known.document;
        const result = compared(before, event.document);
        const row = sharedRow(before, event);
        if (row && result.kind === "duplicate") stored.share(row);
        return result;
      }
      stored.push(event, at);
      fresh.push(event);
      return { kind: "stored" };
    });
    if (fresh.length > 0) this.#onStored(team, fresh, sender, first);
    return Promise.resolve({ events, highest: stored.highest });
  }

  usage(team: string): Promise<Usage> {
    return Promise.resolve(this.#of(team).usage);
  }

  first(team: string): Promise<number> {
    return Promise.resolve(this.#of(team).first);
  }

  prune(team: string, upTo: number): Promise<void> {
    this.#of(team).prune(upTo);
    return Promise.resolve();
  }

  nodes(team: string): Promise<readonly NodeAnswer[]> {
    const events = this.#of(team), { nodes, told } = events;
    events.answers ??= nodeAnswers(nodes.values(), told.values());
    return Promise.resolve(events.answers);
  }

  async allNodes(): Promise<readonly NodeAnswer[]> {
    const all = await Promise.all(
      [...this.#teams.keys()].map((team) => this.nodes(team)),
    );
    return all.flat();
  }

  page(team: string, from: number, limit: number): Promise<Page> {
    const { all, first: there } = this.#of(team);
    const first = Math.max(from, there);
    const events = all.slice(first, first + limit)
      .map((event) => event!.bytes);
    const end = first + events.length;
    const next = end < all.length ? end : null;
    return Promise.resolve({ events, first, next });
  }

  at(
    team: string,
    positions: readonly number[],
  ): Promise<(Uint8Array | undefined)[]> {
    const { all } = this.#of(team);
    return Promise.resolve(positions.map((position) => all[position]?.bytes));
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    for (const { bytes } of this.#of(team).there) {
      const line = await Promise.resolve(oneLineBytes(bytes));
      yield new Uint8Array([...line, 0x0a]);
    }
  }

  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void> {
    const events = this.#of(team);
    take(events.snapshot ??= snapshotOf(packagesOf(events.base, events.there)));
    return Promise.resolve();
  }

  teams(): Promise<readonly string[]> {
    const known = [...this.#teams]
      .filter(([, { all, told }]) => all.length > 0 || told.size > 0);
    return Promise.resolve(known.map(([team]) => team));
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<void> {
    return Promise.resolve();
  }
}

/** The state of each work package, read off events and what was known before. */
function packagesOf(
  base: readonly PackageRow[],
  events: readonly IncomingEvent[],
): PackageRow[] {
  const rows = new Map<string, PackageRow>();
  const all = [...base, ...events.map(({ document }) => newsOf(document))];
  for (const news of all) {
    if (!news) continue;
    const name = packageName(news);
    const state = newer(rows.get(name)?.state, news.state);
    rows.set(name, { ...news, state });
  }
  return [...rows.values()];
}
