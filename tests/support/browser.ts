/** A real browser on a real collector, and what a test may ask of a page. */

import { deepStrictEqual, ok } from "node:assert/strict";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { tempFolder } from "./home.ts";
import { ADA, type CollectorClient, type TestUser } from "./collector.ts";
import { commandNeed, type Need } from "./needs.ts";

/** Browsers that programs can drive. */
type BrowserKind = "chromium" | "firefox";

/** Names under which systems have them. */
const NAMES: Readonly<Record<BrowserKind, readonly string[]>> = {
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  firefox: ["firefox-esr", "firefox"],
};

/** The first of a browser's names that is there; undefined where none is. */
async function findBrowser(kind: BrowserKind): Promise<string | undefined> {
  for (const name of NAMES[kind]) {
    if (!(await commandNeed(name)).isMet) continue;
    for (const folder of Deno.env.get("PATH")!.split(":")) {
      const path = `${folder}/${name}`;
      if (await Deno.stat(path).then(() => true, () => false)) return path;
    }
  }
  return undefined;
}

export const browserPaths: Readonly<Record<BrowserKind, string | undefined>> = {
  chromium: await findBrowser("chromium"),
  firefox: await findBrowser("firefox"),
};

/** A browser that a program can drive. */
export const CHROMIUM: Need = {
  isMet: browserPaths.chromium !== undefined,
  reason: "there is no chromium",
};

/** Another one. */
export const FIREFOX: Need = {
  isMet: browserPaths.firefox !== undefined,
  reason: "there is no firefox",
};

/** Far more than anything takes on a busy machine. */
const TIMEOUT_MS = 60_000;

/** What a page did that the board's must not do. */
export interface Offences {
  /** Requests to anywhere but the collector. */
  readonly foreign: string[];
  /** What the Content-Security-Policy refused, and exceptions. */
  readonly reports: string[];
}

/** A browser with a profile of its own, which is removed with it. */
export class TestBrowser implements AsyncDisposable {
  readonly offences: Offences = { foreign: [], reports: [] };
  readonly #browser: Browser;
  readonly #folder: AsyncDisposable;

  private constructor(
    readonly origin: string,
    browser: Browser,
    folder: AsyncDisposable,
  ) {
    this.#browser = browser;
    this.#folder = folder;
  }

  /** Starts one that looks at a collector. */
  static async start(
    { url }: CollectorClient,
    kind: BrowserKind = "chromium",
  ): Promise<TestBrowser> {
    const folder = await tempFolder();
    const browser = await puppeteer.launch({
      browser: kind === "firefox" ? "firefox" : "chrome",
      executablePath: browserPaths[kind]!,
      userDataDir: folder.path,
      args: kind === "firefox"
        ? []
        : ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    return new TestBrowser(url, browser, folder);
  }

  /** Opens a page, without a session of another one. */
  async open(): Promise<BoardPage> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.setViewport({ width: 1280, height: 800 });
    page.on("request", (request) => {
      const url = request.url();
      // Drawings of the browser's own fields come as data.
      if (!url.startsWith(this.origin) && !/^(blob|data):/.test(url)) {
        this.offences.foreign.push(url);
      }
    });
    page.on("pageerror", (error) => {
      this.offences.reports.push(String(error));
    });
    page.on("console", (message) => {
      if (/security policy|trusted/i.test(message.text())) {
        this.offences.reports.push(message.text());
      }
    });
    return new BoardPage(page, this.origin);
  }

  /** Opens another page with the session of one. */
  async tabOf({ page }: BoardPage): Promise<BoardPage> {
    const tab = await page.browserContext().newPage();
    tab.setDefaultTimeout(TIMEOUT_MS);
    return new BoardPage(tab, this.origin);
  }

  /** That no page has done anything that it must not do. */
  checkOffences(): void {
    deepStrictEqual(this.offences, { foreign: [], reports: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const CLICKS_MAX = 5;

/** A page of the board, by the names that those hear who do not see it. */
export class BoardPage {
  constructor(readonly page: Page, readonly origin: string) {}

  /** Goes to an address of the board, as if it were typed. */
  async goto(address: string): Promise<void> {
    await this.page.goto(this.origin + address);
  }

  /** Logs in by the form. */
  async logIn({ name, password }: TestUser = ADA): Promise<void> {
    await this.fill("Username", name);
    await this.fill("Password", password);
    await this.click("Log in", "button");
    await this.see("Missions", "link");
  }

  /** Waits for something with this accessible name, whole or from its beginning. */
  async see(name: string, role: string) {
    return await this.page.waitForSelector(this.#selector(name, role));
  }

  #selector(name: string, role: string): string {
    return `::-p-aria([name="${name}"][role="${role}"])`;
  }

  async fill(label: string, text: string): Promise<void> {
    const field = await this.page.waitForSelector(
      `::-p-aria([name="${label}"])`,
    );
    await field!.click({ count: 3 });
    await this.page.keyboard.press("Backspace");
    if (text !== "") await field!.type(text);
  }

  /** Clicks it; what is drawn anew just then is looked for again. */
  async click(name: string, role: string): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        return await (await this.see(name, role))!.click();
      } catch (error) {
        const isGone = /not clickable|detached/.test(String(error));
        if (!isGone || tries === CLICKS_MAX) throw error;
      }
    }
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string): Promise<void> {
    try {
      await this.page.waitForFunction(expression, { polling: 50 });
    } catch {
      throw new Error(`never: ${expression}\n${await this.text()}`);
    }
  }

  /** Value of an expression in the page. */
  // deno-lint-ignore no-explicit-any
  async value(expression: string): Promise<any> {
    return await this.page.evaluate(expression);
  }

  /** All that is there to be read, in sight or not. */
  text(): Promise<string> {
    return this.value("document.body.textContent");
  }

  /** Waits until something can be read. */
  reads(text: string): Promise<void> {
    return this.until(
      `document.body.innerText.includes(${JSON.stringify(text)})`,
    );
  }

  /** The address, without origin. */
  address(): Promise<string> {
    return this.value("location.pathname + location.search + location.hash");
  }

  /** Accessible name of what has the focus, and its role. */
  async focus(): Promise<string> {
    const { focused } = await this.value(`(() => {
      const e = document.activeElement;
      const name = e.getAttribute("aria-label") ?? e.textContent;
      return { focused: e.tagName.toLowerCase() + " " + name.trim() };
    })()`);
    return focused;
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key as "Tab");
  }

  /** Presses a key, Tab if no other is named, until what begins like this has the focus. */
  async tabTo(begin: string, key = "Tab", most = 60): Promise<void> {
    const isBack = key === "Shift+Tab";
    if (isBack) await this.page.keyboard.down("Shift");
    for (let i = 0; i < most; i++) {
      await this.press("Tab");
      if (!(await this.focus()).startsWith(begin)) continue;
      if (isBack) await this.page.keyboard.up("Shift");
      return;
    }
    ok(false, `Tab never came to ${begin}, but to ${await this.focus()}`);
  }
}
