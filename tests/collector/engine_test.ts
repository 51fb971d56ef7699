/** What every engine of the collector promises, tried on each that there is. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Engine, openFolder } from "../../lib/collector/engine.ts";
import { AccountStore } from "../../lib/collector/accounts/account_store.ts";
import {
  endedSessions,
  SessionStore,
} from "../../lib/collector/accounts/session_store.ts";
import { isKey, KeyStore } from "../../lib/collector/accounts/keys.ts";
import { Sessions } from "../../lib/collector/accounts/sessions.ts";
import {
  SigningKeys,
  signingKeys,
} from "../../lib/collector/accounts/signing_keys.ts";
import { SpentTokens } from "../../lib/collector/accounts/spent_tokens.ts";
import { Standing } from "../../lib/collector/accounts/standing.ts";
import { Tokens } from "../../lib/collector/accounts/tokens.ts";
import type { AuditFilter } from "../../lib/collector/audit/audit.ts";
import { nodeIdOf } from "../../lib/collector/identity.ts";
import { SPENT_TOKEN_MS } from "../../lib/collector/accounts/limits.ts";
import {
  type EventLog,
  type IncomingEvent,
  type OnStored,
  QuotaError,
} from "../../lib/collector/events/event_log.ts";
import type { ToldNode, Watermark } from "../../lib/collector/events/nodes.ts";
import type { SnapshotPackage } from "../../lib/collector/events/packages.ts";
import { changed, removed } from "../../lib/collector/records/records.ts";
import { CLOCK_MAX } from "../../lib/base/limits.ts";
import { encode } from "../../lib/event/event.ts";
import {
  eventOf,
  type EventOptions,
  idOf,
  incomingOf,
  incomingRowOf,
} from "../support/events.ts";
import { tempFolder } from "../support/home.ts";
import { memoryEngine } from "../../lib/collector/memory_engine.ts";
import { openPgEngine } from "../../lib/collector/sql/pg_engine.ts";
import { type Cut, cuttingProxy } from "../support/cutting_proxy.ts";
import { IS_FULL, needing } from "../support/needs.ts";
import { POSTGRES, sharedServer } from "../support/postgres.ts";
import { TestWorld } from "../support/world.ts";

type Open = (onStored: OnStored, world?: TestWorld) => Promise<Engine>;

const ENGINES: [name: string, open: Open][] = [
  ["Deno KV", async (onStored, world = new TestWorld()) => {
    const folder = await tempFolder();
    const path = `${folder.path}/collector`;
    const engine = await openFolder(path, world, onStored);
    return {
      ...engine,
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  }],
  [
    "in memory",
    (onStored, world = new TestWorld()) =>
      Promise.resolve(memoryEngine(world, onStored)),
  ],
];

/** One server; each test has a database of its own in it. */
const server = sharedServer();

/** Where a proxy cuts connections, and each of how many commits or connections. */
const FAULTS: readonly (readonly [name: string, cut: Cut, every: number])[] = [
  ["each second commit cut before it", "before commit", 2],
  ["each second commit cut in it", "in commit", 2],
  ["the answer to each second commit lost", "after commit", 2],
  ["every third connection cut", "connection", 3],
];

if (POSTGRES.isMet) {
  ENGINES.push([
    "PostgreSQL",
    async (onStored, world = new TestWorld()) =>
      await openPgEngine(await server.database(), { world, onStored }),
  ]);
  for (const [name, cut, every] of FAULTS.slice(IS_FULL ? 0 : -1)) {
    ENGINES.push([
      `PostgreSQL, ${name}`,
      async (onStored, world = new TestWorld()) => {
        await using undo = new AsyncDisposableStack();
        const proxy = undo.use(cuttingProxy(server.port, cut, every));
        const url = await server.database("", proxy.port);
        const engine = undo.use(await openPgEngine(url, { world, onStored }));
        const whole = undo.move();
        return { ...engine, [Symbol.asyncDispose]: () => whole.disposeAsync() };
      },
    ]);
  }
} else {
  Deno.test(needing([POSTGRES], "PostgreSQL: as the others", async () => {}));
}

/** All of it takes minutes: else engines whose connections are cut are tried with what changes events and records. */
const CHANGING = /, (admit|records|prune): /;

