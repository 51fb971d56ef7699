/**
 * How fast the page of the board is, in the machine's own browser:
 *
 *     deno task bench:page [--runs=N]
 *
 * @module
 */

import type { Page } from "puppeteer-core";
import { TestBrowser } from "../tests/support/browser.ts";
import { CollectorClient } from "../tests/support/collector.ts";
import { Rows, store } from "../tests/support/missions.ts";
import { missionId } from "../tests/support/project.ts";
import { unpackLogs } from "../tests/support/real_logs.ts";
import {
  accessToken,
  HISTORY,
  logIn,
  report,
  runProgram,
  spawnProgram,
  startCollector,
  USER,
} from "./collector.ts";
import { firstLine, median, runsAsked, sayWhere } from "./measure.ts";

/** Moves that are timed, and packages of the large mission. */
const MOVES = 100, PACKAGES = 100;

const [name, team, password] = USER;

const runs = runsAsked(7);

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  sayWhere(runs);
  await firstViews();
  await moves();
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** From navigation to what is looked for. */
async function firstViews(): Promise<void> {
  const home = `${folder}/views`;
  await using collector = await startCollector(home);
  await unpackLogs(folder);
  await logIn(home, collector.url);
  const none = { stdin: new Uint8Array() };
  await runProgram(["follow", "--once", folder], home, none);
  await runProgram(["emit", "--stdin", "--quiet"], home, {
    stdin: await Deno.readFile(HISTORY),
  });
  await runProgram(["sync", "now"], home, none);
  const client = new CollectorClient(collector.url);
  const token = await accessToken(collector.url);
  const rows = new Rows();
  const large = { id: missionId(1), slug: "large" };
  await store(
    client,
    token,
    Array.from(
      { length: PACKAGES },
      (_, i) => rows.create(`WP${i + 1}`, `Package ${i + 1}`, [], large),
    ),
  );
  await using browser = await TestBrowser.start(client);
  const { page } = await entered(browser);
  const views = {
    "missions": [
      "/missions",
      'document.querySelectorAll("main .mission-link").length > 40',
    ],
    [`a board of ${PACKAGES} packages`]: [
      `/missions/${large.id}`,
      `document.querySelectorAll('[data-card]').length === ${PACKAGES}`,
    ],
    "insights over 20,000 transitions": [
      "/insights?time=all",
      "document.querySelectorAll('canvas').length >= 3",
    ],
  } as const;
  for (const [what, [address, isThere]] of Object.entries(views)) {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      times.push(await timeTo(page, collector.url + address, isThere));
    }
    report(`first view: ${what}`, `${Math.round(median(times))} ms`);
  }
}

async function entered(browser: TestBrowser) {
  const board = await browser.open();
  await board.goto("/missions");
  await board.logIn({ name, team, password });
  return board;
}

/** From a new document on, until something is true in it and painted; milliseconds. */
async function timeTo(
  page: Page,
  address: string,
  isThere: string,
): Promise<number> {
  const { identifier } = await page.evaluateOnNewDocument(
    `globalThis.shown = new Promise((resolve) => {
      const look = () => {
        if (!(${isThere})) return setTimeout(look, 2);
        requestAnimationFrame(() => resolve(performance.now()));
      };
      look();
    })`,
  );
  await page.goto(address);
  const ms = Number(await page.evaluate("globalThis.shown"));
  await page.removeScriptToEvaluateOnNewDocument(identifier);
  return ms;
}

/** From an `emit` in another process, by way of an agent, to the card in its new lane. */
async function moves(): Promise<void> {
  const home = `${folder}/moves`;
  await using collector = await startCollector(home);
  await logIn(home, collector.url);
  const agent = spawnProgram(["agent", "run"], home);
  await firstLine(agent);
  const emit = (from: string, to: string) =>
    runProgram(
      [
        ...["emit", "lane.transitioned", "--mission-id", missionId(1)],
        ...["--subject", "WP01", "--from-lane", from, "--to-lane", to],
        ...["--attribute", "executionmode=worktree", "--actor", "bench"],
        ...["--attribute", "missionslug=demo", "--quiet"],
      ],
      home,
      { stdin: new Uint8Array() },
    );
  await emit("genesis", "planned");
  const client = new CollectorClient(collector.url);
  await using browser = await TestBrowser.start(client);
  const { page } = await entered(browser);
  await page.goto(`${collector.url}/missions/${missionId(1)}`);
  const delaysMs: number[] = [];
  const lanes = ["Planned", "Claimed"], ids = ["planned", "claimed"];
  await page.waitForSelector(`[aria-label="Planned"] [data-card=WP01]`);
  for (let n = 0; n < MOVES; n++) {
    const to = (n + 1) % 2;
    // The page's clock and this process's are one: both say how late it is since 1970.
    const arrived = page.evaluate(`new Promise((resolve) => {
      const look = () => {
        const card = document.querySelector('[aria-label="${
      lanes[to]
    }"] [data-card=WP01]');
        if (!card) return setTimeout(look, 1);
        requestAnimationFrame(() => resolve(Date.now()));
      };
      look();
    })`);
    await emit(ids[n % 2]!, ids[to]!);
    const emittedMs = Date.now();
    delaysMs.push(Number(await arrived) - emittedMs);
  }
  agent.kill("SIGTERM");
  await agent.status;
  delaysMs.sort((a, b) => a - b);
  const at = (share: number) =>
    `${Math.round(delaysMs[Math.floor(share * delaysMs.length)]!)} ms`;
  report(`a card moves after an emit ended, median of ${MOVES}`, at(0.5));
  report("the same, 99th percentile", at(0.99));
}
