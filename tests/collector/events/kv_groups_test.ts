/** What one commit of a real Deno KV can hold, whatever events are like. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Engine,
  fillEvents,
  openFolder,
  rebuildFolder,
} from "../../../lib/collector/engine.ts";
import { eventsPath } from "../../../lib/collector/folder.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import type { SnapshotPackage } from "../../../lib/collector/events/packages.ts";
import { encode } from "../../../lib/event/event.ts";
import { inEventsFile } from "../../support/collector.ts";
import { eventOf, incomingOf, incomingRowOf } from "../../support/events.ts";
import { IS_FULL } from "../../support/needs.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

const TEAM = "alpha", COUNT = 1_200;

/** Text of 240 characters, each of three bytes. */
const LONG = "\u20ac".repeat(240);

/** A name of a team or a node that takes as much room as one may. */
const LONG_TEAM = "\u20ac".repeat(128), LONG_NODE = "\u20ac".repeat(255);

/** Each character takes six bytes in JSON, and two in a key. */
const ESCAPED = "\0".repeat(199);

function created(
  n: number,
  feature_slug: string,
  { team = TEAM, node = "one" } = {},
): IncomingEvent {
  const { envelope } = eventOf(n, { team, node });
  const document = {
    ...envelope,
    event_type: "WPCreated" as const,
    payload: { wp_id: "WP01", title: "x", feature_slug },
  };
  return { ...encode(document), document };
}

