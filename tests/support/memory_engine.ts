/**
 * A second engine of the collector, in memory: what only one engine promises,
 * the conformance tests would not let pass for the other.
 */

import type {
  AccountStore,
  User,
} from "../../lib/collector/accounts/account_store.ts";
import type {
  Session,
  SessionStore,
} from "../../lib/collector/accounts/session_store.ts";
import {
  type Admission,
  type Admitted,
  compared,
  type EventLog,
  type IncomingEvent,
  type OnStored,
  type Page,
  sharedRow,
} from "../../lib/collector/events/event_log.ts";
import {
  newer,
  newsOf,
  type PackageRow,
  snapshotOf,
  type SnapshotPackage,
} from "../../lib/collector/events/packages.ts";
import {
  heard,
  type NodeAnswer,
  nodeAnswers,
  nodeName,
  noneOf,
  type Told,
  type Watermark,
  withEvents,
} from "../../lib/collector/events/nodes.ts";
import { oneLineBytes } from "../../lib/base/shown.ts";
import { CLOCK_MAX } from "../../lib/base/limits.ts";

/** Events in arrays. */
export class MemoryEventLog implements EventLog {
  readonly #teams = new Map<string, IncomingEvent[]>();
  readonly #snapshots = new Map<string, readonly SnapshotPackage[]>();

  /** When each event was stored, beside `#teams`. */
  readonly #times = new Map<IncomingEvent, string>();
  readonly #told = new Map<string, Map<string, Told>>();
  /** Rows that were here with other stamps: node, id and clock value. */
  readonly #shared = new Map<string, Set<string>>();
  readonly #answers = new Map<string, readonly NodeAnswer[]>();

  constructor(readonly onStored: OnStored, readonly nowMs: () => number) {}

  #of(team: string): IncomingEvent[] {
    const events = this.#teams.get(team) ?? [];
    this.#teams.set(team, events);
    return events;
  }

  admit(
    team: string,
    offered: readonly IncomingEvent[],
    sender?: object,
    word?: Watermark,
  ): Promise<Admission> {
    if (word) this.#hear(team, word);
    const stored = this.#of(team), fresh: IncomingEvent[] = [];
    const events = offered.map((event): Admitted => {
      const known = [...stored, ...fresh]
        .find(({ event_id }) => event_id === event.event_id);
      if (known) {
        const result = compared(known.document, event.document);
        const row = sharedRow(known.document, event);
        if (row && result.kind === "duplicate") {
          this.#answers.delete(team);
          const shared = this.#shared.get(team) ?? new Set();
          this.#shared.set(team, shared.add(JSON.stringify(row)));
        }
        return result;
      }
      fresh.push(event);
      this.#times.set(event, new Date(this.nowMs()).toISOString());
      return { kind: "stored" };
    });
    stored.push(...fresh);
    if (fresh.length > 0) {
      this.#snapshots.delete(team);
      this.#answers.delete(team);
      this.onStored(team, fresh, sender);
    }
    const clocks = stored.map((event) => event.lamport_clock);
    const highest = Math.max(0, ...clocks.filter((clock) => clock < CLOCK_MAX));
    return Promise.resolve({ events, highest });
  }

  #hear(team: string, word: Watermark): void {
    const homes = this.#told.get(team) ?? new Map<string, Told>();
    const told = heard(homes.get(word.home), word, this.nowMs());
    if (!told) return;
    this.#answers.delete(team);
    this.#told.set(team, homes.set(word.home, told));
  }

  nodes(team: string): Promise<readonly NodeAnswer[]> {
    const counts = new Map(
      [...Map.groupBy(this.#of(team), ({ node_id }) => nodeName(node_id))]
        .map(([node, events]) => [
          node,
          events.reduce(
            (count, event) =>
              withEvents(count, [event], this.#times.get(event)!),
            noneOf(node),
          ),
        ]),
    );
    for (const text of this.#shared.get(team) ?? []) {
      const node_id = nodeName(JSON.parse(text).node_id);
      const count = counts.get(node_id) ?? noneOf(node_id);
      counts.set(node_id, { ...count, shared: count.shared + 1 });
    }
    const told = this.#told.get(team)?.values() ?? [];
    const answers = this.#answers.get(team) ??
      nodeAnswers(counts.values(), told);
    this.#answers.set(team, answers);
    return Promise.resolve(answers);
  }

  async allNodes(): Promise<readonly NodeAnswer[]> {
    const teams = new Set([...this.#teams.keys(), ...this.#told.keys()]);
    const all = await Promise.all([...teams].map((team) => this.nodes(team)));
    return all.flat();
  }

  page(team: string, from: number, limit: number): Promise<Page> {
    const all = this.#of(team);
    const events = all.slice(from, from + limit).map(({ bytes }) => bytes);
    const end = from + events.length;
    return Promise.resolve({ events, next: end < all.length ? end : null });
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    for (const { bytes } of [...this.#of(team)]) {
      const line = await Promise.resolve(oneLineBytes(bytes));
      yield new Uint8Array([...line, 0x0a]);
    }
  }

  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void> {
    const packages = this.#snapshots.get(team) ??
      snapshotOf(packagesOf(this.#of(team)));
    this.#snapshots.set(team, packages);
    take(packages);
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

/** Sessions in a map. */
export class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, Session>();

  get(id: string): Promise<Session | undefined> {
    return Promise.resolve(this.#sessions.get(id));
  }

  add(id: string, session: Session): Promise<void> {
    this.#sessions.set(id, session);
    return Promise.resolve();
  }

  replace(id: string, before: Session, after: Session): Promise<boolean> {
    const isLast = this.#sessions.get(id)?.generation === before.generation;
    if (isLast) this.#sessions.set(id, after);
    return Promise.resolve(isLast);
  }

  remove(id: string): Promise<void> {
    this.#sessions.delete(id);
    return Promise.resolve();
  }

  removeOlder(oldestMs: number): Promise<void> {
    for (const [id, { issued }] of this.#sessions) {
      if (issued < oldestMs) this.#sessions.delete(id);
    }
    return Promise.resolve();
  }
}

/** Users in a map. */
export class MemoryAccounts implements AccountStore {
  readonly #users = new Map<string, User>();

  all(): Promise<readonly User[]> {
    return Promise.resolve([...this.#users.values()]);
  }

  find(name: string): Promise<User | undefined> {
    return Promise.resolve(this.#users.get(name));
  }

  add(user: User, { replace }: { replace: boolean }): Promise<boolean> {
    if (this.#users.has(user.name) && !replace) return Promise.resolve(false);
    this.#users.set(user.name, user);
    return Promise.resolve(true);
  }
}
