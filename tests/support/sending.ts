/** A home with events, a session, and a server to send them to. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Envelope } from "../../lib/contract/contract.ts";
import { Deadline } from "../../lib/base/deadline.ts";
import {
  drain,
  type DrainParts,
  type DrainResult,
} from "../../lib/delivery/drain/drain.ts";
import { Session } from "../../lib/login/session.ts";
import { openSession } from "../../lib/login/open_session.ts";
import {
  sync,
  type SyncParts,
  type SyncResult,
} from "../../lib/delivery/drain/sync.ts";
import type { Transport } from "../../lib/delivery/transport/transport.ts";
import type { StampedEvent } from "../../lib/event/event.ts";
import type { Held } from "../../lib/home/held.ts";
import type { Home } from "../../lib/home/home.ts";
import type { Ledger, Place, Tries } from "../../lib/home/queue.ts";
import { commitParts } from "../../lib/home/queue_layout.ts";
import { eventOf, type EventOptions } from "./events.ts";
import { ALL, farDeadline, homeAt, tempHome } from "./home.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { TestWorld } from "./world.ts";

/** The team that a session of these tests sends for. */
export const TEAM = "alpha";

/** A machine whose dice always fall so that a pause has no length. */
export class HastyWorld extends TestWorld {
  override readonly randomBytes = (count: number): Uint8Array =>
    new Uint8Array(count);
}

/** Events `from` to `to`, of the session's team. */
export function eventsOf(
  from: number,
  to: number,
  options: EventOptions = {},
): StampedEvent[] {
  return Array.from(
    { length: to - from + 1 },
    (_, i) => eventOf(from + i, { team: TEAM, ...options }),
  );
}

/** An event with what is known of it. */
export type Kept = { readonly envelope: Envelope } & Tries;

/** Everything that a drain needs. Without `troublesMax`, trouble ends it at once. */
export class Sending implements AsyncDisposable {
  private constructor(
    readonly home: Home,
    readonly server: ScriptedServer,
    readonly world: TestWorld,
    readonly session: Session,
    readonly remove: () => PromiseLike<void>,
  ) {}

  static async prepare(
    events: readonly StampedEvent[] = [],
  ): Promise<Sending> {
    const folder = await tempHome();
    const server = new ScriptedServer();
    const world = new HastyWorld();
    const session = await sessionFor(server.url, world);
    const sending = new Sending(
      homeAt(folder.path, { world }),
      server,
      world,
      session,
      () => folder[Symbol.asyncDispose](),
    );
    await sending.append(events);
    return sending;
  }

  hold<T>(work: (held: Held) => Promise<T> | T, home = this.home): Promise<T> {
    return home.hold(farDeadline(), ALL, async (held) => await work(held));
  }

  append(events: readonly StampedEvent[]): Promise<void> {
    return this.hold(async ({ queue }) => {
      for (const part of commitParts(events)) {
        await queue.append(part, "accepted");
      }
    });
  }

  drain(
    transport: Transport,
    parts: Partial<DrainParts> = {},
  ): Promise<DrainResult> {
    return drain({
      home: this.home,
      transport,
      selection: { teamSlug: TEAM, accepted: "all", resting: new Set() },
      deadline: farDeadline(),
      troublesMax: 1,
      ...parts,
    });
  }

  sync(
    transports: readonly Transport[],
    parts: Partial<SyncParts> = {},
  ): Promise<SyncResult> {
    const { home, session } = this;
    const deadline = farDeadline();
    return sync({
      home,
      session,
      transports,
      deadline,
      troublesMax: 1,
      ...parts,
    });
  }

  /** The events of a place, with their attempts. */
  kept(place: Place): Promise<Kept[]> {
    return this.hold(async ({ queue }) => {
      const kept: Kept[] = [];
      for await (const { event } of queue.entries(place)) {
        const envelope = event.document as unknown as Envelope;
        kept.push({ envelope, ...await queue.tries(event.event_id) });
      }
      return kept;
    });
  }

  async ids(place: Place): Promise<string[]> {
    return (await this.kept(place)).map(({ envelope }) => envelope.event_id);
  }

  clock(): Promise<number> {
    return this.hold((held) => held.clock);
  }

  /** The counters, which have to balance. */
  ledger(): Promise<Ledger> {
    return this.hold(({ queue: { ledger } }) => {
      const { accepted, imported, queued, delivered, dead, dropped } = ledger;
      strictEqual(accepted + imported, queued + delivered + dead + dropped);
      return ledger;
    });
  }

  /** Nothing has left the queue, and nothing was counted against any event. */
  async isUntouched(): Promise<void> {
    const { queued, accepted } = await this.ledger();
    strictEqual(queued, accepted);
    const tried = (await this.kept("queue")).filter((e) => e.attempts !== 0);
    deepStrictEqual(tried, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.home[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
    await this.remove();
  }
}

/** A session with tokens of the environment. */
export async function sessionFor(
  serverUrl: string,
  world: TestWorld,
): Promise<Session> {
  world.vars.set("SPEC_KITTY_ACCESS_TOKEN", "access-1");
  world.vars.set("SPEC_KITTY_REFRESH_TOKEN", "refresh-1");
  const settings = { serverUrl, teamSlug: TEAM };
  const session = await openSession(undefined, settings, world, () => {});
  ok(session instanceof Session);
  return session;
}

/** The ids of events. */
export function idsOf(
  events: readonly { readonly event_id?: unknown }[],
): unknown[] {
  return events.map(({ event_id }) => event_id);
}

/** A deadline on the real clock. */
export function deadlineIn(ms: number): Deadline {
  return Deadline.in(() => performance.now(), ms);
}

/** Another transport's sendings, with less patience or in smaller portions. */
export function bounded(
  transport: Transport,
  bounds: { patienceMs?: number; eventsMax?: number },
): Transport {
  const { patienceMs, eventsMax = transport.eventsMax } = bounds;
  return {
    eventsMax,
    bytesMax: transport.bytesMax,
    send: (events, deadline) =>
      transport.send(
        events,
        patienceMs === undefined ? deadline : deadlineIn(patienceMs),
      ),
  };
}
