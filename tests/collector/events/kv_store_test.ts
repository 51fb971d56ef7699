/** The file that the collector's Deno KV is in. */

import { strictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openFolder } from "../../../lib/collector/engine.ts";
import { eventsPath } from "../../../lib/collector/folder.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

/** Bytes of a page, as the head of a file of SQLite says. */
async function pageBytes(folder: string): Promise<number> {
  const { buffer } = await Deno.readFile(eventsPath(folder));
  return new DataView(buffer).getUint16(16);
}

Deno.test("openFolder: a new folder -> pages of 8 KiB; one that was made with others -> opened as it is", async () => {
  await using folder = await tempFolder();
  const { envelope } = eventOf(1, { team: "team" });
  const event = { ...encode(envelope), document: { ...envelope } };
  for (
    const [name, before, after] of [["new", 0, 8192], [
      "old",
      4096,
      4096,
    ]] as const
  ) {
    const path = `${folder.path}/${name}`;
    await Deno.mkdir(path);
    if (before > 0) {
      using database = new DatabaseSync(eventsPath(path));
      database.exec(`PRAGMA page_size=${before}; PRAGMA journal_mode=WAL`);
    }
    for (const known of [false, true]) {
      await using engine = await openFolder(path, new TestWorld(), () => {});
      const { events } = await engine.events.admit("team", [event]);
      strictEqual(events[0]!.kind, known ? "duplicate" : "stored");
    }
    strictEqual(await pageBytes(path), after, name);
  }
});
