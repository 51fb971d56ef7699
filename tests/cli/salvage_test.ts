/** `queue import --from`: what can be read of a queue that was set aside. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  documentsOf,
  type RunResult,
  withProgram,
} from "../support/program.ts";

const EVENTS = 1_000, PAGE_BYTES = 4096;

/** Numbers of the pages that hold rows, not ways to them, in the order of the file. */
function leafPages(file: Uint8Array): number[] {
  const LEAF_OF_INDEX = 0x0a;
  const pages = [];
  for (let at = PAGE_BYTES; at < file.length; at += PAGE_BYTES) {
    const text = new TextDecoder().decode(file.subarray(at, at + PAGE_BYTES));
    // Each event is one of these.
    if (file[at] === LEAF_OF_INDEX && text.includes('"entry_content"')) {
      pages.push(at / PAGE_BYTES);
    }
  }
  return pages;
}

/** Imports what is left of a queue in which `damage` has had its way. */
async function salvaged(
  damage: (file: Uint8Array) => void,
): Promise<{ result: RunResult; lost: number }> {
  const outcome: { result: RunResult; lost: number }[] = [];
  await withProgram(async (run, home) => {
    const lines = Array.from({ length: EVENTS }, (_, i) => {
      const payload = {
        wp_id: "WP01",
        entry_type: "note",
        entry_content: `note ${i}`,
      };
      return JSON.stringify({ event_type: "HistoryAdded", payload });
    });
    await run.here(["emit", "--stdin"], { stdin: lines.join("\n") });
    await run.here(["queue", "compact"]);
    const before = (await run.here(["queue", "export"])).stdout;
    const folder = `${home}/damaged-by-test`;
    await Deno.mkdir(folder);
    const file = await Deno.readFile(`${home}/events.kv`);
    damage(file);
    await Deno.writeFile(`${folder}/events.kv`, file);
    await withProgram(async (other) => {
      const result = await other([
        ...["queue", "import", "--from", folder, "--json"],
      ]);
      const after = (await other.here(["queue", "export"])).stdout;
      const known = new Set(before.trim().split("\n"));
      const found = after.trim().split("\n").filter(Boolean);
      for (const line of found) ok(known.has(line), line);
      strictEqual(new Set(found).size, found.length, "an event twice");
      strictEqual((await other.here(["queue", "check"])).code, 0);
      outcome.push({ result, lost: known.size - found.length });
    });
    deepStrictEqual(
      await Deno.readFile(`${folder}/events.kv`),
      file,
      "the folder was changed",
    );
  });
  return outcome[0]!;
}

Deno.test("queue import --from: a sound queue -> all of it", async () => {
  const { result, lost } = await salvaged(() => {});
  deepStrictEqual(documentsOf(result.stdout), [{
    imported: EVENTS,
    skipped: 0,
    invalid: 0,
  }]);
  strictEqual(lost, 0);
});

Deno.test({
  name:
    "queue import --from: three damaged pages of events -> all events but theirs",
  fn: async () => {
    const { result, lost } = await salvaged((file) => {
      const pages = leafPages(file);
      for (const share of [0.25, 0.5, 0.75]) {
        const at = pages[Math.floor(pages.length * share)]! * PAGE_BYTES;
        file.fill(0xff, at, at + PAGE_BYTES);
      }
    });
    strictEqual(result.code, 0, result.stderr);
    ok(lost > 0 && lost < 100, `${lost} of ${EVENTS} events lost`);
  },
});

Deno.test("queue import --from: the first page of the table damaged -> 74, said, and nothing made up", async () => {
  const { result, lost } = await salvaged((file) => {
    file.fill(0xff, 3 * PAGE_BYTES, 4 * PAGE_BYTES);
  });
  strictEqual(result.signal, null);
  strictEqual(lost, EVENTS);
  strictEqual(result.code, 74);
  match(result.stdout, /no event of its events.kv can be read/);
});

Deno.test("queue import --from: no folder -> 64; no queue in it, no SQLite file, an empty one -> 74; and why; nothing imported", () =>
  withProgram(async (run, home) => {
    await Deno.mkdir(`${home}/empty`, { recursive: true });
    await Deno.mkdir(`${home}/text`);
    await Deno.writeTextFile(`${home}/text/events.kv`, "no database\n");
    await Deno.mkdir(`${home}/nothing`);
    await Deno.writeTextFile(`${home}/nothing/events.kv`, "");
    for (const name of ["none", "empty", "text", "nothing"]) {
      const { code, stdout, stderr } = await run([
        ...["queue", "import", "--from", `${home}/${name}`],
      ]);
      deepStrictEqual([code, stdout], [name === "none" ? 64 : 74, ""], name);
      ok(stderr.startsWith("kitty-events: "), stderr);
    }
    strictEqual((await run.here(["queue", "export"])).stdout, "");
    for await (const { name } of Deno.readDir(home)) {
      ok(!name.startsWith(".salvage"), name);
    }
  }));
