/** What a person reads on the page of a real history is what a script counts. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { countBoard } from "../support/board_counts.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { tempFolder } from "../support/home.ts";
import { IS_FULL, needing } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { REAL_LOGS, unpackLogs } from "../support/real_logs.ts";
import { RunningBoard } from "../support/running_board.ts";

/** Of so many missions the boards are read, the largest. */
const READ = IS_FULL ? 12 : 5;

/** Lanes with their cards, as they stand on the page. */
const LANES = `Object.fromEntries(
  [...document.querySelectorAll("main section[aria-label]")]
    .map((lane) => [
      lane.getAttribute("aria-label"),
      lane.querySelectorAll("[data-card]").length,
    ])
    .filter(([, cards]) => cards > 0)
)`;

const labelOf = (lane: string) => {
  const words = lane.replaceAll("_", " ");
  return words[0]!.toUpperCase() + words.slice(1);
};

Deno.test(needing(
  [CHROMIUM, REAL_LOGS],
  "board of 108 real missions in a browser -> each lane holds as many cards as a script counts",
  async () => {
    await using project = await tempFolder();
    await unpackLogs(project.path);
    await using user = await tempFolder();
    await using running = await RunningBoard.start([project.path], {
      HOME: user.path,
    });
    await using browser = await TestBrowser.start(running.client);
    const board = await browser.open();
    await board.page.goto(running.link);
    await board.see("Missions", "link");
    const text = await board.value(
      `fetch("${PATHS.export}").then((answer) => answer.text())`,
    );
    const documents = documentsOf(text);
    strictEqual(documents.length, 7_243);
    const counted = Object.entries(countBoard(documents).missions)
      .map(([key, { lanes }]) => ({ key, lanes, sum: sumOf(lanes) }))
      .sort((a, b) => b.sum - a.sum).slice(0, READ);
    ok(counted[0]!.sum > 10);
    for (const { key, lanes, sum } of counted) {
      await board.goto(`/missions/${key}`);
      await board.until(
        `document.querySelectorAll("[data-card]").length === ${sum}`,
      );
      const expected = Object.fromEntries(
        Object.entries(lanes).map(([lane, count]) => [labelOf(lane), count]),
      );
      deepStrictEqual(await board.value(LANES), expected, key);
    }
    browser.checkOffences();
  },
));

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
