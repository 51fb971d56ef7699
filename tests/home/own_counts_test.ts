/** What a home counts of its own events, whatever becomes of its queue. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { IS_FULL } from "../support/needs.ts";
import { importGroup } from "../../lib/home/import.ts";
import {
  countOwn,
  forServer,
  isCountable,
  wordsFor,
} from "../../lib/home/own_counts.ts";
import { fromBytes, LEDGER_KEY, toBytes } from "../../lib/home/queue_layout.ts";
import type { Ledger } from "../../lib/home/queue.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import type { Held } from "../../lib/home/held.ts";
import type { Home } from "../../lib/home/home.ts";
import { record } from "../../lib/home/record.ts";
import { render } from "../../lib/event/event.ts";
import { encode } from "../../lib/event/event.ts";
import type { Envelope } from "../../lib/contract/contract.ts";
import { completeDraftOf, eventOf, idOf } from "../support/events.ts";
import {
  ALL,
  farDeadline,
  homeAt,
  settingsOf,
  tempHome,
} from "../support/home.ts";

const NODE = "9f86d081884c", FOREIGN = "0123456789ab";
const SERVERS = ["https://one.example/", "https://two.example/"];
const TEAMS = ["alpha", "beta"];

/** An event as the model has it. */
interface Known {
  readonly envelope: Envelope;
  team: string;
  state: "queue" | "dead" | "dropped" | "delivered" | "lost";
  /** It went elsewhere, or was dropped, before events went to the server of now. */
  isPast: boolean;
}

/** A home, and what should be known of it. */
class Model {
  readonly events = new Map<string, Known>();
  #made = 0;
  #server: string | undefined;
  #home: Home;

  constructor(readonly path: string) {
    this.#home = homeAt(path);
  }

  close(): void {
    this.#home[Symbol.dispose]();
  }

