import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Deadline } from "../../lib/base/deadline.ts";
import { DeadlineError } from "../../lib/base/errors.ts";
import { type CompleteDraft, render } from "../../lib/event/event.ts";
import type { Held } from "../../lib/home/held.ts";
import { COMMIT_EVENTS_MAX } from "../../lib/base/limits.ts";
import { record, type Recorded } from "../../lib/home/record.ts";
import { completeDraftOf, idOf } from "../support/events.ts";
import {
  ALL,
  homeAt,
  inHome,
  settingsOf,
  storedClock,
  tempHome,
} from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

function recordAll(
  held: Held,
  drafts: readonly CompleteDraft[],
  limits: { maxQueueSize?: number; maxQueueBytes?: number } = {},
): Promise<Recorded[]> {
  const candidates = drafts.map((draft) => ({
    draft: render(draft, "9f86d081884c"),
    mayExist: true,
  }));
  return record(held, candidates, settingsOf(limits));
}

const drafts = (count: number) =>
  Array.from({ length: count }, (_, i) => completeDraftOf(idOf(i + 1)));
const kindsOf = (results: readonly Recorded[]) => results.map((r) => r.kind);

Deno.test("record: drafts -> stored in order, the clock is on disk before the events are", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    const store = held.queue.store.bind(held.queue);
    held.queue.store = async (addition) => {
      strictEqual(await storedClock(home.path), 3);
      await store(addition);
    };
    const results = await recordAll(held, drafts(3));
    deepStrictEqual(kindsOf(results), ["stored", "stored", "stored"]);
    strictEqual(held.clock, 3);
  });
});

Deno.test("record: the clock cannot be stored -> throws, nothing is in the queue", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    await Deno.mkdir(`${home.path}/.clock.json.tmp/x`, { recursive: true });
    await rejects(recordAll(held, drafts(2)));
    strictEqual(held.queue.ledger.accepted, 0);
    strictEqual(held.clock, 0);
  });
});

Deno.test("record: the queue cannot store -> failed, distrusted; the values are not used again", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    held.queue.store = () => Promise.reject(new Error("disk"));
    deepStrictEqual(kindsOf(await recordAll(held, drafts(2))), [
      "failed",
      "failed",
    ]);
    strictEqual(held.isSound, false);
  });
  strictEqual(
    (await Deno.readTextFile(`${home.path}/clock.lock`)).trim(),
    "held",
  );
  await inHome(home.path, async (held) => {
    const [result] = await recordAll(held, [completeDraftOf(idOf(9))]);
    ok(result?.kind === "stored");
    strictEqual(result.lamport_clock, 3);
  });
});

Deno.test("record: the second of two commits fails -> the first's events are stored, the rest failed, retries of either alike", async () => {
  await using home = await tempHome();
  const all = drafts(COMMIT_EVENTS_MAX + 5);
  await inHome(home.path, async (held) => {
    const store = held.queue.store.bind(held.queue);
    let commits = 0;
    held.queue.store = (addition) =>
      ++commits === 2 ? Promise.reject(new Error("disk")) : store(addition);
    const twice = [...all, all[0]!, all[all.length - 1]!];
    const kinds = kindsOf(await recordAll(held, twice));
    deepStrictEqual(kinds, [
      ...Array(COMMIT_EVENTS_MAX).fill("stored"),
      ...Array(5).fill("failed"),
      "present",
      "failed",
    ]);
    strictEqual(held.queue.ledger.queued, COMMIT_EVENTS_MAX);
  });
  await inHome(home.path, async (held) => {
    const kinds = kindsOf(await recordAll(held, all));
    strictEqual(
      kinds.filter((kind) => kind === "present").length,
      COMMIT_EVENTS_MAX,
    );
    strictEqual(held.queue.ledger.accepted, all.length);
    const clocks = (await held.queue.peek(1e4))
      .map(({ event }) => event.lamport_clock);
    strictEqual(new Set(clocks).size, all.length);
  });
});

Deno.test("record: the deadline passes between clock and events -> failed, but not distrusted; nothing is in the queue", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  using opened = homeAt(home.path, { world });
  let elapsed = 0;
  const deadline = Deadline.in(() => elapsed, 1_000);
  await opened.hold(deadline, ALL, async (held) => {
    const reserveClock = held.reserveClock.bind(held);
    held.reserveClock = async (count) => {
      await reserveClock(count);
      elapsed = 2_000;
    };
    const [result] = await recordAll(held, drafts(1));
    ok(result?.kind === "failed" && result.error instanceof DeadlineError);
    strictEqual(held.isSound, true);
    strictEqual(held.queue.ledger.accepted, 0);
  });
});

Deno.test("record: known, conflicting, large and superfluous drafts among good ones -> only the good ones take values", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    await recordAll(held, drafts(1));
    const results = await recordAll(held, [
      completeDraftOf(idOf(1)),
      completeDraftOf(idOf(1), { wp_id: "WP02" }),
      completeDraftOf(idOf(2), { pad: "x".repeat(2 ** 20) }),
      completeDraftOf(idOf(3)),
      completeDraftOf(idOf(3)),
      completeDraftOf(idOf(4)),
    ], { maxQueueSize: 2 });
    deepStrictEqual(kindsOf(results), [
      "present",
      "conflict",
      "too_large",
      "stored",
      "present",
      "full",
    ]);
    strictEqual(held.clock, 2);
  });
});

Deno.test("record: nothing to store -> the clock stands, also on disk", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    await recordAll(held, drafts(1));
    await recordAll(held, drafts(1));
    await recordAll(held, []);
    strictEqual(held.clock, 1);
    strictEqual(await storedClock(home.path), 1);
  });
});

Deno.test("record: a crash after the commit, before unused values are given back -> a gap, never a repeat", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    held.releaseClock = () => Promise.resolve();
    await recordAll(held, [...drafts(2), ...drafts(2)]);
    strictEqual(await storedClock(home.path), 4);
  });
  await inHome(home.path, async (held) => {
    const [result] = await recordAll(held, [completeDraftOf(idOf(9))]);
    ok(result?.kind === "stored" && result.lamport_clock > 2);
  });
});
