/** Drafts that homes elsewhere hand over, and may hand over again. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { RenderedDraft } from "../../lib/event/event.ts";
import { prepareRow } from "../../lib/event/rows.ts";
import { RowContracts } from "../../lib/contract/rows/contracts.ts";
import { producer } from "../../lib/contract/rows/producer.ts";
import { HANDED_MAX, HANDED_MS } from "../../lib/home/handed.ts";
import type { Held } from "../../lib/home/held.ts";
import { record, type Recorded } from "../../lib/home/record.ts";
import { Spool } from "../../lib/home/spool.ts";
import { sampleId } from "../../lib/api/samples.ts";
import { idOf, renderedDraftOf } from "../support/events.ts";
import {
  farDeadline,
  homeAt,
  inHome,
  namesIn,
  settingsOf,
  tempHome,
} from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

/** Records drafts as an agent does to which they were handed over. */
function take(
  held: Held,
  drafts: readonly RenderedDraft[],
  mayExist = true,
): Promise<Recorded[]> {
  const candidates = drafts.map((draft) => ({
    draft,
    mayExist,
    isHanded: true,
  }));
  return record(held, candidates, settingsOf());
}

/** The queue without anything in it: all of it was delivered. */
async function deliverAll({ queue }: Held): Promise<void> {
  await queue.acknowledge(await Array.fromAsync(queue.ids("queue")));
  strictEqual(queue.ledger.queued, 0);
}

const DRAFT = renderedDraftOf(idOf(1));

Deno.test("record: handed over again while it is queued -> present, its clock value", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    deepStrictEqual(await take(held, [DRAFT]), [
      { kind: "stored", lamport_clock: 1 },
    ]);
    for (const mayExist of [true, false]) {
      deepStrictEqual(await take(held, [DRAFT], mayExist), [
        { kind: "present", place: "queue", lamport_clock: 1 },
      ]);
    }
    strictEqual(held.queue.ledger.accepted, 1);
  });
});

Deno.test("record: handed over again after it was delivered -> gone, its clock value; another content: conflict", async () => {
  await using home = await tempHome();
  const other = renderedDraftOf(idOf(1), { new_status: "done" });
  await inHome(home.path, async (held) => {
    await take(held, [renderedDraftOf(idOf(7)), DRAFT]);
    await deliverAll(held);
  });
  await inHome(home.path, async (held) => {
    for (const mayExist of [true, false]) {
      deepStrictEqual(await take(held, [DRAFT, other], mayExist), [
        { kind: "present", place: "gone", lamport_clock: 2 },
        { kind: "conflict" },
      ]);
    }
    strictEqual(held.queue.ledger.accepted, 2);
    deepStrictEqual(await held.queue.check(), []);
  });
});

Deno.test("record: twice in one group -> one event", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    deepStrictEqual(await take(held, [DRAFT, DRAFT], false), [
      { kind: "stored", lamport_clock: 1 },
      { kind: "present", place: "queue", lamport_clock: 1 },
    ]);
  });
});

Deno.test("record: a row handed over with a new id, and again -> stored once, noted as a row, too", async () => {
  await using home = await tempHome();
  const { row, problems } = prepareRow(
    new RowContracts([producer]),
    {
      type: "lane.transitioned",
      missionid: sampleId(0),
      subject: "WP01",
      actor: "ada",
      executionmode: "worktree",
      data: { from_lane: "planned", to_lane: "claimed" },
      id: idOf(1),
    },
    { newId: () => idOf(2), nowMs: 0, teamSlug: "acme", project: {} },
    "9f86d081884c",
  );
  ok(row, JSON.stringify(problems));
  await inHome(home.path, async (held) => {
    deepStrictEqual(await take(held, [row], false), [
      { kind: "stored", lamport_clock: 1 },
    ]);
    await deliverAll(held);
    for (const mayExist of [true, false]) {
      deepStrictEqual(await take(held, [row], mayExist), [
        { kind: "present", place: "gone", lamport_clock: 1 },
      ]);
    }
  });
});

