/** What holds for every way to the server: what goes out, and what trouble costs. One suite, run for each. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CHUNK_BYTES, EVENT_BYTES_MAX } from "../../lib/base/limits.ts";
import { eventOf, idOf } from "../support/events.ts";
import { homeAt } from "../support/home.ts";
import {
  bounded,
  deadlineIn,
  eventsOf,
  idsOf,
  sessionFor,
  TEAM,
} from "../support/sending.ts";
import { each, saying } from "../support/ways.ts";

const SIZES = [
  CHUNK_BYTES - 1,
  CHUNK_BYTES,
  CHUNK_BYTES + 1,
  EVENT_BYTES_MAX / 2,
  EVENT_BYTES_MAX,
  EVENT_BYTES_MAX,
];

each(
  "an answer that names no sent event -> trouble, and nothing is used up",
  eventsOf(1, 3),
  async (at, open) => {
    at.server.answer = () => [{ event_id: idOf(99), status: "rejected" }];
    const { counts, end } = await at.drain(await open(), {
      deadline: deadlineIn(300),
    });
    strictEqual(end.kind, "trouble");
    deepStrictEqual([counts.delivered, counts.rejected], [0, 0]);
    await at.isUntouched();
  },
);

each(
  "events of other teams -> stay; those of no team -> go out with the session's, and are kept as they were",
  [
    eventOf(1, { team: "beta" }),
    eventOf(2, { team: "local" }),
    eventOf(3, { team: "local" }),
    eventOf(4, { team: TEAM }),
    eventOf(5, { team: "beta", size: 2 * CHUNK_BYTES }),
    eventOf(6, { team: "local", size: 2 * CHUNK_BYTES }),
  ],
  async (at, open) => {
    at.server.answer = (events) =>
      events.flatMap((event) =>
        event.event_id === idOf(3)
          ? saying("rejected")([event])
          : at.server.take([event])
      );
    const { counts } = await at.drain(await open());
    deepStrictEqual(
      at.server.events,
      [2, 3, 4, 6].map((n) => ({
        ...eventOf(n, n === 6 ? { size: 2 * CHUNK_BYTES } : {}).envelope,
        team_slug: TEAM,
      })),
    );
    deepStrictEqual([counts.sent, counts.local], [4, 2]);
    deepStrictEqual(await at.ids("queue"), [idOf(1), idOf(5)]);
    deepStrictEqual(
      (await at.kept("dead")).map(({ envelope }) => envelope),
      [eventOf(3, { team: "local" }).envelope],
    );
    await at.ledger();
  },
);

each(
  "events up to 1 MiB -> arrive whole, no more bytes at once than allowed",
  SIZES.map((size, i) => eventOf(i + 1, { team: TEAM, size })),
  async (at, open) => {
    const { counts, end } = await at.drain(await open());
    strictEqual(end.kind, "drained");
    deepStrictEqual(
      at.server.events,
      SIZES.map((size, i) => eventOf(i + 1, { team: TEAM, size }).envelope),
    );
    strictEqual(counts.batches, 3);
    const { queued, bytes } = await at.ledger();
    deepStrictEqual([queued, bytes], [0, 0]);
  },
);

each(
  "the server dies in the middle -> what it acknowledged is gone; the next drain delivers the rest",
  eventsOf(1, 6, { size: EVENT_BYTES_MAX / 2 }),
  async (at, open) => {
    // Events 3 and 4 arrive, but nobody is told of it.
    at.server.answer = async (events) => {
      const results = at.server.take(events);
      if (!at.server.taken.has(idOf(4))) return results;
      await at.server.die();
      return results;
    };
    const first = await at.drain(await open());
    strictEqual(first.end.kind, "trouble");
    ok((await at.ids("queue")).includes(idOf(4)));
    ok(!(await at.ids("queue")).includes(idOf(2)));
    strictEqual((await at.ledger()).dead, 0);
    ok((await at.kept("queue")).every(({ attempts }) => attempts === 0));

    at.server.rise();
    at.server.answer = (events) => at.server.take(events);
    const second = await at.drain(await open());
    strictEqual(second.end.kind, "drained");
    ok(second.counts.duplicates >= 1);
    strictEqual(at.server.taken.size, 6);
    const { queued, delivered } = await at.ledger();
    deepStrictEqual([queued, delivered], [0, 6]);
  },
);

each(
  "a silent server -> the drain ends at its deadline, and nothing is used up",
  eventsOf(1, 3),
  async (at, open) => {
    const transport = await open();
    at.server.answer = () => at.server.silence();
    const deadline = deadlineIn(200);
    const { end } = await at.drain(transport, { deadline, troublesMax: 1_000 });
    ok(deadline.leftMs <= 50 && deadline.leftMs > -5_000, `${deadline.leftMs}`);
    ok(end.kind === "trouble" || end.kind === "late", end.kind);
    await at.isUntouched();
  },
);

each("a deadline that has passed -> nothing is sent", eventsOf(1, 1), async (
  at,
  open,
) => {
  const transport = await open();
  const { end } = await at.drain(transport, { deadline: deadlineIn(-1) });
  deepStrictEqual(end, { kind: "late" });
  deepStrictEqual(at.server.events, []);
});

each(
  "events appended while a long queue is on its way -> go out too",
  eventsOf(1, 1_000),
  async (at, open) => {
    const transport = bounded(await open(), { eventsMax: 200 });
    at.server.answer = async (events) => {
      if (events[0]!.event_id === idOf(1)) {
        await at.append(eventsOf(1_001, 1_050));
      }
      return at.server.take(events);
    };
    const { counts } = await at.drain(transport);
    strictEqual(counts.delivered, 1_050);
    deepStrictEqual(idsOf(at.server.events), idsOf(eventsOf(1, 1_050)));
    strictEqual((await at.ledger()).queued, 0);
  },
);

each(
  "two drains of one home at once -> one after the other, each event sent once",
  eventsOf(1, 500),
  async (at, open) => {
    using other = homeAt(at.home.path, { world: at.world });
    const session = await sessionFor(at.server.url, at.world);
    const results = await Promise.all([
      at.sync([await open()]),
      at.sync([await open()], { home: other, session }),
    ]);
    deepStrictEqual(idsOf(at.server.events), idsOf(eventsOf(1, 500)));
    deepStrictEqual(
      results.map(({ counts }) => counts.delivered).sort((a, b) => a - b),
      [0, 500],
    );
    for (const { end, remaining } of results) {
      deepStrictEqual([end.kind, remaining], ["drained", 0]);
    }
  },
);

each("resting events -> are passed over, this time", eventsOf(1, 3), async (
  at,
  open,
) => {
  const resting = new Set([idOf(2)]);
  const transport = await open();
  await at.drain(transport, {
    selection: { teamSlug: TEAM, accepted: "all", resting },
  });
  deepStrictEqual(idsOf(at.server.events), [idOf(1), idOf(3)]);
  await at.drain(transport);
  deepStrictEqual(idsOf(at.server.events), [idOf(1), idOf(3), idOf(2)]);
});
