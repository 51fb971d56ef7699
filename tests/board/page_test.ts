/** The page of the board in a real browser, on a real collector. */

import { match, ok, strictEqual } from "node:assert/strict";
import { type BoardPage, CHROMIUM, TestBrowser } from "../support/browser.ts";
import { ADA, localCollector } from "../support/collector.ts";
import { store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";
import { missionId } from "../support/project.ts";
import { history, MANY, MISSION, OTHERS, VIEWS } from "./page_history.ts";
import { accessible, texts, widths } from "./page_looks.ts";

Deno.test(
  needing(
    [CHROMIUM],
    "page: a browser on a collector -> all that it promises",
    async (t) => {
      await using collector = await localCollector();
      const { client } = collector;
      const { access } = await client.logIn();
      await store(client, access, history());
      await using browser = await TestBrowser.start(client);
      const board = await browser.open();
      const step = (name: string, fn: () => Promise<void>) => t.step(name, fn);

      await step(
        "an address without a session -> the form, then that address",
        async () => {
          await board.goto(
            `/missions/${MISSION}/work-packages/WP01?who=claude`,
          );
          await board.see("Username", "textbox");
          strictEqual((await board.text()).includes("Parse the input"), false);
          await board.fill("Username", ADA.name);
          await board.fill("Password", "not this one");
          await board.click("Log in", "button");
          await board.reads("Username or password is wrong.");
          await board.fill("Password", ADA.password);
          await board.click("Log in", "button");
          await board.see("WP01 Parse the input", "dialog");
          strictEqual(
            await board.address(),
            `/missions/${MISSION}/work-packages/WP01?who=claude`,
          );
        },
      );

      await step(
        "addresses of all views, reloaded -> the same view and its title",
        async () => {
          for (const { address, title, heading } of VIEWS) {
            await board.goto(address);
            await board.reads(heading);
            await board.page.reload();
            await board.reads(heading);
            strictEqual(await board.address(), address);
            await board.until(
              `document.title === ${JSON.stringify(`${title} · kitty-events`)}`,
            );
          }
        },
      );

      await step(
        "names that others rely on -> as they are promised",
        () => promisedNames(board),
      );
      await step(
        "the keyboard alone -> through all views, into a story and back",
        () => byKeyboard(board),
      );
      await step(
        "filters -> in the address, back and forward, after a reload",
        () => filters(board),
      );
      await step(
        "a lane of many -> some, and all when they are asked for",
        async () => {
          await board.goto(`/missions/${MISSION}`);
          const cards =
            `document.querySelectorAll("[aria-label=Planned] [data-card]").length`;
          await board.until(`${cards} === 100`);
          await board.click(`Show all ${MANY} packages`, "button");
          await board.until(`${cards} === ${MANY}`);
          strictEqual(
            await board.address(),
            `/missions/${MISSION}?all=planned`,
          );
        },
      );
      await step(
        "missions of many pages -> more as one scrolls, and as many at the same place after going back",
        () => manyMissions(board),
      );
      await step("texts of ill will -> texts", () => texts(board));
      await step(
        "insights -> numbers behind each picture, and a file of them",
        () => numbers(board),
      );
      await step(
        "an event -> its JSON, and the export of what is filtered",
        () => events(board),
      );
      await step("narrow and wide -> nothing sticks out", () => widths(board));
      await step(
        "axe on all views in both schemes -> no violation",
        () => accessible(board),
      );
      await step(
        "log out -> nothing of it stays, nor comes back",
        () => logOut(board),
      );
      await step(
        "the whole run -> nothing from elsewhere, nothing against the policy",
        () => {
          browser.checkOffences();
          return Promise.resolve();
        },
      );
    },
  ),
);

async function promisedNames(board: BoardPage): Promise<void> {
  await board.goto("/missions");
  for (const name of ["Missions", "Events", "Insights", "Health"]) {
    await board.see(name, "link");
  }
  strictEqual(
    await board.value(
      `document.querySelector("nav [aria-current=page]").innerText`,
    ),
    "Missions",
  );
  const link = await board.page.waitForSelector(
    `a[href="/missions/${MISSION}"]`,
  );
  match(await link!.evaluate((a) => a.textContent ?? ""), /demo/);
  await link!.click();
  for (
    const label of ["Planned", "Claimed", "In progress", "Done", "Blocked"]
  ) {
    await board.see(label, "region");
  }
  const card = await board.page.waitForSelector(
    `[aria-label="In progress"] button[data-card=WP01]`,
  );
  const { name } = (await board.page.accessibility.snapshot({ root: card! }))!;
  match(
    name!,
    /^WP01 Parse the input \d+ \w+ in this lane claude opus sent back 1×$/,
  );
}

async function byKeyboard(board: BoardPage): Promise<void> {
  await board.goto("/missions");
  await board.reads("demo");
  await board.press("Tab");
  strictEqual(await board.focus(), "a Skip to content");
  for (
    const [view, heading] of [
      ["Events", "Export NDJSON"],
      ["Insights", "Cycle time"],
      ["Health", "Refused events"],
      ["Missions", "Title or slug"],
    ]
  ) {
    await board.tabTo(`a ${view}`, "Shift+Tab");
    await board.press("Enter");
    await board.until(
      `document.body.innerText.includes("${heading}") || document.querySelector("[placeholder='${heading}']")`,
    );
  }
  await board.tabTo("a demo");
  await board.press("Enter");
  await board.tabTo("button WP10");
  await board.press("ArrowDown", "ArrowDown", "ArrowUp");
  match(await board.focus(), /^button WP11/);
  await board.press("ArrowRight");
  match(await board.focus(), /^button WP02/);
  await board.press("ArrowRight");
  match(await board.focus(), /^button WP01/);
  await board.press("Enter");
  await board.see("WP01 Parse the input", "dialog");
  await board.reads("Sent back");
  await board.tabTo("button JSON");
  await board.press("Enter");
  await board.reads(`"wp_title": "Parse the input"`);
  await board.press("Escape");
  await board.until(`document.activeElement.dataset.card === "WP01"`);
  strictEqual(await board.address(), `/missions/${MISSION}`);
}

async function filters(board: BoardPage): Promise<void> {
  const links =
    `[...document.querySelectorAll(".mission-link")].map((a) => a.textContent).join()`;
  await board.goto("/missions");
  await board.reads(`${OTHERS + 2} missions`);
  await board.fill("Find", "hosti");
  await board.until(`${links} === "hostile"`);
  strictEqual(await board.address(), "/missions?q=hosti");
  await board.page.reload();
  await board.until(`${links} === "hostile"`);
  await board.fill("Find", "no such thing");
  await board.reads("No mission fits the filter");

  await board.goto(`/missions/${MISSION}?who=claude&q=wp01`);
  const cards =
    `[...document.querySelectorAll("[data-card]")].map((e) => e.dataset.card).join()`;
  await board.until(`${cards} === "WP01"`);
  await (await board.page.$("[data-card=WP01]"))!.click();
  await board.see("WP01 Parse the input", "dialog");
  await board.page.goBack();
  await board.until(`!document.querySelector("dialog")`);
  await board.page.goForward();
  await board.see("WP01 Parse the input", "dialog");

  await board.goto("/events?type=wp.created.v1");
  const lines = `document.querySelectorAll(".line").length`;
  await board.fill("Package", "WP02");
  await board.until(`${lines} === 2`);
  await board.fill("Find", "hostile");
  await board.until(`${lines} === 1`);
}

async function manyMissions(board: BoardPage): Promise<void> {
  const shown = `document.querySelectorAll(".mission").length`;
  await board.goto("/missions?sort=name");
  await board.until(`${shown} === 50`);
  // As a person does: on, until it has come. A new page goes to its place first, and grows.
  await board.until(
    `(scrollTo(0, document.body.scrollHeight), ${shown} === ${OTHERS + 2})`,
  );
  await board.value("scrollTo(0, 1500)");
  const top = await board.value("scrollY");
  ok(top > 1_000);
  await board.value(
    `document.querySelector("[href='/missions/${missionId(50)}']").click()`,
  );
  await board.reads("Alone");
  await board.page.goBack();
  await board.until(`${shown} === ${OTHERS + 2} && scrollY === ${top}`);
}

async function numbers(board: BoardPage): Promise<void> {
  await board.goto("/insights");
  await board.reads("Ageing work");
  await board.page.click(".figure-ageing summary");
  await board.reads("Mission\tPackage\tTitle\tLane");
  const told = await board.value(`
    [...document.querySelectorAll(".figure-ageing tbody tr")].map((tr) => [...tr.cells].map((td) => td.textContent).join("\\t")).join("\\n")
  `);
  match(told, /demo\tWP01\tParse the input\tIn progress/);
  match(told, /demo\tWP02\tPrint the output\tClaimed/);
  const saved = board.value(`new Promise((resolve) => {
    URL.createObjectURL = (blob) => (blob.text().then(resolve), "blob:none");
    HTMLAnchorElement.prototype.click = () => {};
    document.querySelector(".figure-ageing .numbers button").click();
  })`);
  match(await saved, /^\uFEFF?Mission,Package,Title,Lane,Since,Agent,Days\r\n/);
}

async function events(board: BoardPage): Promise<void> {
  await board.goto(`/events?mission=${MISSION}&package=WP01`);
  await board.page.waitForSelector(".line-what");
  await board.page.click(".line-what");
  await board.reads("Copy JSON");
  match(
    await board.address(),
    /^\/events\?mission=\w+&package=WP01&event=\d+$/,
  );
  await board.press("Escape");
  await board.until(`!document.querySelector("dialog")`);
  const text: string = await board.value(`
    fetch([...document.links].find((a) => a.innerText === "Export NDJSON").href).then((r) => r.text())
  `);
  const exported = text.trim().split("\n").map((line) => JSON.parse(line));
  strictEqual(
    exported.length,
    await board.value(`document.querySelectorAll(".line").length`),
  );
  ok(exported.every(({ subject, data }) => (subject ?? data.wp_id) === "WP01"));
}

async function logOut(board: BoardPage): Promise<void> {
  await board.goto("/missions");
  await board.reads("demo");
  await board.click("Log out", "button");
  await board.see("Username", "textbox");
  strictEqual(await board.address(), "/login");
  strictEqual(
    (await board.value("document.documentElement.outerHTML")).includes("demo"),
    false,
  );
  await board.page.goBack().catch(() => null);
  await board.see("Username", "textbox");
  strictEqual((await board.text()).includes("demo"), false);
}
