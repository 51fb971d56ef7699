/** Events in one line each, and filters. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type EventFilter, linesFor } from "../../lib/board/lines.ts";
import type { Projection } from "../../lib/board/projection.ts";
import { boardOf, envelope, isoAt, move, row } from "../support/board.ts";
import { missionId } from "../support/project.ts";

const ANY: EventFilter = {
  ...{ mission: "", package: "", type: "", actor: "", node: "", text: "" },
  fromMs: -Infinity,
  toMs: Infinity,
};

const END = { before: Infinity };

function found(
  board: Projection,
  filter: Partial<EventFilter>,
  place: Parameters<typeof linesFor>[2] = END,
  limit = 100,
) {
  const { lines, has_more } = linesFor(
    board,
    { ...ANY, ...filter },
    place,
    limit,
  );
  return [lines.map(({ position }) => position), has_more];
}

const board = boardOf([
  row(0, "wp.created", { wp_id: "WP01", wp_title: "Parse headers" }, {
    subject: "WP01",
  }),
  move(1, "WP01", "planned", "claimed", { actor: "codex" }),
  envelope(2, "WPCreated", {
    wp_id: "WP01",
    title: "Other",
    feature_slug: "001-a",
  }),
  envelope(3, "ErrorLogged", { error_type: "runtime", error_message: "x" }),
  move(4, "WP02", "planned", "claimed"),
]);

Deno.test("lines: each filter -> the events that it means, and no others", () => {
  deepStrictEqual(found(board, {}), [[4, 3, 2, 1, 0], false]);
  deepStrictEqual(found(board, { mission: missionId(1) })[0], [4, 1, 0]);
  deepStrictEqual(found(board, { mission: "001-a" })[0], [2]);
  deepStrictEqual(found(board, { package: "WP01" })[0], [2, 1, 0]);
  deepStrictEqual(found(board, { type: "WPCreated" })[0], [2]);
  deepStrictEqual(found(board, { type: "lane.transitioned.v1" })[0], [4, 1]);
  deepStrictEqual(found(board, { type: "Transitioned" })[0], [4, 1]);
  deepStrictEqual(found(board, { actor: "codex" })[0], [1]);
  deepStrictEqual(found(board, { actor: "CODE" })[0], [1]);
  deepStrictEqual(found(board, { node: "aaaaaaaaaaaa" })[0], [3, 2]);
  deepStrictEqual(found(board, { node: "nobody" })[0], []);
  const from = Date.parse(isoAt(1_000)), to = Date.parse(isoAt(3_000));
  deepStrictEqual(found(board, { fromMs: from, toMs: to })[0], [3, 2, 1]);
  deepStrictEqual(found(board, { text: "HEADERS" })[0], [1, 0]);
  deepStrictEqual(found(board, { text: "code" })[0], [1]);
  deepStrictEqual(found(board, { text: "demo", package: "WP02" })[0], [4]);
});

Deno.test("lines: pages both ways -> each event once, and whether there are more", () => {
  deepStrictEqual(found(board, {}, END, 2), [[4, 3], true]);
  deepStrictEqual(found(board, {}, { before: 3 }, 2), [[2, 1], true]);
  deepStrictEqual(found(board, {}, { before: 1 }, 2), [[0], false]);
  deepStrictEqual(found(board, {}, { after: 2 }, 1), [[3], true]);
  deepStrictEqual(found(board, {}, { after: 3 }, 5), [[4], false]);
  deepStrictEqual(found(board, {}, { after: 4 }, 5), [[], false]);
});

Deno.test("lines: an event -> what it is about, whatever its contract", () => {
  const { lines } = linesFor(board, ANY, END, 5);
  deepStrictEqual(lines[3], {
    position: 1,
    id: lines[3]!.id,
    at: isoAt(1_000),
    type: "lane.transitioned.v1",
    mission: missionId(1),
    mission_slug: "demo",
    package: "WP01",
    actor: "codex",
    node: "bbbbbbbbbbbb",
    clock: 1,
    from_lane: "planned",
    to_lane: "claimed",
  });
  strictEqual(lines[1]!.mission, null);
  strictEqual(lines[2]!.to_lane, null, "a creation moves nothing");
});
