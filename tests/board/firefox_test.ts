/** The page of the board in another browser: what most people do with it. */

import { strictEqual } from "node:assert/strict";
import { FIREFOX, TestBrowser } from "../support/browser.ts";
import { localCollector } from "../support/collector.ts";
import { DEMO, Rows, store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";

Deno.test(needing(
  [FIREFOX],
  "page in Firefox: log in, a card that moves, its story, log out -> as in the other browser",
  async () => {
    await using collector = await localCollector();
    const { client } = collector;
    const { access } = await client.logIn();
    const rows = new Rows();
    await store(client, access, [
      rows.create("WP01", "Parse the input"),
      rows.create("WP02", "Print it", ["WP01"]),
    ]);
    await using browser = await TestBrowser.start(client, "firefox");
    const board = await browser.open();
    await board.goto(`/missions/${DEMO.id}`);
    await board.logIn();
    const stands = (lane: string) =>
      board.until(
        `document.querySelector('[aria-label="${lane}"] [data-card="WP01"]')`,
      );
    await stands("Planned");
    await board.until(
      `document.querySelector(".freshness").innerText === "Live"`,
    );
    await store(client, access, [rows.move("WP01", "planned", "claimed")]);
    await stands("Claimed");
    await board.page.click('[data-card="WP01"]');
    await board.reads("Moved from Planned to Claimed");
    strictEqual(
      await board.address(),
      `/missions/${DEMO.id}/work-packages/WP01`,
    );
    for (const view of ["events", "insights", "health"]) {
      await board.goto(`/${view}`);
      await board.until(`document.querySelector("main h1")`);
    }
    await board.reads("0123456789ab");
    await board.click("Log out", "button");
    await board.see("Username", "textbox");
    await board.page.reload();
    await board.see("Username", "textbox");
    strictEqual((await board.text()).includes("0123456789ab"), false);
    browser.checkOffences();
  },
));