function define(title: string, fn: () => Promise<void>): void {
  const isCut = FAULTS.some(([fault]) => title.includes(fault));
  if (!isCut || IS_FULL || CHANGING.test(title)) Deno.test(title, fn);
}

const TEAM = "alpha";

const incoming = (n: number, options: EventOptions = {}) =>
  incomingOf(n, { team: TEAM, ...options });

const TOLD_AT = "2026-02-03T12:00:00.000Z",
  TOLD_LATER = "2026-02-03T12:00:09.000Z";

/** What a home says of one of its nodes. */
function wordOf(
  turn: number,
  counts: Partial<ToldNode>,
  node_id = "one",
): Watermark {
  const none = { recorded: 0, imported: 0, highest_clock: 0, never: 0 };
  const nodes = [{ node_id, ...none, ...counts }];
  return { home: "a", turn, told_at: TOLD_AT, nodes };
}

/** The n-th row, with a stamp. */
const rowOf = (n: number, node: string, clock: number) =>
  incomingRowOf(n, { node, clock });

const usageOf = (events: readonly IncomingEvent[]) => ({
  events: events.length,
  bytes: events.reduce((sum, { bytes }) => sum + bytes.length, 0),
});

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const idsOf = (documents: readonly Uint8Array[]) =>
  documents.map((bytes) => JSON.parse(textOf(bytes)).event_id);

async function exported(events: EventLog, team = TEAM): Promise<string[]> {
  const parts = await Array.fromAsync(events.export(team));
  return parts.map(textOf).join("").split("\n").filter(Boolean);
}

async function snapshotOf(
  events: EventLog,
): Promise<readonly SnapshotPackage[]> {
  let found: readonly SnapshotPackage[] = [];
  await events.snapshot(TEAM, (packages) => found = packages);
  return found;
}

const kindsOf = (admitted: readonly { readonly kind: string }[]) =>
  admitted.map(({ kind }) => kind);

