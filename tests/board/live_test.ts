/** What the page of the board does as events arrive, and when the line breaks. */

import { match, strictEqual } from "node:assert/strict";
import { type BoardPage, CHROMIUM, TestBrowser } from "../support/browser.ts";
import { TestCollector } from "../support/collector.ts";
import { DEMO, Rows, store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";

const BOARD = `/missions/${DEMO.id}`;
const STATUS = `document.querySelector(".freshness").innerText`;

/** That a card stands in a lane. */
const stands = (id: string, lane: string) =>
  `document.querySelector('[aria-label="${lane}"] [data-card="${id}"]')`;

Deno.test(
  needing(
    [CHROMIUM],
    "page: events that arrive, a line that breaks, a session that ends -> what is true",
    async (t) => {
      await using collector = await TestCollector.start();
      const { access } = await collector.logIn();
      const rows = new Rows();
      await store(collector, access, [
        rows.create("WP01", "Parse the input"),
        ...Array.from(
          { length: 80 },
          (_, i) => rows.move(`WP${i + 10}`, "genesis", "planned"),
        ),
      ]);
      await using browser = await TestBrowser.start(collector);
      const board = await browser.open();
      await board.goto(BOARD);
      await board.logIn();

      await t.step(
        "a package that moves -> its card stands there, and it is told",
        async () => {
          await board.until(stands("WP01", "Planned"));
          await board.until(`${STATUS} === "Live"`);
          await board.page.focus("[data-card=WP01]");
          await store(collector, access, [
            rows.move("WP01", "planned", "claimed"),
          ]);
          await board.until(stands("WP01", "Claimed"));
          await board.until(
            `document.querySelector("[aria-live=polite][aria-atomic]").innerText === "WP01 moved to Claimed"`,
          );
          await board.until(`document.activeElement.dataset.card === "WP01"`);
          await board.until(`!document.querySelector(".ghost")`);
        },
      );

      await t.step("an open story -> grows with its events", async () => {
        await board.goto(`${BOARD}/work-packages/WP01`);
        await board.reads("2 events");
        await store(collector, access, [
          rows.move("WP01", "claimed", "in_progress"),
        ]);
        await board.reads("Moved from Claimed to In progress");
      });

      await t.step(
        "new events for one who has scrolled down -> counted, and shown when asked for",
        () =>
          newEvents(board, async () => {
            await store(collector, access, [
              rows.move("WP01", "in_progress", "for_review"),
            ]);
          }),
      );

      await t.step(
        "a collector that ends and comes back -> the page says so, and catches up",
        async () => {
          await board.goto(BOARD);
          await board.until(stands("WP01", "For review"));
          await collector.stop();
          await board.until(
            `/^Behind since .*, reconnecting$/.test(${STATUS})`,
          );
          await collector.restart();
          const again = await collector.logIn();
          await store(collector, again.access, [
            rows.move("WP01", "for_review", "done"),
          ]);
          await board.until(`${STATUS} === "Live"`);
          await board.until(stands("WP01", "Done"));
        },
      );

      await t.step(
        "a session that ends elsewhere -> the form, the words, and the same place afterwards",
        async () => {
          await board.value(
            `fetch("/api/v1/session/", { method: "DELETE" }).then(() => 1)`,
          );
          await board.reads("Your session has ended.");
          strictEqual((await board.text()).includes("Parse the input"), false);
          await board.logIn();
          await board.until(stands("WP01", "Done"));
          strictEqual(await board.address(), BOARD);
        },
      );

      await t.step(
        "a line on which nothing comes -> counts as broken, and is made anew",
        async () => {
          const hasty = await browser.open();
          // Forty seconds pass in a moment.
          await hasty.page.evaluateOnNewDocument(`{
            const wait = setTimeout;
            window.setTimeout = (run, ms) => wait(run, ms === 40000 ? 500 : ms);
          }`);
          await hasty.goto(BOARD);
          await hasty.logIn();
          await hasty.until(`${STATUS} === "Live"`);
          await hasty.until(`${STATUS}.startsWith("Behind since")`);
          await hasty.until(`${STATUS} === "Live"`);
        },
      );

      await t.step(
        "a ticket that is not good -> words, and no ticket in the address",
        async () => {
          const other = await browser.open();
          await other.goto(`${BOARD}#ticket=used-before`);
          await other.reads("links work once, and for a minute");
          strictEqual(await other.address(), BOARD);
          await other.logIn();
          await other.until(stands("WP01", "Done"));
        },
      );

      await t.step(
        "a story and an event, opened without a connection -> said to be out of reach, then there; what there is none of, so too",
        () => outOfReach(board),
      );

      browser.checkOffences();
    },
  ),
);

async function outOfReach(board: BoardPage): Promise<void> {
  const heading = `document.querySelector("dialog h2")?.textContent`;
  for (
    const [address, card, what, there] of [
      [BOARD, "[data-card=WP01]", "story", "Parse the input"],
      ["/events", ".line-what", "event", "Lane transitioned"],
    ] as const
  ) {
    await board.goto(address);
    await board.page.waitForSelector(card);
    await board.page.setOfflineMode(true);
    await board.value(`document.querySelector("${card}").click()`);
    await board.until(`${heading} === "The ${what} could not be loaded"`);
    await board.reads("the server cannot be reached");
    await board.page.setOfflineMode(false);
    await board.until(`${heading} === "${there}"`);
  }
  await board.goto(`${BOARD}/work-packages/WP99`);
  await board.until(`${heading} === "There is no story of WP99"`);
  await board.goto("/events?event=99999");
  await board.until(`${heading} === "There is no such event"`);
}

async function newEvents(
  board: BoardPage,
  send: () => Promise<void>,
): Promise<void> {
  await board.goto("/events");
  await board.until(`document.querySelectorAll(".line").length >= 60`);
  await board.value("scrollTo(0, 1000)");
  await board.until("scrollY > 500");
  const top = `document.querySelector(".line-what").textContent`;
  const before = await board.value(top);
  await send();
  await board.reads("1 new event");
  strictEqual(await board.value(top), before);
  await board.click("1 new event", "button");
  await board.until("scrollY === 0");
  match(await board.value(top), /In progress.*For review/);
}
