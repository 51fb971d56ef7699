/** Whose page it is: others who log in, logins that do not end, links that are pasted. */

import { match, strictEqual } from "node:assert/strict";
import { LOOKER, PATHS } from "../../lib/base/wire.ts";
import { type BoardPage, CHROMIUM, TestBrowser } from "../support/browser.ts";
import {
  ADA,
  type CollectorClient,
  EVE,
  localCollector,
  type TestUser,
} from "../support/collector.ts";
import { tempHome } from "../support/home.ts";
import { RunningBoard } from "../support/running_board.ts";
import { DEMO, Rows, store } from "../support/missions.ts";
import { fits, isAccessible } from "./page_looks.ts";
import { needing } from "../support/needs.ts";
import { missionId } from "../support/project.ts";

const PROJECT = decodeURIComponent(
  new URL("../../examples/project", import.meta.url).pathname,
);

const PLOT = { id: missionId(2), slug: "plot" };

const WHO = `document.querySelector(".who-name")?.textContent`;

/** Notes whether one team's mission was ever there under a user of the other. */
const WATCH = `
  window.isMixed = false;
  new MutationObserver(() => {
    const links = [...document.querySelectorAll(".mission-link")]
      .map((link) => link.textContent).join();
    const who = ${WHO} ?? "";
    window.isMixed ||= who.includes("ada") && links.includes("plot") ||
      who.includes("eve") && links.includes("demo");
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

/** A collector of two teams with a mission each, and a browser that looks at it. */
async function twoTeams() {
  const collector = await localCollector();
  const { client } = collector;
  for (const [user, mission] of [[ADA, DEMO], [EVE, PLOT]] as const) {
    const { access } = await client.logIn(user);
    const row = new Rows().create("WP01", "Begin", [], mission);
    await store(client, access, [row]);
  }
  const browser = await TestBrowser.start(client);
  return {
    client,
    browser,
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await collector[Symbol.asyncDispose]();
    },
  };
}

/** Puts another session in the place of the one that a browser has. */
function enterAs({ name, password }: TestUser, tab: BoardPage) {
  const body = JSON.stringify({ username: name, password });
  return tab.value(
    `fetch("${PATHS.session}", { method: "POST", body: ${
      JSON.stringify(body)
    } }).then((r) => r.status)`,
  );
}

/** A tab that is ada's, with her missions. */
async function tabOfAda(browser: TestBrowser): Promise<BoardPage> {
  const board = await browser.open();
  await board.page.evaluateOnNewDocument(WATCH);
  await board.goto("/missions");
  await board.logIn();
  await board.reads("demo");
  await board.reads("Live");
  return board;
}

/** That all of a tab is eve's, and was never mixed. */
async function isOfEve(board: BoardPage): Promise<void> {
  await board.until(`${WHO} === "eveevil"`);
  await board.until(
    `document.querySelector("[aria-live=polite][aria-atomic]").innerText === "eve is logged in now"`,
  );
  await board.click("Missions", "link");
  await board.reads("plot");
  await board.reads("1 mission");
  strictEqual((await board.text()).includes("demo"), false);
  strictEqual(await board.value("window.isMixed"), false);
}

Deno.test(needing(
  [CHROMIUM],
  "page: somebody else logs in in another tab -> their name on all that is theirs, whatever the first tab did",
  async (t) => {
    await using teams = await twoTeams();
    const { browser } = teams;
    await t.step("while the tab was offline -> when it is back", async () => {
      const board = await tabOfAda(browser);
      await board.page.setOfflineMode(true);
      const other = await browser.tabOf(board);
      await other.goto("/missions");
      await other.click("Log out", "button");
      await other.see("Username", "textbox");
      await other.logIn(EVE);
      await board.page.bringToFront();
      await board.page.setOfflineMode(false);
      await isOfEve(board);
    });
    await t.step(
      "while the tab was open -> with the next view that is opened",
      async () => {
        const board = await tabOfAda(browser);
        strictEqual(await enterAs(EVE, board), 200);
        await board.click("Events", "link");
        await isOfEve(board);
      },
    );
    await t.step(
      "while the tab was out of sight -> once it is seen",
      async () => {
        const board = await tabOfAda(browser);
        const other = await browser.tabOf(board);
        await other.goto("/health");
        strictEqual(await enterAs(EVE, other), 200);
        await board.page.bringToFront();
        await isOfEve(board);
      },
    );
    browser.checkOffences();
  },
));

Deno.test(needing(
  [CHROMIUM],
  "page: a log-out that fails -> nothing of what was shown, why, and a button that tries again",
  async (t) => {
    await using teams = await twoTeams();
    const { browser } = teams;
    const isStuck = async (board: BoardPage, why: string) => {
      await board.reads("You are still logged in");
      await board.reads(why);
      await board.reads("Closing the browser does not end the session");
      strictEqual((await board.text()).includes("demo"), false);
      await board.until(
        `document.activeElement.textContent === "Log out again"`,
      );
    };
    await t.step("without a connection", async () => {
      const board = await tabOfAda(browser);
      await board.page.setOfflineMode(true);
      await board.click("Log out", "button");
      await isStuck(board, "the server cannot be reached");
      await isAccessible(board);
      await board.page.setViewport({ width: 320, height: 800 });
      await fits(board);
      await board.press("Enter");
      await isStuck(board, "the server cannot be reached");
      await board.page.setOfflineMode(false);
      await board.press("Enter");
      await board.see("Username", "textbox");
      strictEqual(await board.address(), "/login");
    });
    await t.step("from a server that cannot do it now", async () => {
      const board = await tabOfAda(browser);
      await board.value(`{
        const ask = fetch;
        window.fetch = (path, init) => init?.method === "DELETE"
          ? Promise.resolve(Response.json({ error: "not now" }, { status: 503 }))
          : ask(path, init);
      }`);
      await board.click("Log out", "button");
      await isStuck(board, "not now");
      await board.click("Stay logged in", "button");
      await board.reads("demo");
    });
    await t.step(
      "of a session that has ended already -> the form",
      async () => {
        const board = await tabOfAda(browser);
        await board.page.deleteCookie(...await board.page.cookies());
        await board.click("Log out", "button");
        await board.see("Username", "textbox");
      },
    );
    browser.checkOffences();
  },
));

Deno.test(needing(
  [CHROMIUM],
  "page: a new link in the tab of one that is not good any more -> logged in, and no ticket in the address",
  async () => {
    await using home = await tempHome();
    await using running = await RunningBoard.start([PROJECT], {
      SPEC_KITTY_HOME: home.path,
    });
    await using browser = await TestBrowser.start(running.client);
    const board = await browser.open();
    await board.goto(`/#ticket=${"0".repeat(32)}`);
    await board.reads("This link is not good any more");
    // As one pastes it: the document stays.
    await board.value(
      `void location.assign(${JSON.stringify(running.link)})`,
    );
    await board.see("Log out", "button");
    strictEqual(await board.address(), "/missions");
    await board.page.goBack();
    strictEqual((await board.address()).includes("ticket"), false);
    browser.checkOffences();
  },
));

Deno.test("collector: a cookie, and the name of whom the answer is for -> 409 for another one, in no other case", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const cookie = await cookieOf(client, EVE);
  const statusFor = async (path: string, looker?: string) => {
    const headers = { cookie, ...looker !== undefined && { [LOOKER]: looker } };
    return (await client.ask(path, { headers })).status;
  };
  for (const path of [PATHS.missions, PATHS.nodes, PATHS.session]) {
    strictEqual(await statusFor(path), 200);
    strictEqual(await statusFor(path, "evil/eve"), 200);
    strictEqual(await statusFor(path, "acme/ada"), 409);
    strictEqual(await statusFor(path, "acme/eve"), 409);
  }
});

async function cookieOf(
  client: CollectorClient,
  { name, password }: TestUser,
): Promise<string> {
  const { headers } = await client.ask(PATHS.session, {
    json: { username: name, password },
  });
  const [cookie] = headers.get("set-cookie")!.split(";");
  match(cookie!, /^kitty-session-/);
  return cookie!;
}