  work<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.#home.maintain(work);
  }

  ids(state: Known["state"], count = Infinity): string[] {
    return [...this.events].filter(([, event]) => event.state === state)
      .map(([id]) => id).slice(0, count);
  }

  /** As an emit does it, which stores nothing beside what it records. */
  brief<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.#home.hold(farDeadline(), ALL, work);
  }

  #become(ids: readonly string[], state: Known["state"]): void {
    for (const id of ids) this.events.get(id)!.state = state;
  }

  async record(count: number, team: string): Promise<void> {
    const drafts = Array.from(
      { length: count },
      () => completeDraftOf(idOf(++this.#made), {}, { team_slug: team }),
    );
    // One that is told again is not recorded again.
    const again = drafts.slice(0, 1);
    const candidates = [...drafts, ...again].map((draft) => ({
      draft: render(draft, NODE),
      mayExist: true,
    }));
    const stored = await this.work(async (held) => {
      const results = await record(held, candidates, settingsOf());
      deepStrictEqual(results.map(({ kind }) => kind), [
        ...drafts.map(() => "stored"),
        ...again.map(() => "present"),
      ]);
      const found = await held.queue.find(drafts.map((d) => d.event_id));
      return [...found.values()].map(({ event }) => event.document);
    });
    for (const document of stored) {
      const envelope = document as unknown as Envelope;
      this.events.set(envelope.event_id, {
        envelope,
        team,
        state: "queue",
        isPast: false,
      });
    }
  }

  async importForeign(count: number): Promise<void> {
    const items = Array.from({ length: count }, () => {
      const { envelope } = eventOf(++this.#made, { node: FOREIGN });
      return { event: encode(envelope), document: { ...envelope } };
    });
    await this.work((held) => importGroup(held, items, settingsOf()));
  }

  async deliver(count: number, server: string, team: string): Promise<void> {
    const ids = this.ids("queue", count);
    if (ids.length === 0) return;
    await this.work(({ queue }) => queue.acknowledge(ids, { server, team }));
    if (this.#server !== undefined && this.#server !== server) {
      for (const event of this.events.values()) {
        event.isPast ||= event.state === "delivered" ||
          event.state === "dropped";
      }
    }
    this.#server = server;
    this.#become(ids, "delivered");
    for (const id of ids) {
      const event = this.events.get(id)!;
      if (event.team === "local") event.team = team;
    }
  }

  async kill(count: number): Promise<void> {
    const ids = this.ids("queue", count);
    const why = { reason: "refused", nowMs: 0 };
    await this.work(({ queue }) => queue.deadLetter(ids, why));
    this.#become(ids, "dead");
  }

  async requeue(count: number): Promise<void> {
    const ids = this.ids("dead", count);
    await this.work(({ queue }) => queue.requeue(ids));
    this.#become(ids, "queue");
  }

  async drop(count: number, place: "queue" | "dead"): Promise<void> {
    const ids = this.ids(place, count);
    await this.work(({ queue }) => queue.drop(ids, place));
    this.#become(ids, "dropped");
  }

  /** The queue's files are gone. */
  async lose(): Promise<void> {
    this.close();
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(queuePath(this.path) + end).catch(() => {});
    }
    this.#home = homeAt(this.path);
    this.#become([...this.ids("queue"), ...this.ids("dead")], "lost");
  }

  /** Some of what was lost is taken over from a copy. */
  async salvage(count: number): Promise<void> {
    const ids = this.ids("lost", count);
    const items = ids.map((id) => {
      const { envelope } = this.events.get(id)!;
      return { event: encode(envelope), document: { ...envelope } };
    });
    await this.work((held) => importGroup(held, items, settingsOf()));
    this.#become(ids, "queue");
  }

  reopen(): void {
    this.close();
    this.#home = homeAt(this.path);
  }

  /** What is told has to be what the model says, for each team. */
  async check(): Promise<void> {
    const { own, problems } = await this.work(async ({ queue }) => ({
      own: queue.ledger.own,
      problems: await queue.check(),
    }));
    deepStrictEqual(problems, []);
    for (const team of TEAMS) {
      const ours = [...this.events.values()].filter((event) =>
        !event.isPast && (event.team === team || event.team === "local")
      );
      const never = ours.filter(({ state }) =>
        state === "dead" || state === "dropped"
      );
      const server = this.#server ?? SERVERS[0]!;
      const told = own ? wordsFor(own, { server, team }).nodes : [];
      const [word] = told;
      const { recorded = 0, never: gone = 0, imported = 0 } = word ?? {};
      deepStrictEqual(
        { nodes: told.length, recorded, never: gone, imported },
        {
          nodes: ours.length > 0 ? 1 : 0,
          recorded: ours.length,
          never: never.length,
          imported: 0,
        },
      );
    }
  }
}

const amount = fc.integer({ min: 1, max: 4 });
const commands = fc.array(
  fc.oneof(
    fc.tuple(fc.constant("record"), amount, fc.constantFrom("local", ...TEAMS)),
    fc.tuple(
      fc.constant("deliver"),
      amount,
      fc.constantFrom(...SERVERS),
      fc.constantFrom(...TEAMS),
    ),
    fc.tuple(fc.constant("importForeign"), amount),
    fc.tuple(fc.constant("kill"), amount),
    fc.tuple(fc.constant("requeue"), amount),
    fc.tuple(fc.constant("drop"), amount, fc.constantFrom("queue", "dead")),
    fc.tuple(fc.constant("lose")),
    fc.tuple(fc.constant("salvage"), amount),
    fc.tuple(fc.constant("reopen")),
  ),
  { minLength: 4, maxLength: 14 },
);

Deno.test("own counts: whatever happens to events, server, team and queue -> what a model says", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      await using home = await tempHome();
      const model = new Model(home.path);
      try {
        for (const [name, ...args] of list) {
          // deno-lint-ignore no-explicit-any
          await (model as any)[name as string](...args);
          await model.check();
        }
      } finally {
        model.close();
      }
    }),
    { numRuns: IS_FULL ? 40 : 16 },
  );
});

Deno.test("own counts: a crash between clock and commit -> the queue's own word counts; with the queue lost, what the clock foretold", async () => {
  await using home = await tempHome();
  const model = new Model(home.path);
  const crash = () =>
    model.brief((held) => {
      const { nodeId: node_id } = held.place;
      const event = { node_id, team_slug: "alpha", lamport_clock: 3 };
      return held.reserveClock(1, held.queue.foretell([event]));
    });
  await model.record(2, "alpha");
  await crash();
  model.reopen();
  await model.check();
  await model.record(1, "alpha");
  await model.check();
  await model.lose();
  await model.check();
  await model.record(1, "alpha");
  await model.check();
  await crash();
  await model.lose();
  await model.work(({ queue }) => {
    // Whether it was committed, nobody can tell any more.
    strictEqual(queue.ledger.own?.counts[0]?.recorded, 5);
    return Promise.resolve();
  });
  model.close();
});

