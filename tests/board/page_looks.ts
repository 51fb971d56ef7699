/** How the page's views look: texts of ill will, all widths, and to the judge of accessible pages. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import axe from "axe-core";
import type { BoardPage } from "../support/browser.ts";
import { HOSTILE, TEXTS, VIEWS } from "./page_history.ts";

export async function texts(board: BoardPage): Promise<void> {
  await board.goto(`/missions/${HOSTILE.id}`);
  await board.until(
    `document.querySelectorAll("[data-card]").length === ${TEXTS.length}`,
  );
  await board.reads(TEXTS[0]!.slice(0, 30));
  for (let i = 1; i <= TEXTS.length; i++) {
    await board.goto(`/missions/${HOSTILE.id}/work-packages/WP0${i}`);
    await board.reads("2 events");
    await board.page.click(".chapter:last-child .chapter-json");
    await board.reads(`"reason"`);
    await fits(board);
  }
  strictEqual(await board.value("window.harmed"), undefined);
  // A mark without an end turns its own text, and not the number behind it.
  const order = await board.value(`(() => {
    const bdi = [...document.querySelectorAll("bdi")];
    return bdi.some((e) => e.textContent.startsWith("AAAA")) &&
      bdi.every((e) => getComputedStyle(e).unicodeBidi === "isolate");
  })()`);
  strictEqual(order, true);
}

/** That the page is as wide as the window. */
export async function fits(board: BoardPage): Promise<void> {
  const [page, window] = await board.value(
    "[document.documentElement.scrollWidth, innerWidth]",
  );
  ok(page <= window, `${await board.address()} is ${page} wide in ${window}`);
}

export async function widths(board: BoardPage): Promise<void> {
  for (const { address, heading } of VIEWS) {
    // It is loaded where there is least room, and then given more.
    for (const width of [320, 1000, 2560]) {
      await board.page.setViewport({ width, height: 800 });
      if (width === 320) await board.goto(address);
      await board.reads(heading);
      await fits(board);
    }
  }
  await board.page.setViewport({ width: 1280, height: 800 });
}

export async function accessible(board: BoardPage): Promise<void> {
  for (const { address, heading } of VIEWS) {
    await board.goto(address);
    await board.reads(heading);
    await isAccessible(board);
  }
}

/** That what is shown has no violation, in both schemes. */
export async function isAccessible(board: BoardPage): Promise<void> {
  const found: unknown[] = [];
  const address = await board.address();
  await board.value(axe.source);
  for (const scheme of ["light", "dark"]) {
    await board.page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
    const { violations } = await board.value(`axe.run(document, {
      resultTypes: ["violations"],
    })`);
    for (const { id, nodes } of violations) {
      found.push({
        scheme,
        address,
        id,
        nodes: nodes.slice(0, 3).map((
          { html, failureSummary }: { html: string; failureSummary: string },
        ) => [html.slice(0, 160), failureSummary]),
      });
    }
  }
  deepStrictEqual(found, []);
}
