/** How complete nodes are, from what is stored and what was told. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { KEY_TEXT_MAX } from "../../../lib/base/limits.ts";
import {
  nodeAnswers,
  readWatermark,
  type Told,
} from "../../../lib/collector/events/nodes.ts";
import { WATERMARK_NODES_MAX } from "../../../lib/collector/limits.ts";

const NODE = {
  node_id: "n",
  recorded: 1,
  imported: 0,
  highest_clock: 7,
  never: 0,
};

const WORD = {
  home: "h",
  turn: 1,
  told_at: "2026-06-01T00:00:00.000Z",
  team_slug: "acme",
  nodes: [NODE],
};

Deno.test("nodeAnswers: the words of 200,000 homes about one node -> one sum", () => {
  const told = Array.from({ length: 200_000 }, (_, n): Told => ({
    home: `${n}`,
    turn: 1,
    told_at: WORD.told_at,
    heard_at: WORD.told_at,
    nodes: [NODE],
  }));
  const [answer] = nodeAnswers([], told);
  strictEqual(answer!.recorded, 200_000);
  strictEqual(answer!.recorded_highest_clock, 7);
});

Deno.test("readWatermark: a word that names a node twice, or counts beyond any clock -> not taken", () => {
  deepStrictEqual(readWatermark(WORD, "acme")?.nodes, [NODE]);
  for (
    const nodes of [
      [NODE, NODE],
      [{ ...NODE, recorded: Number.MAX_SAFE_INTEGER }],
      [{ ...NODE, never: -1 }],
    ]
  ) strictEqual(readWatermark({ ...WORD, nodes }, "acme"), undefined);
});

Deno.test("readWatermark: many nodes with long names -> taken as long as the word fits into one value of a store", () => {
  const word = (char: string) => ({
    ...WORD,
    nodes: Array.from({ length: WATERMARK_NODES_MAX }, (_, n) => ({
      ...NODE,
      node_id: char.repeat(KEY_TEXT_MAX - 2) + n,
    })),
  });
  strictEqual(
    readWatermark(word("\u20ac"), "acme")?.nodes.length,
    WATERMARK_NODES_MAX,
  );
  // Each takes six bytes in JSON.
  strictEqual(readWatermark(word("\0"), "acme"), undefined);
});
