/** The story that the page makes of a package's events. */

import { deepStrictEqual } from "node:assert/strict";
import type { StoryEvent } from "../../lib/board/answers.ts";
import { chaptersOf, staysOf } from "../../web/views/story/chapters.ts";

const START = Date.UTC(2026, 5, 1);

function event(
  ms: number,
  from_lane: string | null,
  to_lane: string | null,
  data: Record<string, unknown> = {},
): StoryEvent {
  const line = {
    position: ms,
    id: `E${ms}`,
    at: new Date(START + ms).toISOString(),
    type: "lane.transitioned.v1",
    mission: "M",
    mission_slug: "m",
    package: "WP01",
    actor: null,
    node: "n",
    clock: ms,
    from_lane,
    to_lane,
  };
  return { position: ms, line, event: { data } };
}

Deno.test("chaptersOf: moves, a note between, a move to where it was -> how long it had been in the lane that it left", () => {
  const chapters = chaptersOf([
    event(0, null, "planned"),
    event(10, "planned", "doing"),
    event(15, null, null, { reason: "a note" }),
    event(20, "doing", "doing"),
    event(50, "doing", "done"),
  ]);
  deepStrictEqual(chapters.map(({ stayedMs }) => stayedMs), [
    null,
    10,
    null,
    null,
    40,
  ]);
  deepStrictEqual(chapters[2]!.remark, "a note");
});

Deno.test("chaptersOf: members that change -> in words, without what is not known and what is a remark", () => {
  const [chapter] = chaptersOf([event(0, null, null, {
    delta: {
      agent: "codex",
      model: "__resolved_model_absent__",
      subtasks: { T1: "done", T2: "planned" },
      shell_pid: 28365,
      note: "why",
    },
  })]);
  deepStrictEqual(chapter!.changes, [
    "agent codex",
    "subtasks (1 of 2 done)",
    "shell pid",
  ]);
  deepStrictEqual(chapter!.remark, "why");
});

Deno.test("staysOf: a lane that was entered twice -> both times together, the last until now", () => {
  const stays = staysOf([
    event(0, null, "planned"),
    event(10, "planned", "doing"),
    event(30, "doing", "planned"),
    event(60, "planned", "doing"),
  ], START + 100);
  deepStrictEqual(stays, [
    { lane: "planned", ms: 40 },
    { lane: "doing", ms: 60 },
  ]);
});
