/**
 * Takes the pictures of `docs/screenshots/`: the page on the status logs of a
 * real project, as they were at a moment at which much was going on.
 *
 *     deno task screenshots PROJECT [MOMENT]
 *
 * @module
 */

import puppeteer, { type Browser } from "puppeteer-core";
import { browserPaths, CHROMIUM } from "../support/browser.ts";
import { linesOf } from "../support/child.ts";
import { tempFolder } from "../support/home.ts";
import { spawnProgram } from "../support/program.ts";

const OUT = new URL("../../docs/screenshots/", import.meta.url);

/** When the mission of the pictures had packages in six lanes. */
const MOMENT = "2026-07-13T17:08:02Z";
const MISSION = "test-suite-friction-remediation-01KXDKBX";

/** Widths and heights, and what is in the names of their pictures. */
const SIZES = [
  { name: "wide", width: 1440, height: 900 },
  { name: "narrow", width: 390, height: 844 },
] as const;

const QUALITY = 82;

/** Copies the logs of a project, without what came after a moment. */
async function copyLogs(project: string, to: string, endMs: number) {
  await Deno.mkdir(`${to}/.kittify`, { recursive: true });
  for await (const { name } of Deno.readDir(`${project}/kitty-specs`)) {
    const from = `${project}/kitty-specs/${name}`;
    const lines = (await textOf(`${from}/status.events.jsonl`)).split("\n")
      .filter((line) => line !== "" && timeOf(line) <= endMs);
    if (lines.length === 0) continue;
    await Deno.mkdir(`${to}/kitty-specs/${name}`, { recursive: true });
    const log = `${to}/kitty-specs/${name}/status.events.jsonl`;
    await Deno.writeTextFile(log, `${lines.join("\n")}\n`);
    const meta = await textOf(`${from}/meta.json`);
    if (meta) {
      await Deno.writeTextFile(`${to}/kitty-specs/${name}/meta.json`, meta);
    }
  }
}

function textOf(path: string): Promise<string> {
  return Deno.readTextFile(path).catch(() => "");
}

function timeOf(line: string): number {
  const { at, timestamp } = JSON.parse(line);
  return Date.parse(at ?? timestamp);
}

/** The page's addresses, by the names of their pictures. */
function addresses(key: string): Record<string, string> {
  const board = `/missions/${key}`;
  return {
    missions: "/missions",
    board,
    story: `${board}/work-packages/WP02`,
    events: "/events",
    insights: "/insights?span=90d",
    health: "/health",
  };
}

async function takeAll(browser: Browser, link: string, shiftMs: number) {
  const page = await browser.newPage();
  // Ages are those of that moment.
  await page.evaluateOnNewDocument(`{
    const now = Date.now;
    Date.now = () => now() + ${shiftMs};
  }`);
  await page.goto(link);
  await page.waitForSelector(".mission");
  const { origin } = new URL(link);
  const key: string = await page.evaluate(`
    fetch("/api/v1/missions/?text=${MISSION}").then((r) => r.json())
      .then(({ missions }) => missions[0].key)
  `) as string;
  const views = addresses(key);
  const take = async (
    view: string,
    size: typeof SIZES[number],
    scheme: "light" | "dark",
  ) => {
    const { width, height } = size;
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{
      name: "prefers-color-scheme",
      value: scheme,
    }]);
    await page.goto(origin + views[view], { waitUntil: "networkidle2" });
    const name = [view, size.name, ...scheme === "dark" ? [scheme] : []].join(
      "-",
    );
    const path = new URL(`${name}.webp`, OUT).pathname as `${string}.webp`;
    await page.screenshot({ path, type: "webp", quality: QUALITY });
    const { size: bytes } = await Deno.stat(path);
    console.log(`${name}.webp: ${Math.ceil(bytes / 1024)} KiB`);
  };
  for (const view of Object.keys(views)) {
    for (const size of SIZES) await take(view, size, "light");
  }
  await take("board", SIZES[0], "dark");
}

async function run(project: string, moment: string): Promise<void> {
  const endMs = Date.parse(moment);
  await using copy = await tempFolder();
  await using home = await tempFolder();
  await using profile = await tempFolder();
  await copyLogs(project, copy.path, endMs);
  await Deno.mkdir(OUT, { recursive: true });
  const board = spawnProgram(["board", copy.path, "--json"], {
    SPEC_KITTY_HOME: `${home.path}/none`,
  });
  const first = await linesOf(board.stdout).next();
  const browser = await puppeteer.launch({
    executablePath: browserPaths.chromium!,
    userDataDir: profile.path,
    args: ["--no-sandbox", "--hide-scrollbars"],
  });
  try {
    await takeAll(browser, JSON.parse(first.value!).link, endMs - Date.now());
  } finally {
    await browser.close();
    board.kill();
    await board.status;
  }
}

const [project, moment = MOMENT] = Deno.args;
if (!project || !CHROMIUM.isMet) {
  console.error(
    "usage: deno task screenshots PROJECT [MOMENT], with chromium on the PATH",
  );
  Deno.exit(64);
}
await run(project, moment);
Deno.exit();
