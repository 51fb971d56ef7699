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
import type { AccountStore, User } from "./accounts/account_store.ts";
import type { Session, SessionStore } from "./accounts/session_store.ts";
import {
  type Admission,
  type Admitted,
  compared,
  type EventLog,
  type IncomingEvent,
  type OnStored,
  type Page,
} from "./events/event_log.ts";
import {
  newer,
  newsOf,
  type PackageRow,
  snapshotOf,
  type SnapshotPackage,
} from "./events/packages.ts";

/** All of it, empty. */
export function memoryEngine(world: World, onStored: OnStored): Engine {
  return {
    events: new MemoryEventLog(onStored),
    sessions: new MemorySessions(),
    accounts: new MemoryAccounts(),
    secret: world.randomBytes(32),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The events of one team. */
class TeamEvents {
  readonly all: IncomingEvent[] = [];
  readonly byId = new Map<string, IncomingEvent>();
  highest = 0;
  snapshot: readonly SnapshotPackage[] | undefined;

  push(event: IncomingEvent): void {
    this.all.push(event);
    this.byId.set(event.event_id, event);
    const { lamport_clock } = event;
    if (lamport_clock < CLOCK_MAX) {
      this.highest = Math.max(this.highest, lamport_clock);
    }
    this.snapshot = undefined;
  }
}

/** Events in arrays. */
export class MemoryEventLog implements EventLog {
  readonly #teams = new Map<string, TeamEvents>();
  readonly #onStored: OnStored;

  constructor(onStored: OnStored) {
    this.#onStored = onStored;
  }

  #of(team: string): TeamEvents {
    let events = this.#teams.get(team);
    if (!events) this.#teams.set(team, events = new TeamEvents());
    return events;
  }

  admit(
    team: string,
    offered: readonly IncomingEvent[],
    sender?: object,
  ): Promise<Admission> {
    const stored = this.#of(team), fresh: IncomingEvent[] = [];
    const first = stored.all.length;
    const events = offered.map((event): Admitted => {
      const known = stored.byId.get(event.event_id);
      if (known) return compared(known.document, event.document);
      stored.push(event);
      fresh.push(event);
      return { kind: "stored" };
    });
    if (fresh.length > 0) this.#onStored(team, fresh, sender, first);
    return Promise.resolve({ events, highest: stored.highest });
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
