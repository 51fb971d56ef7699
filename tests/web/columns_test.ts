/** Which cards stand where on the page's board. */

import { deepStrictEqual } from "node:assert/strict";
import type { LaneAnswer, PackageAnswer } from "../../lib/board/answers.ts";
import { chosenOf, lanesOf } from "../../web/views/board/columns.ts";

const LANES: readonly LaneAnswer[] = [
  { id: "genesis", label: "Genesis", role: "todo" },
  { id: "planned", label: "Planned", role: "todo" },
  { id: "doing", label: "Doing", role: "doing" },
  { id: "done", label: "Done", role: "done" },
  { id: "blocked", label: "Blocked", role: "halted" },
];

function pack(id: string, fields: Partial<PackageAnswer> = {}): PackageAnswer {
  return {
    id,
    title: `Title of ${id}`,
    lane: "planned",
    lane_since: "2026-06-01T00:00:00Z",
    agent: null,
    model: null,
    subtasks_done: 0,
    subtasks: 0,
    dependencies: [],
    sent_back: 0,
    last_error: null,
    events: 1,
    changed_at: "2026-06-01T00:00:00Z",
    revision: 1,
    ...fields,
  };
}

const NONE = { text: "", agent: "", sort: "" };
const ids = (packages: readonly PackageAnswer[]) =>
  packages.map(({ id }) => id);

Deno.test("chosenOf: no filter -> all, by the numbers in their ids", () => {
  const packages = [pack("WP10"), pack("WP2"), pack("WP1")];
  deepStrictEqual(ids(chosenOf(packages, NONE)), ["WP1", "WP2", "WP10"]);
});

Deno.test("chosenOf: text, agent, order -> those that fit, in that order", () => {
  const packages = [
    pack("WP1", { title: "The PARSER", agent: "claude" }),
    pack("WP2", { title: "a parser", lane_since: "2026-05-01T00:00:00Z" }),
    pack("WP3", { title: "else", changed_at: "2026-07-01T00:00:00Z" }),
  ];
  const chosen = (filter: Partial<typeof NONE>) =>
    ids(chosenOf(packages, { ...NONE, ...filter }));
  deepStrictEqual(chosen({ text: "parser" }), ["WP1", "WP2"]);
  deepStrictEqual(chosen({ text: "wp3" }), ["WP3"]);
  deepStrictEqual(chosen({ agent: "claude" }), ["WP1"]);
  deepStrictEqual(chosen({ sort: "age" }), ["WP2", "WP1", "WP3"]);
  deepStrictEqual(chosen({ sort: "changed" }), ["WP3", "WP1", "WP2"]);
});

Deno.test("lanesOf: empty lanes beside the way -> folded, and no other; an unknown lane -> at the end", () => {
  const columns = lanesOf(LANES, [pack("WP1", { lane: "limbo" })]);
  deepStrictEqual(
    columns.map(({ lane, isFolded, packages }) => [
      lane.label,
      isFolded,
      packages.length,
    ]),
    [
      ["Genesis", true, 0],
      ["Planned", false, 0],
      ["Doing", false, 0],
      ["Done", false, 0],
      ["Blocked", true, 0],
      ["Limbo", false, 1],
    ],
  );
  const [genesis] = lanesOf(LANES, [pack("WP1", { lane: "genesis" })]);
  deepStrictEqual(genesis!.isFolded, false);
});