Deno.test("own counts: an old copy of the queue comes back -> the clock's copy counts, and turns only go up", async () => {
  await using home = await tempHome();
  const model = new Model(home.path);
  await model.record(3, "alpha");
  await model.kill(1);
  const turnOf = () =>
    model.work(({ queue }) => Promise.resolve(queue.ledger.own!.turn));
  await model.work(({ queue }) => queue.compact());
  model.close();
  const copy = await Deno.readFile(queuePath(home.path));
  model.reopen();
  await model.record(4, "alpha");
  await model.drop(1, "queue");
  const turn = await turnOf();
  await model.lose();
  await Deno.writeFile(queuePath(home.path), copy);
  model.reopen();
  ok(await turnOf() > turn);
  await model.work(async ({ queue }) => {
    const { own } = queue.ledger;
    const [word] = wordsFor(own!, { server: "x", team: "alpha" }).nodes;
    deepStrictEqual([word?.recorded, word?.never], [7, 2]);
    deepStrictEqual(await queue.check(), []);
  });
  model.close();
});

Deno.test("own counts: own events of another home -> counted apart, once", async () => {
  await using home = await tempHome();
  const model = new Model(home.path);
  const items = [3, 1, 2].map((n) => {
    const { envelope } = eventOf(n, { team: "alpha" });
    return { event: encode(envelope), document: { ...envelope } };
  });
  for (let times = 0; times < 2; times++) {
    await model.work((held) => importGroup(held, items, settingsOf()));
  }
  await model.work(({ queue }) => {
    const [count] = queue.ledger.own!.counts;
    deepStrictEqual([count!.recorded, count!.imported, count!.highest], [
      0,
      3,
      3,
    ]);
    return Promise.resolve();
  });
  model.close();
});

Deno.test("own counts: more nodes or longer names than are counted -> nothing is said, and nothing fails", async () => {
  for (
    const nodes of [Array.from({ length: 30 }, (_, n) => `n${n}`), [
      "x".repeat(200),
    ]]
  ) {
    await using home = await tempHome();
    const model = new Model(home.path);
    await model.work(async (held) => {
      const candidates = nodes.map((node, n) => ({
        draft: render(completeDraftOf(idOf(n)), node),
        mayExist: false,
      }));
      await record(held, candidates, settingsOf());
      strictEqual(held.queue.ledger.own, undefined);
      strictEqual(held.queue.ledger.accepted, nodes.length);
    });
    model.close();
  }
});

/** Changes the ledger as an older program would leave it. */
async function changeLedger(
  home: string,
  change: (ledger: Ledger) => Ledger,
): Promise<void> {
  const kv = await Deno.openKv(queuePath(home));
  const { value } = await kv.get<Uint8Array>(LEDGER_KEY);
  await kv.set(LEDGER_KEY, toBytes(change(fromBytes<Ledger>(value!))));
  kv.close();
}

Deno.test("own counts: a queue of an older program -> counted once where nothing has left it, else nothing is said", async () => {
  await using home = await tempHome();
  const model = new Model(home.path);
  await model.record(3, "alpha");
  await model.kill(1);
  model.close();
  await changeLedger(home.path, ({ own: _, ...ledger }) => ledger);
  await Deno.remove(`${home.path}/clock.json`);
  model.reopen();
  await model.work(async ({ queue }) => {
    strictEqual(queue.ledger.own, undefined);
    ok(isCountable(queue.ledger));
    const own = await countOwn(queue, queue.ledger, () => "new");
    queue.note({ own: own! });
    await queue.touch();
  });
  await model.check();
  await model.deliver(1, SERVERS[0]!, "alpha");
  model.close();
  // It records one more, and does not know of these counts.
  await changeLedger(home.path, (ledger) => ({
    ...ledger,
    accepted: ledger.accepted + 1,
    delivered: ledger.delivered + 1,
  }));
  model.reopen();
  await model.work(({ queue }) => {
    strictEqual(queue.ledger.own, undefined);
    ok(!isCountable(queue.ledger));
    return Promise.resolve();
  });
  model.close();
});

Deno.test("forServer: another server -> another home, which waits for nothing that has gone", () => {
  const count = {
    node: NODE,
    team: "alpha",
    recorded: 10,
    imported: 2,
    highest: 12,
    dead: 1,
    dropped: 3,
    delivered: 4,
  };
  const own = { home: "a", turn: 7, seen: [], counts: [count] };
  deepStrictEqual(forServer(own, "one"), { ...own, server: "one" });
  const second = forServer({ ...own, server: "one" }, "two");
  strictEqual(second.home, "a~1");
  const [word] = wordsFor(second, { server: "two", team: "alpha" }).nodes;
  deepStrictEqual(word, {
    node_id: NODE,
    recorded: 5,
    imported: 0,
    highest_clock: 12,
    never: 1,
  });
  strictEqual(forServer(second, "one").home, "a~2");
});
