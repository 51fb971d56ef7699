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
  type IncomingEvent,
  type Offering,
  type OnStored,
  type Page,
  sharedRow,
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
  readonly all: IncomingEvent[] = [];
  readonly byId = new Map<string, IncomingEvent>();
  highest = 0;
  snapshot: readonly SnapshotPackage[] | undefined;
  readonly nodes = new Map<string, NodeCount>();
  readonly told = new Map<string, Told>();
  /** Rows that were here with other stamps: node, id and clock value. */
  readonly shared = new Set<string>();
  answers: readonly NodeAnswer[] | undefined;

  push(event: IncomingEvent, at: string): void {
    this.all.push(event);
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
    { sender, word }: Offering = {},
  ): Promise<Admission> {
    const stored = this.#of(team), fresh: IncomingEvent[] = [];
    const first = stored.all.length, nowMs = this.#nowMs();
    if (word) stored.hear(word, nowMs);
    const at = new Date(nowMs).toISOString();
    const events = offered.map((event): Admitted => {
      const known = stored.byId.get(event.event_id);
      if (known) {
        const result = compared(known.document, event.document);
        const row = sharedRow(known.document, event);
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
    const { all } = this.#of(team);
    const events = all.slice(from, from + limit).map(({ bytes }) => bytes);
    const end = from + events.length;
    return Promise.resolve({ events, next: end < all.length ? end : null });
  }

  at(
    team: string,
    positions: readonly number[],
  ): Promise<(Uint8Array | undefined)[]> {
    const { all } = this.#of(team);
    return Promise.resolve(positions.map((position) => all[position]?.bytes));
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    for (const { bytes } of [...this.#of(team).all]) {
      const line = await Promise.resolve(oneLineBytes(bytes));
      yield new Uint8Array([...line, 0x0a]);
    }
  }

  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void> {
    const events = this.#of(team);
    take(events.snapshot ??= snapshotOf(packagesOf(events.all)));
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

/** The state of each work package, read off all events. */
function packagesOf(events: readonly IncomingEvent[]): PackageRow[] {
  const rows = new Map<string, PackageRow>();
  for (const { document } of events) {
    const news = newsOf(document);
    if (!news) continue;
    const name = `${news.wpId} ${news.feature}`;
    const state = newer(rows.get(name)?.state, news.state);
    rows.set(name, { ...news, state });
  }
  return [...rows.values()];
}