/** A folder of a collector, and what is done with it. */
async function inFolder(
  work: (parts: {
    path: string;
    /** Admits events, and returns what all of them are; one kind, where that is right. */
    admit: (
      events: readonly IncomingEvent[],
      team?: string,
    ) => Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  const path = `${folder.path}/collector`;
  await work({
    path,
    admit: (events, team = TEAM) =>
      opened(path, async (engine) => {
        const admission = await engine.events.admit(team, events);
        const kinds = new Set(admission.events.map(({ kind }) => kind));
        return [...kinds].join();
      }),
  });
}

async function opened<T>(
  path: string,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  await using engine = await openFolder(path, new TestWorld(), () => {});
  return await use(engine);
}

/** Admits events twice, in the given order, and tells how many packages there are. */
async function admitted(events: readonly IncomingEvent[], team = TEAM) {
  let packages: readonly SnapshotPackage[] = [];
  await inFolder(async ({ path, admit }) => {
    strictEqual(await admit(events, team), "stored");
    strictEqual(await admit(events, team), "duplicate");
    await opened(path, async (engine) => {
      strictEqual((await engine.events.usage(team)).events, events.length);
      await engine.events.snapshot(team, (found) => packages = found);
    });
  });
  return packages.length;
}

const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);

Deno.test("admit: many events, each of another package with a name as long as may be -> stored, in as many commits as it takes", async () => {
  const events = numbers.map((n) => created(n, `${LONG}${n}`));
  strictEqual(await admitted(events), COUNT);
});

Deno.test("admit: many rows of one source and of many, with names as long as may be -> stored", async () => {
  const source = `/${LONG.slice(0, 190)}`;
  await admitted(numbers.map((n) => incomingRowOf(n, { source })));
  await admitted(
    numbers.map((n) => incomingRowOf(n, { source: `${source}${n}` })),
  );
});

/** More pages of ids than one commit can hold: some 500. */
const APART_COUNT = IS_FULL ? COUNT : 700;

/** Stores all events but every 40th, so that each of those comes into another page; then these. */
async function apart(
  make: (n: number) => IncomingEvent,
  team = TEAM,
): Promise<void> {
  const APART = 40, AT_ONCE = 4_000;
  const some = numbers.slice(0, APART_COUNT);
  await inFolder(async ({ admit }) => {
    for (let n = 0; n < APART * some.length; n += AT_ONCE) {
      const others = Array.from({ length: AT_ONCE }, (_, i) => n + i)
        .filter((n) => n % APART !== 0);
      strictEqual(await admit(others.map(make), team), "stored");
    }
    const rest = some.map((n) => make(APART * (n - 1)));
    strictEqual(await admit(rest, team), "stored");
    strictEqual(await admit(rest.toReversed(), team), "duplicate");
  });
}

Deno.test("admit: ids each of which lies in another page -> stored", async () => {
  await apart((n) => created(n, `${n % 7}`));
});

Deno.test("admit: the same of rows, which do not name their team, with a name of it as long as may be -> stored", async () => {
  await apart((n) => incomingRowOf(n), LONG_TEAM);
});

for (const source of [`/${LONG.slice(0, 190)}`, ESCAPED]) {
  Deno.test(`admit: short ids among long ones, of ${JSON.stringify(source).length} characters in JSON -> stored`, async () => {
    await inFolder(async ({ admit }) => {
      const long = numbers.map((n) => incomingRowOf(3 * n, { source }));
      strictEqual(await admit(long), "stored");
      const short = numbers.map((n) => incomingOf(3 * n + 1, { team: TEAM }));
      strictEqual(await admit(short), "stored");
      strictEqual(await admit([...short, ...long]), "duplicate");
    });
  });
}

Deno.test("admit: twenty nodes with names as long as may be, of packages with short names and long ones -> stored", async () => {
  for (const name of ["f", LONG]) {
    const events = numbers.map((n) => {
      const node = `${LONG_NODE}${String.fromCodePoint(0x41 + n % 20)}`;
      return created(n, `${name}${n}`, { team: LONG_TEAM, node });
    });
    strictEqual(await admitted(events, LONG_TEAM), COUNT);
  }
});

Deno.test("admit: packages of which an event that is later, of a node with a long name, was stored -> stored", async () => {
  await inFolder(async ({ admit }) => {
    const later = numbers.map((n) =>
      created(COUNT + n, `${n}`, { node: ESCAPED })
    );
    strictEqual(await admit(later), "stored");
    const events = numbers.map((n) => created(n, `${n}`));
    strictEqual(await admit(events), "stored");
    strictEqual(await admit(events), "duplicate");
  });
});

Deno.test("admit: rows with long sources that another node sends, too -> duplicates, each noted once", async () => {
  const source = `/${"x".repeat(190)}`;
  await inFolder(async ({ path, admit }) => {
    const rows = (node: string) =>
      numbers.map((n) => incomingRowOf(n, { source, node }));
    strictEqual(await admit(rows("one")), "stored");
    for (let time = 0; time < 2; time++) {
      strictEqual(await admit(rows("two")), "duplicate");
    }
    const nodes = await opened(path, ({ events }) => events.nodes(TEAM));
    deepStrictEqual(
      nodes.map(({ node_id, events, shared }) => [node_id, events, shared]),
      [["one", COUNT, 0], ["two", 0, COUNT]],
    );
  });
});

Deno.test("prune, then rebuild: packages and nodes with names as long as may be -> removed, and nothing of what they said is lost", async () => {
  const all = numbers.map((n) =>
    created(n, `${LONG}${n}`, { node: `${LONG_NODE}${n % 60}` })
  );
  await inFolder(async ({ path, admit }) => {
    strictEqual(await admit(all), "stored");
    const said = () =>
      opened(path, async ({ events }) => {
        let packages: unknown;
        await events.snapshot(TEAM, (found) => packages = found);
        return { packages, nodes: await events.nodes(TEAM) };
      });
    const before = await said();
    await opened(path, ({ events }) => events.prune(TEAM, COUNT - 100));
    deepStrictEqual(await said(), before);
    strictEqual(await admit(all), "duplicate");
    await inEventsFile(path, async (kv) => {
      for await (const { key } of kv.list({ prefix: ["package"] })) {
        await kv.delete(key);
      }
    });
    const [rebuilt] = await Array.fromAsync(
      rebuildFolder(path, new TestWorld()),
    );
    deepStrictEqual(
      [rebuilt!.events, rebuilt!.packages, rebuilt!.mended],
      [100, COUNT, COUNT],
    );
    deepStrictEqual((await said()).packages, before.packages);
  });
});

Deno.test("fillEvents: values with names as long as may be -> a file with all of them", async () => {
  await inFolder(async ({ path }) => {
    const value = new TextEncoder().encode("1");
    const keys = numbers.map((
      n,
    ) => ["package", LONG_TEAM, `${LONG}${n}`, LONG]);
    await Deno.mkdir(path);
    const values = async function* () {
      for (const key of keys) yield [key, value] as const;
    };
    await fillEvents(eventsPath(path), values());
    await inEventsFile(path, async (kv) => {
      const found = await Array.fromAsync(kv.list({ prefix: ["package"] }));
      strictEqual(found.length, COUNT);
    });
  });
});
