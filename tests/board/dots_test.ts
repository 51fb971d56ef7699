/** Missions and packages that are called like parts which addresses cannot have. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { type CollectorClient, localCollector } from "../support/collector.ts";
import { Rows, store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";
import { missionId } from "../support/project.ts";
import { packageOf, packagePart } from "../../web/api.ts";

/** Names that are dots, or look like another form of them. */
const NAMES = [".", "..", "~.", "~~..", "..."];

/** Stores missions without ids, each with a package, both of the same name. */
async function storeDots(client: CollectorClient): Promise<string> {
  const { access } = await client.logIn();
  const rows = new Rows();
  await store(
    client,
    access,
    NAMES.map((name) => {
      const mission = { id: missionId(1), slug: name };
      const { missionid: _, ...row } = rows.create("WP01", "x", [], mission);
      const data = {
        ...row.data as object,
        wp_id: name,
        wp_title: `of ${name}`,
      };
      return { ...row, source: "/spec-kitty/projects/p", subject: name, data };
    }),
  );
  return access;
}

Deno.test("packagePart: names of dots, and their other forms -> parts that stay, each of its own, and back", () => {
  const parts = [...NAMES, "~..", "~", "WP01", "a/b"].map((name) => {
    const part = packagePart(name);
    strictEqual(packageOf(decodeURIComponent(part)), name);
    const path = `/x/${part}/`;
    strictEqual(new URL(path, "http://localhost").pathname, path);
    return part;
  });
  strictEqual(new Set(parts).size, parts.length);
});

Deno.test("board: missions and packages called . and .. -> keys and addresses at which they are answered", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const token = await storeDots(client);
  const { json } = await client.ask(PATHS.missions, { token });
  const found: [string, string][] = json.missions.map(
    ({ key, slug }: { key: string; slug: string }) => [slug, key],
  );
  deepStrictEqual(found.sort(), [
    [".", "mission:."],
    ["..", "mission:.."],
    ["...", "..."],
    ["~.", "mission:~."],
    ["~~..", "mission:~~.."],
  ]);
  for (const [name, key] of found) {
    const path = PATHS.workPackage
      .replace("{mission}", encodeURIComponent(key))
      .replace("{package}", packagePart(name));
    const story = await client.ask(path, { token });
    strictEqual(story.status, 200, name);
    strictEqual(story.json.package.title, `of ${name}`);
  }
});

Deno.test(needing(
  [CHROMIUM],
  "page: missions and packages called . and .. -> opened, and found again at their addresses",
  async () => {
    await using collector = await localCollector();
    const { client } = collector;
    await storeDots(client);
    await using browser = await TestBrowser.start(client);
    const board = await browser.open();
    await board.goto("/missions");
    await board.logIn();
    for (const name of [".", ".."]) {
      await board.goto("/missions");
      await board.page.waitForSelector(".mission-link");
      await board.value(
        `[...document.querySelectorAll(".mission-link")].find((a) => a.textContent === "${name}").click()`,
      );
      await board.page.waitForSelector("[data-card]");
      await board.value(`document.querySelector("[data-card]").click()`);
      await board.see(`${name} of ${name}`, "dialog");
      await board.page.reload();
      await board.see(`${name} of ${name}`, "dialog");
    }
    browser.checkOffences();
  },
));
