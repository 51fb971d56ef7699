/** When the agent drains next. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  nextDrainMs,
  type Plan,
  planAfter,
} from "../../lib/delivery/schedule.ts";
import type { SyncEnd } from "../../lib/delivery/drain/sync.ts";

const PLAN: Plan = {
  isPoked: false,
  gatheredMs: -Infinity,
  scheduledMs: 300_000,
  notBeforeMs: -Infinity,
  bar: "none",
  troubles: 0,
};

const NOW = 1_000;

Deno.test("nextDrainMs: poked, barred, in trouble, or not its turn -> the latest of what has to be awaited", () => {
  const table: [string, Partial<Plan>, paceMs: number, dueMs: number][] = [
    ["nothing to do", {}, -Infinity, 300_000],
    ["poked", { isPoked: true }, -Infinity, NOW],
    ["poked, gathering", { isPoked: true, gatheredMs: 1_500 }, 900, 1_500],
    ["poked, with a turn that has come", { isPoked: true }, 900, NOW],
    ["poked, before its turn", { isPoked: true }, 5_000, 5_000],
    [
      "poked, to be left alone",
      { isPoked: true, notBeforeMs: 9_000 },
      0,
      9_000,
    ],
    [
      "poked, to be left alone, before its turn",
      { isPoked: true, notBeforeMs: 9_000 },
      12_000,
      12_000,
    ],
    [
      "poked, told to stay away",
      { isPoked: true, bar: "until_scheduled" },
      0,
      300_000,
    ],
    [
      "left alone for longer than until the scheduled drain",
      { notBeforeMs: 900_000 },
      0,
      900_000,
    ],
    ["told to stay away for good", { bar: "until_restart" }, 0, Infinity],
    [
      "poked, told to stay away for good",
      { isPoked: true, bar: "until_restart" },
      0,
      Infinity,
    ],
  ];
  for (const [name, changes, paceMs, dueMs] of table) {
    strictEqual(nextDrainMs({ ...PLAN, ...changes }, NOW, paceMs), dueMs, name);
  }
});

Deno.test("planAfter: each end -> what it asks for", () => {
  const before: Plan = { ...PLAN, troubles: 2 };
  const words = "why";
  const table: [SyncEnd, Partial<Plan>][] = [
    [{ kind: "drained" }, { troubles: 0 }],
    [
      { kind: "trouble", words },
      { troubles: 3, isPoked: true, notBeforeMs: NOW + 300 },
    ],
    [
      { kind: "trouble", words, retryAfterMs: 7_000 },
      { troubles: 3, isPoked: true, notBeforeMs: NOW + 7_000 },
    ],
    [{ kind: "busy" }, { isPoked: true }],
    [{ kind: "late" }, { isPoked: true }],
    [
      { kind: "stopped", reason: "outdated", words },
      { bar: "until_restart" },
    ],
    [
      { kind: "stopped", reason: "forbidden", words },
      { bar: "until_scheduled" },
    ],
    [
      { kind: "stopped", reason: "not_authenticated", words },
      { bar: "until_scheduled" },
    ],
    [{ kind: "stopped", reason: "no_team", words }, { bar: "until_scheduled" }],
  ];
  for (const [end, changes] of table) {
    deepStrictEqual(
      planAfter(
        before,
        end,
        NOW,
        (troubles, retryAfterMs) => retryAfterMs ?? troubles * 100,
      ),
      { ...before, ...changes },
      JSON.stringify(end),
    );
  }
});

Deno.test("planAfter: trouble again and again, then a drain -> longer pauses, then none", () => {
  const backoff = (troubles: number) => troubles * 100;
  let plan = PLAN;
  for (const troubles of [1, 2, 3]) {
    plan = planAfter(plan, { kind: "trouble", words: "" }, NOW, backoff);
    strictEqual(nextDrainMs(plan, NOW, 0), NOW + troubles * 100);
  }
  plan = planAfter(plan, { kind: "drained" }, NOW + 300, backoff);
  plan = planAfter(plan, { kind: "trouble", words: "" }, NOW + 300, backoff);
  strictEqual(nextDrainMs(plan, NOW + 300, 0), NOW + 400);
});
