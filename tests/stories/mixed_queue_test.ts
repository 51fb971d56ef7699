/** One queue with events of three contracts, through all that may happen to a queue. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tempFolder } from "../support/home.ts";
import { documentsOf, type Run, withProgram } from "../support/program.ts";
import { missionId } from "../support/project.ts";
import { Sink } from "../support/sink.ts";

const BUILD = "org.example.build.finished.v1";

/** The n-th draft: of each contract in turn. */
function draftOf(n: number, word: string): unknown {
  switch (n % 3) {
    case 0:
      return {
        event_type: "HistoryAdded",
        payload: { wp_id: "WP01", entry_type: "note", entry_content: word },
      };
    case 1:
      return {
        type: "lane.transitioned",
        missionid: missionId(1),
        subject: "WP01",
        executionmode: "worktree",
        data: { from_lane: "planned", to_lane: "claimed", reason: word },
      };
    default:
      return { type: BUILD, source: "/builds/1", data: { word } };
  }
}

/** Adds the third contract to a home. */
async function addBuild(run: Run): Promise<void> {
  await using folder = await tempFolder();
  const file = `${folder.path}/build.json`;
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      type: "object",
      required: ["word"],
      properties: { word: { type: "string" } },
    }),
  );
  const { code, stderr } = await run([
    "contract",
    "add",
    "--type",
    BUILD,
    file,
  ]);
  strictEqual(code, 0, stderr);
}

async function emit(
  run: Run,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const stdin = words.map((word, n) => JSON.stringify(draftOf(n, word)) + "\n")
    .join("");
  const { stdout } = await run(["emit", "--stdin"], { stdin, env });
  return documentsOf(stdout).map(({ status }) => status);
}

async function exported(run: Run): Promise<string> {
  const { code, stdout } = await run.here(["queue", "export", "--full"]);
  strictEqual(code, 0);
  return stdout;
}

function contractsOf(full: string): string[] {
  return documentsOf(full).map(({ contract }) => contract.split("@")[0]);
}

/** A home with the third contract, and so many events. */
function withMixed(
  count: number,
  work: (run: Run, full: string, home: string) => Promise<void>,
): Promise<void> {
  return withProgram(async (run, home) => {
    await addBuild(run);
    const words = Array.from({ length: count }, (_, n) => `word ${n}`);
    const statuses = await emit(run, words);
    deepStrictEqual(new Set(statuses), new Set(["queued"]));
    const full = await exported(run);
    const counts = Object.values(Object.groupBy(contractsOf(full), (c) => c));
    deepStrictEqual(
      counts.map((group) => group!.length),
      [count / 3, count / 3, count / 3],
    );
    await work(run, full, home);
  });
}

Deno.test("a queue of three contracts: exported, imported, compacted, checked -> the same, byte by byte", () =>
  withMixed(30, (_, full) =>
    withProgram(async (other) => {
      await addBuild(other);
      const imports = async () =>
        JSON.parse(
          (await other(["queue", "import", "--json"], { stdin: full })).stdout,
        );
      deepStrictEqual(await imports(), {
        imported: 30,
        skipped: 0,
        invalid: 0,
      });
      deepStrictEqual((await imports()).skipped, 30);
      strictEqual((await other(["queue", "compact"])).code, 0);
      strictEqual((await other.here(["queue", "check"])).code, 0);
      strictEqual(await exported(other), full);
      const [, , { event }] = documentsOf(full);
      const { stdout } = await other(["queue", "show", event.id, "--json"]);
      deepStrictEqual(JSON.parse(stdout).event, event);
    })));

Deno.test("a queue of three contracts: imported where one of them is not known -> its events are named, the others are in", () =>
  withMixed(6, (_, full) =>
    withProgram(async (other) => {
      const { stdout, code } = await other(["queue", "import", "--json"], {
        stdin: full,
      });
      const { imported, invalid } = documentsOf(stdout).at(-1);
      deepStrictEqual([imported, invalid, code], [4, 2, 65]);
      await addBuild(other);
      await other(["queue", "import"], { stdin: full });
      deepStrictEqual(
        documentsOf(await exported(other)),
        documentsOf(full),
      );
    })));

Deno.test("a queue of three contracts: set aside -> all of it can be salvaged", () =>
  withMixed(30, async (run, full, home) => {
    strictEqual((await run(["queue", "compact"])).code, 0);
    await using folder = await tempFolder();
    await Deno.copyFile(`${home}/events.kv`, `${folder.path}/events.kv`);
    await withProgram(async (other) => {
      await addBuild(other);
      const { code, stderr } = await other([
        ...["queue", "import", "--from", folder.path],
      ]);
      strictEqual(code, 0, stderr);
      strictEqual(await exported(other), full);
    });
  }));

Deno.test("a queue of three contracts: full -> the next of each is refused, and nothing is lost", () =>
  withMixed(6, async (run, full) => {
    const env = { SPEC_KITTY_MAX_QUEUE_SIZE: "7" };
    deepStrictEqual(
      await emit(run, ["a", "b", "c", "d"], env),
      ["queued", "refused", "refused", "refused"],
    );
    strictEqual((await run.here(["queue", "check"])).code, 0);
    const after = documentsOf(await exported(run));
    deepStrictEqual(after.slice(0, 6), documentsOf(full));
    strictEqual(after.length, 7);
  }));

Deno.test("a queue of three contracts: one of each is poison -> dead letters with the sink's words; requeued, all arrive in order", () =>
  withProgram(async (run) => {
    await using sink = new Sink();
    await addBuild(run);
    const words = Array.from(
      { length: 12 },
      (_, n) => n >= 3 && n < 6 ? "poison" : `word ${n}`,
    );
    await emit(run, words);
    const env = {
      SPEC_KITTY_SINK_URL: sink.url,
      SPEC_KITTY_SINK_FORMAT: "structured",
    };
    sink.onRequest = (_, body) =>
      body.includes("poison")
        ? Response.json({ error: "no poison here" }, { status: 400 })
        : undefined;
    const sync = async () =>
      JSON.parse((await run(["sync", "now", "--json"], { env })).stdout);
    const first = await sync();
    deepStrictEqual([first.delivered, first.remaining], [9, 0]);
    const { stdout } = await run(["queue", "dead", "list", "--json"]);
    const dead = documentsOf(stdout);
    strictEqual(dead.length, 3);
    ok(stdout.includes("no poison here"), stdout);
    strictEqual((await run.here(["queue", "check"])).code, 0);
    await run(["queue", "dead", "requeue", "--all"]);
    strictEqual(new Set(contractsOf(await exported(run))).size, 3);
    sink.onRequest = () => undefined;
    deepStrictEqual((await sync()).delivered, 3);
    const clocks = sink.taken.map(({ lamportclock }) => lamportclock);
    deepStrictEqual(clocks, [1, 2, 3, 7, 8, 9, 10, 11, 12, 4, 5, 6]);
  }));