for (const [name, open] of ENGINES) {
  define(
    `${name}, admit: new events, some again, one with another's id -> exact about each, and told of those that are new`,
    async () => {
      const told: [string, string[], object | undefined][] = [];
      await using engine = await open((team, events, sender) =>
        told.push([team, events.map((event) => event.event_id), sender])
      );
      const { events } = engine;
      const sender = {};
      const first = await events.admit(TEAM, [incoming(1), incoming(2)], {
        sender,
      });
      deepStrictEqual(kindsOf(first.events), ["stored", "stored"]);
      const { envelope } = eventOf(2, { team: TEAM });
      const other = { ...envelope, lamport_clock: 77 };
      const second = await events.admit(TEAM, [
        incoming(3),
        incoming(1),
        { ...encode(other), document: other },
        incoming(3),
      ]);
      deepStrictEqual(second.events, [
        { kind: "stored" },
        { kind: "duplicate" },
        { kind: "conflict", field: "lamport_clock" },
        { kind: "duplicate" },
      ]);
      deepStrictEqual(told.flatMap(([, ids]) => ids), [1, 2, 3].map(idOf));
      strictEqual(told[0]![2], sender);
      strictEqual(told.at(-1)![2], undefined);
      deepStrictEqual(
        idsOf((await events.page(TEAM, 0, 100)).events),
        [1, 2, 3].map(idOf),
      );
    },
  );

  define(
    `${name}, admit: nothing, and clock values that leave none above them -> the highest that a clock can receive`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      deepStrictEqual(await events.admit(TEAM, []), { events: [], highest: 0 });
      const { highest } = await events.admit(TEAM, [
        incoming(1, { clock: 5 }),
        incoming(2, { clock: CLOCK_MAX }),
      ]);
      strictEqual(highest, 5);
      strictEqual((await events.admit("beta", [])).highest, 0);
    },
  );

  define(
    `${name}, admit: many at once of one team -> positions without a gap, each event once`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const groups = Array.from(
        { length: 12 },
        (_, g) => [1, 2, 3].map((i) => incoming(g * 2 + i)),
      );
      const admissions = await Promise.all(
        groups.map((group) => events.admit(TEAM, group)),
      );
      const stored = admissions.flatMap(({ events }) => kindsOf(events))
        .filter((kind) => kind === "stored").length;
      const distinct = new Set(groups.flat().map(({ event_id }) => event_id));
      strictEqual(stored, distinct.size);
      const lines = await exported(events);
      strictEqual(lines.length, distinct.size);
      deepStrictEqual(
        new Set(lines.map((line) => JSON.parse(line).event_id)),
        distinct,
      );
    },
  );

  define(
    `${name}, page: any cursor and limit -> the same events as one page of all`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const sizes = [400, 70_000, 400, 500_000, 500, 400, 400];
      await events.admit(
        TEAM,
        sizes.map((size, i) => incoming(i + 1, { size })),
      );
      const all = idsOf((await events.page(TEAM, 0, 1_000)).events);
      strictEqual(all.length, sizes.length);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(sizes.length + 1),
          fc.integer({ min: 1, max: 4 }),
          async (from, limit) => {
            const page = await events.page(TEAM, from, limit);
            deepStrictEqual(idsOf(page.events), all.slice(from, from + limit));
            const end = from + page.events.length;
            strictEqual(page.next, end < all.length ? end : null);
          },
        ),
        { numRuns: 40 },
      );
      deepStrictEqual(await events.page("nobody", 0, 9), {
        events: [],
        first: 0,
        next: null,
      });
    },
  );

  define(
    `${name}, export: texts with line separators -> one line each, the same values; nothing of another team`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const { envelope } = eventOf(1, { team: TEAM });
      const text = "a\u2028b\u2029c\u0085d";
      const odd = {
        ...envelope,
        payload: { ...envelope.payload, entry_content: text },
      } as typeof envelope;
      await events.admit(TEAM, [{ ...encode(odd), document: { ...odd } }]);
      await events.admit("beta", [incoming(2, { team: "beta" })]);
      const lines = await exported(events);
      strictEqual(lines.length, 1);
      ok(!/[\u0085\u2028\u2029]/.test(lines[0]!));
      strictEqual(JSON.parse(lines[0]!).payload.entry_content, text);
    },
  );

  define(
    `${name}, snapshot: between two admissions -> what was stored before it, and all later is told after it`,
    async () => {
      const order: string[] = [];
      await using engine = await open((_team, stored) =>
        order.push(...stored.map(({ event_id }) => event_id))
      );
      const { events } = engine;
      const work = Promise.all([
        events.admit(TEAM, [incoming(1)]),
        events.snapshot(TEAM, () => order.push("snapshot")),
        events.admit(TEAM, [incoming(2)]),
      ]);
      await work;
      deepStrictEqual(order, [idOf(1), "snapshot", idOf(2)]);
      const same = await snapshotOf(events);
      strictEqual(await snapshotOf(events), same);
      await events.admit(TEAM, [incoming(3)]);
      ok(await snapshotOf(events) !== same);
    },
  );

  define(
    `${name}, nodes: what is stored, and what is told -> how many are missing, and how many never come`,
    async () => {
      const world = new TestWorld();
      await using engine = await open(() => {}, world);
      const { events } = engine;
      deepStrictEqual(await events.nodes(TEAM), []);
      const one = (n: number) => incoming(n, { node: "one" });
      await events.admit(TEAM, [one(2), one(5), incoming(1, { node: "two" })]);
      const first = "2026-02-03T12:00:00.000Z";
      const untold = {
        node_id: "one",
        events: 2,
        shared: 0,
        lowest_clock: 2,
        highest_clock: 5,
        first_seen: first,
        last_seen: first,
        recorded: null,
        recorded_highest_clock: null,
        missing: null,
        never: null,
        complete_up_to: null,
        told_at: null,
      };
      const nodes = await events.nodes(TEAM);
      deepStrictEqual(nodes[0], untold);
      strictEqual(await events.nodes(TEAM), nodes);
      world.timeMs += 1_000;
      const told = wordOf(1, { recorded: 5, never: 2, highest_clock: 9 });
      await events.admit(TEAM, [one(2), one(7)], { word: told });
      deepStrictEqual((await events.nodes(TEAM))[0], {
        ...untold,
        events: 3,
        highest_clock: 7,
        last_seen: "2026-02-03T12:00:01.000Z",
        recorded: 5,
        recorded_highest_clock: 9,
        missing: 2,
        never: 2,
        told_at: told.told_at,
      });
      await events.admit(TEAM, [one(8), one(9)]);
      const [whole] = await events.nodes(TEAM);
      deepStrictEqual(
        [whole!.missing, whole!.never, whole!.complete_up_to],
        [0, 0, 9],
      );
      deepStrictEqual(await events.nodes("beta"), []);
    },
  );

  define(
    `${name}, nodes: more homes than one, late words, a home of which a backup came back -> exact, or nothing is said`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const tell = async (word: Watermark) => {
        await events.admit("beta", [], { word });
        const [node] = await events.nodes("beta");
        return [node!.recorded, node!.missing];
      };
      deepStrictEqual(await tell(wordOf(3, { recorded: 3 })), [3, 3]);
      // A home alone has what it took over from nobody who told of it.
      deepStrictEqual(await tell(wordOf(4, { imported: 2 })), [2, 2]);
      deepStrictEqual(await tell(wordOf(5, { recorded: 2 })), [2, 2]);
      deepStrictEqual(await tell(wordOf(4, { recorded: 9 })), [2, 2]);
      const other = { ...wordOf(1, { recorded: 4, imported: 2 }), home: "b" };
      deepStrictEqual(await tell(other), [6, 6]);
      const back = { ...wordOf(4, { recorded: 1 }), told_at: TOLD_LATER };
      deepStrictEqual(await tell(back), [5, null]);
      deepStrictEqual(await tell(wordOf(9, { recorded: 3 })), [7, null]);
      // More is here than was told.
      const word = { ...wordOf(1, { recorded: 1 }), home: "c" };
      const many = [1, 2].map((n) =>
        incoming(n, { node: "one", team: "gamma" })
      );
      await events.admit("gamma", many, { word });
      const [node] = await events.nodes("gamma");
      deepStrictEqual([node!.missing, node!.complete_up_to], [null, null]);
      strictEqual((await events.allNodes()).length, 2);
    },
  );

  define(
    `${name}, nodes: rows that each clone of a project sends with its own stamp -> missing in none of them`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const all = [1, 2, 3];
      const send = (node: string, shift: number, ns: readonly number[]) =>
        events.admit(
          TEAM,
          ns.map((n) => rowOf(n, node, n + shift)),
          {
            word: {
              ...wordOf(1, { recorded: 3 }, node),
              home: `${node} ${shift}`,
            },
          },
        );
      await send("one", 0, all);
      await send("two", 7, all);
      await send("two", 7, all);
      const missing = async () =>
        (await events.nodes(TEAM)).map((node) => [
          node.node_id,
          node.events,
          node.shared,
          node.missing,
        ]);
      deepStrictEqual(await missing(), [["one", 3, 0, 0], ["two", 0, 3, 0]]);
      // A second home of the first node.
      await send("one", 40, [1, 2]);
      deepStrictEqual((await missing())[0], ["one", 3, 2, 1]);
    },
  );

  define(
    `${name}, nodes: events of many nodes at once -> counted each`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const many = Array.from(
        { length: 700 },
        (_, n) => incoming(n + 1, { node: `node ${n % 350}` }),
      );
      await events.admit(TEAM, many);
      const nodes = await events.nodes(TEAM);
      strictEqual(nodes.length, 350);
      ok(nodes.every(({ events }) => events === 2));
    },
  );

  define(
    `${name}, sessions: two who spend the same generation -> one of them`,
    async () => {
      await using engine = await open(() => {});
      const sessions = new SessionStore(engine.records, () => 2_000);
      const session = {
        user: "ada",
        user_id: "1",
        generation: 1,
        issued: 1_000,
      };
      await sessions.add("s", session);
      deepStrictEqual(await sessions.get("s"), session);
      const next = { ...session, generation: 2, issued: 2_000 };
      const won = await Promise.all([
        sessions.replace("s", session, next),
        sessions.replace("s", session, { ...next, issued: 2_001 }),
      ]);
      deepStrictEqual(won.toSorted(), [false, true]);
      strictEqual(await sessions.replace("s", session, next), false);
      strictEqual(await sessions.replace("none", session, next), false);
      strictEqual(await sessions.get("none"), undefined);
      await sessions.add("old", { ...session, issued: 10 });
      await sessions.removeOlder(1_500);
      strictEqual(await sessions.get("old"), undefined);
      strictEqual((await sessions.get("s"))?.generation, 2);
      await sessions.end("s");
      strictEqual(await sessions.get("s"), undefined);
      deepStrictEqual([...await endedSessions(engine.records)], ["s"]);
    },
  );

  define(
    `${name}, accounts: a name that is taken -> nothing has changed, unless it is to be replaced`,
    async () => {
      await using engine = await open(() => {});
      const accounts = new AccountStore(engine.settings);
      deepStrictEqual(await accounts.all(), []);
      const user = {
        name: "ada",
        id: "1",
        team: TEAM,
        password: { rounds: 1, salt: "", hash: "" },
        created_at: "2026-01-01T00:00:00.000Z",
      } as const;
      const again = { ...user, id: "2", team: "beta" };
      strictEqual(await accounts.add(user, { replace: false }), true);
      strictEqual(await accounts.add(again, { replace: false }), false);
      strictEqual((await accounts.find("ada"))?.id, "1");
      strictEqual(await accounts.add(again, { replace: true }), true);
      deepStrictEqual((await accounts.all()).map(({ id }) => id), ["2"]);
      strictEqual(await accounts.find("bob"), undefined);
    },
  );

  define(
    `${name}, records: put in the place of what is there, and of something else -> changed only where nobody was faster`,
    async () => {
      await using engine = await open(() => {});
      for (
        const [records, space] of [
          [engine.records, "session"],
          [engine.settings, "users"],
        ] as const
      ) {
        const one = { name: "a", n: 1, deep: { list: [1, null, "\u0000"] } };
        const two = { ...one, n: 2 };
        strictEqual(await records.get(space, "a"), undefined);
        strictEqual(await records.replace(space, "a", two, one), false);
        strictEqual(await records.replace(space, "a", undefined, one), true);
        strictEqual(await records.replace(space, "a", undefined, two), false);
        deepStrictEqual(await records.get(space, "a"), one);
        const { deep, n, name } = one;
        const races = [1, 2, 3].map((by) =>
          records.replace(space, "a", { n, deep, name }, { ...two, by })
        );
        strictEqual((await Promise.all(races)).filter(Boolean).length, 1);
        await records.replace(space, "b", undefined, { name: "b", n: 3 });
        deepStrictEqual(
          (await records.list(space)).map(([key]) => key).toSorted(),
          ["a", "b"],
        );
        ok(await removed(records, space, "a"));
        strictEqual(await removed(records, space, "a"), undefined);
        deepStrictEqual((await records.list(space)).map(([key]) => key), ["b"]);
        const once = () =>
          changed<{ name: string; n: number }>(records, space, "b", (b) => ({
            name: "b",
            n: b!.n + 1,
          }));
        await Promise.all(Array.from({ length: 12 }, once));
        deepStrictEqual(await records.get(space, "b"), { name: "b", n: 15 });
      }
    },
  );

  define(
    `${name}, audit: lines noted at once -> all of them, each whole`,
    async () => {
      await using engine = await open(() => {});
      const { audit } = engine;
      deepStrictEqual(await Array.fromAsync(audit.read()), []);
      const entryOf = (n: number) => ({
        at: "2026-02-03T12:00:00.000Z",
        what: "login",
        name: `user ${n}`,
        address: "127.0.0.1",
      });
      const all = Array.from({ length: 20 }, (_, n) => entryOf(n));
      await audit.note(all[0]!);
      await Promise.all(all.slice(1).map((entry) => audit.note(entry)));
      const read = await Array.fromAsync(audit.read());
      deepStrictEqual(read[0], all[0]);
      deepStrictEqual(new Set(read.map(({ name }) => name)).size, 20);
    },
  );

  define(
    `${name}, audit: asked for a team, and from a moment on -> those lines`,
    async () => {
      await using engine = await open(() => {});
      const { audit } = engine;
      const entryOf = (hour: string, team?: string) => ({
        at: `2026-02-03T${hour}:00:00.000Z`,
        what: "login",
        name: hour,
        ...team && { team, by: "ada", details: 'a "word"\nor two' },
      });
      const [first, second, third] = [
        entryOf("10", TEAM),
        entryOf("11"),
        entryOf("12", TEAM),
      ];
      for (const entry of [first, second, third]) await audit.note(entry!);
      const read = (filter: AuditFilter) => Array.fromAsync(audit.read(filter));
      const since = "2026-02-03T11:00:00.000Z";
      deepStrictEqual(await read({ team: TEAM }), [first, third]);
      deepStrictEqual(await read({ since }), [second, third]);
      deepStrictEqual(await read({ team: TEAM, since }), [third]);
      const ever = { since: "0000-01-01T00:00:00.000Z" };
      deepStrictEqual(await read(ever), [first, second, third]);
      deepStrictEqual(await read({ team: "none" }), []);
    },
  );

  define(
    `${name}, two collectors: a token for a WebSocket, of either -> good once, at either`,
    async () => {
      const world = new TestWorld();
      await using engine = await open(() => {}, world);
      const { settings, records } = engine;
      const [one, other] = [0, 1].map(() =>
        new Sessions({
          store: new SessionStore(records, world.nowMs),
          accounts: new AccountStore(settings),
          tokens: new Tokens(new SigningKeys(settings, world), world.nowMs),
          spent: new SpentTokens(records, world),
          world,
        })
      ) as [Sessions, Sessions];
      const caller = {
        kind: "key",
        name: "ci",
        id: "1",
        team: TEAM,
        role: "writer",
      } as const;
      for (
        const [from, to] of [[one, other], [other, one], [one, one]] as const
      ) {
        const token = await from.socketToken(caller);
        const tries = await Promise.all(
          [to, from, to].map((sessions) => sessions.spendSocketToken(token)),
        );
        deepStrictEqual(tries.filter(Boolean), [caller]);
      }
      strictEqual((await records.list("spent_token")).length, 3);
      world.timeMs += SPENT_TOKEN_MS + 1;
      await one.sweep();
      deepStrictEqual(await records.list("spent_token"), []);
    },
  );

  define(
    `${name}, two collectors that start at the same moment -> one node, one signing key`,
    async () => {
      await using engine = await open(() => {});
      const { settings, records } = engine;
      const worlds = [1, 2].map((seed) => new TestWorld({ seed }));
      const nodes = worlds.map((world) => nodeIdOf(records, world));
      strictEqual(new Set(await Promise.all(nodes)).size, 1);
      const keys = worlds.map((world) =>
        new SigningKeys(settings, world).newest()
      );
      const [first, second] = await Promise.all(keys);
      deepStrictEqual(first, second);
      strictEqual((await signingKeys(settings)).length, 1);
    },
  );

  define(
    `${name}, keys: made, found out again by nobody, removed -> gone for the standing, too`,
    async () => {
      const world = new TestWorld();
      await using engine = await open(() => {}, world);
      const { settings, records } = engine;
      const keys = new KeyStore(settings),
        accounts = new AccountStore(settings);
      const standing = new Standing({ accounts, keys, records, world });
      const wanted = { name: "ci", team: TEAM, role: "admin" } as const;
      const { key, text } = await keys.create(wanted, world);
      ok(
        !JSON.stringify(await settings.list("keys")).includes(text.slice(-64)),
      );
      ok(await isKey(text, key) && !await isKey(`${text}0`, key));
      await rejects(keys.create(wanted, world), { code: "key_exists" });
      deepStrictEqual(await standing.key(key.id), key);
      strictEqual(await standing.key("none"), undefined);
      await keys.create({ ...wanted, name: "b", lifetimeMs: 1_000 }, world);
      const { id } = (await keys.find("b"))!;
      ok(await standing.key(id));
      world.timeMs += 1_000;
      strictEqual(await standing.key(id), undefined);
      deepStrictEqual(await keys.remove("ci"), key);
      const isGood = await standing.look();
      const { kind, ...caller } = {
        kind: "key" as const,
        ...wanted,
        id: key.id,
      };
      strictEqual(isGood({ kind, ...caller }), false);
    },
  );

  define(`${name}, teams: those that have sent anything -> these`, async () => {
    await using engine = await open(() => {});
    const { events } = engine;
    deepStrictEqual(await events.teams(), []);
    await events.page("nobody", 0, 1);
    await events.admit("beta", [incoming(1, { team: "beta" })]);
    await events.admit(TEAM, [], { word: wordOf(1, { recorded: 3 }) });
    deepStrictEqual((await events.teams()).toSorted(), [TEAM, "beta"]);
  });

  define(
    `${name}, usage: events new, known and of another team -> those that are stored, and the bytes of their documents`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      deepStrictEqual(await events.usage(TEAM), { events: 0, bytes: 0 });
      const all = [incoming(1), incoming(2, { size: 70_000 }), incoming(3)];
      await events.admit(TEAM, all);
      await events.admit("beta", [incoming(4, { team: "beta" })]);
      await events.admit(TEAM, [all[1]!, incoming(5)]);
      deepStrictEqual(
        await events.usage(TEAM),
        usageOf([...all, incoming(5)]),
      );
    },
  );

  define(
    `${name}, admit: up to a quota and beyond -> all of it, or nothing; what is known needs no room`,
    async () => {
      const told: string[] = [];
      await using engine = await open((_team, stored) =>
        told.push(...stored.map(({ event_id }) => event_id))
      );
      const { events } = engine;
      const [one, two, three] = [1, 2, 3].map((n) => incoming(n));
      const refused = (
        offered: IncomingEvent[],
        quota: { events?: number; bytes?: number },
      ) =>
        rejects(
          events.admit(TEAM, offered, {
            quota,
            word: wordOf(1, { recorded: 9 }),
          }),
          (error) => {
            ok(error instanceof QuotaError);
            deepStrictEqual(error.quota, quota);
            return true;
          },
        );
      await refused([one!], { events: 0 });
      await refused([one!], { bytes: 0 });
      deepStrictEqual(await events.admit(TEAM, [], { quota: { events: 0 } }), {
        events: [],
        highest: 0,
      });
      await refused([one!, two!, three!], { events: 2 });
      deepStrictEqual(await events.usage(TEAM), { events: 0, bytes: 0 });
      deepStrictEqual(await events.nodes(TEAM), []);
      const full = usageOf([one!, two!]);
      // The same one twice takes room once.
      await events.admit(TEAM, [one!, two!, one!], { quota: full });
      const again = await events.admit(TEAM, [two!, one!], {
        quota: { events: 1, bytes: 1 },
      });
      deepStrictEqual(kindsOf(again.events), ["duplicate", "duplicate"]);
      await refused([two!, three!], { events: 2 });
      await refused([three!], { bytes: full.bytes + three!.bytes.length - 1 });
      deepStrictEqual(told, [1, 2].map(idOf));
      deepStrictEqual(await events.usage(TEAM), full);
      await events.prune(TEAM, 1);
      await events.admit(TEAM, [three!], { quota: { events: 2 } });
      await rejects(
        events.admit("beta", [incoming(4, { team: "beta" })], {
          quota: { events: 0 },
        }),
        QuotaError,
      );
    },
  );

  define(
    `${name}, admit: many at once under one quota -> exactly so many`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const outcomes = await Promise.allSettled(
        Array.from(
          { length: 10 },
          (_, g) =>
            events.admit(TEAM, [1, 2, 3].map((i) => incoming(g * 3 + i)), {
              quota: { events: 10 },
            }),
        ),
      );
      const good = outcomes.filter(({ status }) => status === "fulfilled");
      strictEqual(good.length, 3);
      strictEqual((await events.usage(TEAM)).events, 9);
      strictEqual((await exported(events)).length, 9);
    },
  );

  define(
    `${name}, prune: any positions, one after the other -> the rest as it was, and all that was counted`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const sizes = [400, 70_000, 400, 400, 500_000, 500, 400, 70_000, 400];
      const all = sizes.map((size, i) =>
        incoming(i + 1, { size, node: `node ${i % 2}` })
      );
      await events.admit(TEAM, all.slice(0, 6));
      await events.admit(TEAM, all.slice(6));
      await events.admit("beta", [incoming(50, { team: "beta" })]);
      const nodes = await events.nodes(TEAM),
        packages = await snapshotOf(events);
      const ids = all.map(({ event_id }) => event_id);
      strictEqual(await events.first(TEAM), 0);
      for (const [upTo, first] of [[0, 0], [1, 1], [3, 3], [2, 3], [5, 5]]) {
        await events.prune(TEAM, upTo!);
        strictEqual(await events.first(TEAM), first);
        deepStrictEqual(await events.usage(TEAM), usageOf(all.slice(first)));
        for (const from of [0, 1, 3, 4, 8, 9, 12]) {
          const page = await events.page(TEAM, from, 3);
          const begins = Math.max(from, first!);
          strictEqual(page.first, begins);
          deepStrictEqual(idsOf(page.events), ids.slice(begins, begins + 3));
          const end = begins + page.events.length;
          strictEqual(page.next, end < all.length ? end : null);
        }
        const lines = (await exported(events)).map((line) => JSON.parse(line));
        deepStrictEqual(
          lines.map(({ event_id }) => event_id),
          ids.slice(first),
        );
        deepStrictEqual(
          (await events.at(TEAM, all.map((_, n) => n))).map((bytes) =>
            bytes && idsOf([bytes])[0]
          ),
          ids.map((id, n) => n < first! ? undefined : id),
        );
        deepStrictEqual(await events.nodes(TEAM), nodes);
        deepStrictEqual(await snapshotOf(events), packages);
      }
      const again = await events.admit(TEAM, [...all, incoming(20)]);
      deepStrictEqual(kindsOf(again.events), [
        ...all.map(() => "duplicate"),
        "stored",
      ]);
      const [last] = await events.at(TEAM, [all.length]);
      deepStrictEqual(idsOf([last!]), [idOf(20)]);
      await events.prune(TEAM, 1_000);
      strictEqual(await events.first(TEAM), 10);
      deepStrictEqual(await events.usage(TEAM), { events: 0, bytes: 0 });
      deepStrictEqual(await events.page(TEAM, 2, 3), {
        events: [],
        first: 10,
        next: null,
      });
      const { highest } = await events.admit(TEAM, [incoming(21)]);
      strictEqual(highest, 21);
      deepStrictEqual(idsOf((await events.page(TEAM, 0, 3)).events), [
        idOf(21),
      ]);
      strictEqual((await events.page("beta", 0, 3)).events.length, 1);
      deepStrictEqual((await events.teams()).toSorted(), [TEAM, "beta"]);
    },
  );

  define(
    `${name}, prune: while events arrive and pages are read -> a reader misses none that is there, and sees none twice`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const COUNT = 1_200;
      const group = (g: number) =>
        Array.from({ length: 100 }, (_, i) => incoming(g * 100 + i + 1));
      await events.admit(TEAM, group(0));
      const writing = (async () => {
        for (let g = 1; g < COUNT / 100; g++) {
          await events.admit(TEAM, group(g));
        }
      })();
      const pruning = (async () => {
        for (let upTo = 7; upTo < 500; upTo += 61) {
          await events.prune(TEAM, upTo);
        }
      })();
      const seen: number[] = [];
      for (let cursor = 0; cursor < COUNT;) {
        const page = await events.page(TEAM, cursor, 90);
        ok(page.first >= cursor);
        for (const [i, id] of idsOf(page.events).entries()) {
          strictEqual(id, idOf(page.first + i + 1));
          seen.push(page.first + i);
        }
        cursor = page.first + page.events.length;
      }
      await Promise.all([writing, pruning]);
      // What was to go before it was stored is there still.
      await events.prune(TEAM, 450);
      deepStrictEqual(seen, [...new Set(seen)].toSorted((a, b) => a - b));
      const first = await events.first(TEAM);
      ok(first > 400);
      const there = seen.filter((position) => position >= first);
      strictEqual(there.length, COUNT - first);
    },
  );

  define(
    `${name}, prune: rows that clones send later with stamps of their own -> known as theirs, and missing in none`,
    async () => {
      await using engine = await open(() => {});
      const { events } = engine;
      const send = (node: string, shift: number) =>
        events.admit(TEAM, [1, 2, 3].map((n) => rowOf(n, node, n + shift)), {
          word: { ...wordOf(1, { recorded: 3 }, node), home: node },
        });
      await send("one", 0);
      await events.admit(TEAM, [incoming(9)]);
      await events.prune(TEAM, 1);
      await events.prune(TEAM, 2);
      // The same stamps: one has not heard that all of it is here.
      deepStrictEqual(
        kindsOf((await send("one", 0)).events),
        Array(3).fill("duplicate"),
      );
      deepStrictEqual(
        kindsOf((await send("two", 7)).events),
        Array(3).fill("duplicate"),
      );
      await send("two", 7);
      const nodes = await events.nodes(TEAM);
      deepStrictEqual(
        nodes.filter(({ recorded }) => recorded)
          .map(({ node_id, events, shared, missing }) => [
            node_id,
            events,
            shared,
            missing,
          ]),
        [["one", 3, 0, 0], ["two", 0, 3, 0]],
      );
    },
  );
}