Deno.test("record: drafts that were not handed over -> not noted", async () => {
  await using home = await tempHome();
  await inHome(home.path, async (held) => {
    const candidate = { draft: DRAFT, mayExist: true };
    await record(held, [candidate], settingsOf());
    await deliverAll(held);
    deepStrictEqual(await record(held, [candidate], settingsOf()), [
      { kind: "stored", lamport_clock: 2 },
    ]);
  });
});

/** Opens a home at a time, and works in it. */
async function atTime<T>(
  path: string,
  nowMs: number,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  return await inHome(path, work, { world: new TestWorld({ nowMs }) });
}

Deno.test("handed: known for two generations, then forgotten, and its note removed", async () => {
  await using home = await tempHome();
  const known = (held: Held, atMs: number) =>
    held.queue.findHanded([DRAFT.queue_id], atMs)
      .then((found) => found.has(DRAFT.queue_id));
  await atTime(home.path, 1_000, async (held) => {
    await take(held, [DRAFT]);
    await deliverAll(held);
  });
  let n = 10;
  for (
    const [days, isKnown] of [[3, true], [5, true], [8, true], [14, false]]
  ) {
    const nowMs = 1_000 + Number(days) * 24 * 60 * 60 * 1000;
    await atTime(home.path, nowMs, async (held) => {
      strictEqual(await known(held, nowMs), isKnown, `after ${days} days`);
      await take(held, [renderedDraftOf(idOf(n++))]);
    });
  }
  // The last commit removed it; what is left are the notes of the others.
  await using folder = await tempHome();
  await Deno.mkdir(folder.path);
  await Deno.copyFile(`${home.path}/events.kv`, `${folder.path}/copy.kv`);
  await Deno.copyFile(
    `${home.path}/events.kv-wal`,
    `${folder.path}/copy.kv-wal`,
  )
    .catch(() => {});
  const kv = await Deno.openKv(`${folder.path}/copy.kv`);
  try {
    const ids = (await Array.fromAsync(kv.list({ prefix: ["handed"] })))
      .flatMap(({ key }) => key[2] ?? []);
    ok(!ids.includes(DRAFT.queue_id));
    ok(ids.length > 0);
  } finally {
    kv.close();
  }
});

Deno.test("handed: the machine's clock goes back by a year -> still known", async () => {
  await using home = await tempHome();
  const lateMs = 400 * HANDED_MS;
  await atTime(home.path, lateMs, (held) => take(held, [DRAFT]));
  await atTime(home.path, 1_000, async (held) => {
    const found = await held.queue.findHanded([DRAFT.queue_id], 1_000);
    strictEqual(found.size, 1);
  });
});

Deno.test("handed: bounds -> a restart is forgiven within days, and notes take a bounded part of the disk", () => {
  ok(HANDED_MS >= 24 * 60 * 60 * 1000);
  ok(2 * HANDED_MAX * 150 < 100 * 1024 * 1024);
});

Deno.test("spool: a draft that was handed over -> a name that says so, taken in as one", async () => {
  await using home = await tempHome();
  await new Spool(home.path).put(DRAFT, farDeadline(), true);
  const [name] = await namesIn(`${home.path}/spool`);
  strictEqual(name, `${DRAFT.event_id}.handed.json`);
  await inHome(home.path, async (held) => {
    strictEqual(held.queue.ledger.queued, 1);
    await deliverAll(held);
    deepStrictEqual(await take(held, [DRAFT]), [
      { kind: "present", place: "gone", lamport_clock: 1 },
    ]);
  });
});

Deno.test("home: a spool that is for an agent elsewhere -> left alone", async () => {
  await using home = await tempHome();
  await new Spool(home.path).put(DRAFT, farDeadline());
  using opened = homeAt(home.path);
  const { context } = opened as { context: { leavesSpool?: boolean } };
  context.leavesSpool = true;
  await opened.maintain((held) => {
    strictEqual(held.queue.ledger.accepted, 0);
    return Promise.resolve();
  });
  strictEqual((await opened.spool.names()).length, 1);
});
