/** Pages on lines that break all the time, several at once, and how complete they say it all is. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS, WATERMARK } from "../../lib/base/wire.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { ADA, CollectorClient, localCollector } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { DEMO, Rows, store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";

/** A way to a server on which every connection can be cut. */
class Line implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #port: number;
  cuts = 0;

  constructor({ url }: CollectorClient) {
    this.#port = Number(new URL(url).port);
    void this.#carry();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  async #carry(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({
        hostname: "127.0.0.1",
        port: this.#port,
      });
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#open.add(from);
        void from.readable.pipeTo(to.writable).catch(() => {})
          .finally(() => this.#open.delete(from));
      }
    }
  }

  /** Ends whatever is open. */
  cut(): void {
    for (const connection of this.#open) {
      try {
        connection.close();
        this.cuts += 1;
      } catch {
        // It has ended by itself.
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    return Promise.resolve();
  }
}

/** Notes each lane in which a card is ever seen. */
const NOTE_LANES = `{
  globalThis.seen = [];
  const look = () => {
    const card = document.querySelector("[data-card=WP01]");
    const lane = card?.closest("[aria-label]").getAttribute("aria-label");
    if (lane && lane !== globalThis.seen.at(-1)) globalThis.seen.push(lane);
  };
  // Not by frames: a tab behind another one draws none.
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
  });
  look();
}`;

const LANES = ["Planned", "Claimed", "In progress", "For review", "Approved"];
const IDS = ["planned", "claimed", "in_progress", "for_review", "approved"];

Deno.test(needing(
  [CHROMIUM],
  "page on a line that breaks again and again, in two tabs -> each shows every state in its order or not at all, and the last one in the end",
  async () => {
    await using collector = await localCollector();
    const { client } = collector;
    const { access } = await client.logIn();
    const rows = new Rows();
    await store(client, access, [rows.create("WP01", "Parse the input")]);
    await using line = new Line(client);
    await using browser = await TestBrowser.start(
      new CollectorClient(line.url),
    );
    const first = await browser.open();
    await first.goto(`/missions/${DEMO.id}`);
    await first.logIn();
    const second = await browser.tabOf(first);
    await second.goto(`/missions/${DEMO.id}`);
    const tabs = [first, second];
    for (const tab of tabs) {
      await tab.until(`document.querySelector("[data-card=WP01]")`);
      await tab.value(NOTE_LANES);
    }
    for (const [n, to] of IDS.entries()) {
      if (n === 0) continue;
      line.cut();
      await store(client, access, [rows.move("WP01", IDS[n - 1]!, to)]);
      await new Promise((resolve) => setTimeout(resolve, 400));
      line.cut();
    }
    ok(line.cuts > 4, `${line.cuts} connections were cut`);
    for (const tab of tabs) {
      await tab.until(`globalThis.seen.at(-1) === "Approved"`);
      await tab.until(
        `document.querySelector(".freshness").innerText === "Live"`,
      );
      const seen: string[] = await tab.value("globalThis.seen");
      deepStrictEqual(seen, LANES.filter((lane) => seen.includes(lane)));
      strictEqual(seen[0], "Planned");
    }
    await first.page.bringToFront();
    await first.click("Log out", "button");
    await second.reads("Your session has ended.");
    browser.checkOffences();
  },
));

Deno.test(needing(
  [CHROMIUM],
  "page: what nodes have told -> how many are missing, how many of them never come, and where all is there",
  async () => {
    await using collector = await localCollector();
    const { client } = collector;
    const { access: token } = await client.logIn();
    const send = async (node: string, from: number, recorded: number) => {
      const nodes = [{
        node_id: node,
        recorded,
        imported: 0,
        highest_clock: from + recorded,
        never: recorded > 3 ? 1 : 0,
      }];
      const word = {
        ...{ home: node, turn: 1, told_at: "2026-06-01T00:00:00Z" },
        ...{ team_slug: ADA.team, nodes },
      };
      const events = [1, 2, 3].map((n) =>
        eventOf(from + n, { team: ADA.team, node }).envelope
      );
      const { status } = await client.ask(PATHS.batch, {
        token,
        json: { events },
        headers: { [WATERMARK]: JSON.stringify(word) },
      });
      strictEqual(status, 200);
    };
    await send("aaaaaaaaaaaa", 0, 3);
    await send("bbbbbbbbbbbb", 100, 8);
    await using browser = await TestBrowser.start(client);
    const board = await browser.open();
    await board.goto("/health");
    await board.logIn();
    await board.goto("/health");
    const rowOf = (node: string) =>
      `[...document.querySelectorAll("tr")]
        .find((row) => row.innerText.includes("${node}")).innerText`;
    await board.reads("bbbbbbbbbbbb");
    const whole: string = await board.value(rowOf("aaaaaaaaaaaa"));
    const lacking: string = await board.value(rowOf("bbbbbbbbbbbb"));
    ok(/up to clock 3\b/.test(whole), whole);
    ok(/5 missing/.test(lacking) && /1 .*never/.test(lacking), lacking);
    browser.checkOffences();
  },
));
