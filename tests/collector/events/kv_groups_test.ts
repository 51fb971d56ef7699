/** What one commit of a real Deno KV can hold, whatever events are like. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openFolder } from "../../../lib/collector/engine.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import type { SnapshotPackage } from "../../../lib/collector/events/packages.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf, incomingRowOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

const TEAM = "alpha", COUNT = 1_200;

/** Text of 240 characters, each of three bytes. */
const LONG = "\u20ac".repeat(240);

function created(n: number, feature_slug: string): IncomingEvent {
  const { envelope } = eventOf(n, { team: TEAM });
  const document = {
    ...envelope,
    event_type: "WPCreated" as const,
    payload: { wp_id: "WP01", title: "x", feature_slug },
  };
  return { ...encode(document), document };
}

/** Admits events twice, in the given order, and tells how many packages there are. */
async function admitted(events: readonly IncomingEvent[]) {
  await using folder = await tempFolder();
  await using engine = await openFolder(
    `${folder.path}/collector`,
    new TestWorld(),
    () => {},
  );
  const kinds = async () => {
    const admission = await engine.events.admit(TEAM, events);
    return new Set(admission.events.map(({ kind }) => kind));
  };
  deepStrictEqual([...await kinds()], ["stored"]);
  deepStrictEqual([...await kinds()], ["duplicate"]);
  strictEqual((await engine.events.usage(TEAM)).events, events.length);
  let packages: readonly SnapshotPackage[] = [];
  await engine.events.snapshot(TEAM, (found) => packages = found);
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

Deno.test("admit: ids each of which lies in another page -> stored", async () => {
  await using folder = await tempFolder();
  await using engine = await openFolder(
    `${folder.path}/collector`,
    new TestWorld(),
    () => {},
  );
  const { events } = engine, APART = 40;
  const between = (n: number) => created(n, `${n % 7}`);
  for (let n = 0; n < APART * COUNT; n += 4_000) {
    const some = Array.from({ length: 4_000 }, (_, i) => between(n + i))
      .filter((_, i) => (n + i) % APART !== 0);
    await events.admit(TEAM, some);
  }
  const apart = Array.from({ length: COUNT }, (_, i) => between(APART * i));
  const { events: kinds } = await events.admit(TEAM, apart);
  ok(kinds.every(({ kind }) => kind === "stored"));
  const again = await events.admit(TEAM, apart.toReversed());
  ok(again.events.every(({ kind }) => kind === "duplicate"));
});
