/** The commands that look after clock, contract and queue. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { VERSION } from "../../lib/base/build.ts";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import { inHome as underLock } from "../support/home.ts";
import { type RunHere, variantsOf, withProgram } from "../support/program.ts";

/** Standard output of a run that has to succeed, as JSON. */
async function json(run: RunHere, words: readonly string[]) {
  const { code, stdout, stderr } = await run([...words, "--json"]);
  strictEqual(code, 0, stderr);
  return JSON.parse(stdout);
}

function note(content: string, id?: string): string {
  const payload = { wp_id: "WP01", entry_type: "note", entry_content: content };
  return JSON.stringify({
    event_type: "HistoryAdded",
    payload,
    ...id && { event_id: id },
  });
}

async function fill(run: RunHere, count: number): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, i) => note(`note ${i}`));
  const { stdout } = await run(["emit", "--stdin"], {
    stdin: lines.join("\n") + "\n",
  });
  return stdout.trim().split("\n").map((line) => JSON.parse(line).event_id);
}

async function exported(run: RunHere): Promise<string> {
  return (await run(["queue", "export"])).stdout;
}

Deno.test("node-id, causation-id -> one id each, in both forms", () =>
  withProgram(async (run) => {
    const { node_id } = await json(run, ["node-id"]);
    strictEqual((await run(["node-id"])).stdout, `${node_id}\n`);
    match(node_id, /^[0-9a-f]{12}$/);
    const given = await run(["node-id"], {
      env: { SPEC_KITTY_NODE_ID: "box-7" },
    });
    strictEqual(given.stdout, "box-7\n");
    const { causation_id } = await json(run, ["causation-id"]);
    match(causation_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  }));

Deno.test("clock: show, receive -> max + 1; what is no value is refused and changes nothing", () =>
  withProgram(async (run) => {
    deepStrictEqual(Object.keys(await json(run, ["clock"])), [
      "value",
      "node_id",
      "updated_at",
    ]);
    strictEqual((await json(run, ["clock", "receive", "41"])).value, 42);
    strictEqual((await json(run.here, ["clock", "receive", "7"])).value, 43);
    strictEqual((await run(["clock", "receive", "4503599627370496"])).code, 65);
    const variant = variantsOf(run);
    for (const wrong of ["-1", "1.5", "many", ""]) {
      const { code } = await variant(["clock", "receive", "--", wrong]);
      strictEqual(code, 64, wrong);
    }
    strictEqual((await run.here(["clock", "shwo"])).code, 64);
    strictEqual((await run.here(["clock", "show"])).stdout, "43\n");
    await fill(run.here, 1);
    strictEqual((await json(run.here, ["clock"])).value, 44);
  }));

Deno.test("schema: whole, and of each type -> JSON Schema on its own", () =>
  withProgram(async (run) => {
    const whole = await json(run, ["schema"]);
    strictEqual(whole.$schema, "https://json-schema.org/draft/2020-12/schema");
    const part = await json(run, ["schema", "wp-created"]);
    strictEqual(part.title, "WPCreated");
    for (
      const [, name] of JSON.stringify(part).matchAll(/"#\/\$defs\/(\w+)"/g)
    ) {
      ok(Object.hasOwn(part.$defs, name!), name!);
    }
    const { code, stderr } = await run(["schema", "WPCreatd"]);
    strictEqual(code, 64);
    match(stderr, /did you mean WPCreated/);
  }));

Deno.test("validate: file, stdin, drafts -> a line each; 65 when any is invalid", () =>
  withProgram(async (run, home) => {
    await fill(run.here, 2);
    const events = await exported(run.here);
    await Deno.writeTextFile(`${home}/events.ndjson`, events);
    strictEqual((await run(["validate", `${home}/events.ndjson`])).code, 0);
    const { code, stdout } = await run(["validate", "-", "--json"], {
      stdin: `${events}\n{"event_type":"WPCreated"}\n`,
    });
    strictEqual(code, 65);
    const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
    deepStrictEqual(lines.slice(0, 2), [
      { line: 1, valid: true },
      { line: 2, valid: true },
    ]);
    strictEqual(lines[2].line, 4);
    strictEqual(lines[2].problems[0].path, "/event_id");
    const drafts = await run(["validate", "--draft"], {
      stdin: note("x").replace("note", "nite"),
    });
    strictEqual(drafts.code, 65);
    match(drafts.stdout, /^line 1: \/payload\/entry_type: /);
    strictEqual((await run.here(["validate", `${home}/none`])).code, 64);
  }));

Deno.test("queue list, show, stats -> the documented forms", () =>
  withProgram(async (run) => {
    const ids = await fill(run.here, 3);
    const { stdout } = await run(["queue", "list", "--json", "--limit", "2"]);
    const list = stdout.trim().split("\n").map((line) => JSON.parse(line));
    deepStrictEqual(
      list.map(({ event, attempts }) => [event.event_id, attempts]),
      [
        [ids[0], 0],
        [ids[1], 0],
      ],
    );
    const shown = await json(run, ["queue", "show", ids[2]!]);
    strictEqual(shown.event.payload.entry_content, "note 2");
    strictEqual((await run.here(["queue", "show", "nothing"])).code, 65);
    strictEqual((await run.here(["queue", "list", "--limit", "0"])).code, 64);
    const stats = await json(run, ["queue", "stats"]);
    deepStrictEqual(Object.keys(stats), [
      ...["queued", "dead", "spooled", "bytes", "capacity", "capacity_bytes"],
      ...["oldest", "newest", "by_type", "by_team", "totals"],
    ]);
    deepStrictEqual(
      [stats.queued, stats.by_type, stats.by_team],
      [3, { HistoryAdded: 3 }, { local: 3 }],
    );
    const human = await run(["queue", "list"]);
    for (const line of human.stdout.split("\n")) ok(line.length <= 100, line);
  }));

Deno.test("queue export, import -> the same in another home, clock raised; known, conflicting and invalid ones told apart", () =>
  withProgram(async (run) => {
    await fill(run.here, 250);
    const events = await exported(run);
    await withProgram(async (other) => {
      const imported = await other(["queue", "import", "-", "--json"], {
        stdin: events,
      });
      deepStrictEqual(JSON.parse(imported.stdout), {
        imported: 250,
        skipped: 0,
        invalid: 0,
      });
      strictEqual(await exported(other.here), events);
      strictEqual((await other.here(["clock"])).stdout, "250\n");
      const [first, second] = events.split("\n");
      const again = await other(["queue", "import", "--json"], {
        stdin: `${first}\n${second!.replace("note 1", "other")}\n{}\n`,
      });
      strictEqual(again.code, 65);
      deepStrictEqual(JSON.parse(again.stdout), {
        imported: 0,
        skipped: 1,
        invalid: 2,
      });
      const { totals } = await json(other.here, ["queue", "stats"]);
      deepStrictEqual([totals.accepted, totals.imported], [0, 250]);
      strictEqual((await other.here(["queue", "check"])).code, 0);
    });
    await withProgram(async (small) => {
      const { code, stdout } = await small(["queue", "import", "--json"], {
        stdin: events,
        env: { SPEC_KITTY_MAX_QUEUE_SIZE: "100" },
      });
      strictEqual(code, 75);
      strictEqual(JSON.parse(stdout).refused, 150);
    });
  }));

Deno.test("queue import --from: a damaged queue -> what can be read comes back, each once", () =>
  withProgram(async (run, home) => {
    const ids = await fill(run.here, 3_000);
    const large = note("x".repeat(200_000), "01KHEXAMPXE0000000000000AA");
    await run.here(["emit", "--stdin"], { stdin: large });
    await run.here(["queue", "compact"]);
    {
      using file = await Deno.open(`${home}/events.kv`, { write: true });
      const { size } = await file.stat();
      await file.seek(Math.floor(size / 3 / 4096) * 4096, Deno.SeekMode.Start);
      await file.write(crypto.getRandomValues(new Uint8Array(3 * 4096)));
    }
    const { stderr } = await run([
      "emit",
      "history-added",
      "WP01",
      "note",
      "x",
    ]);
    const folder = stderr.match(/--from (\S+)/)?.[1];
    ok(folder, stderr);
    const result = await json(run, ["queue", "import", "--from", folder]);
    ok(result.imported > 1_000, JSON.stringify(result));
    strictEqual(result.invalid, 0);
    const events = (await exported(run.here)).trim().split("\n")
      .map((line) => JSON.parse(line));
    strictEqual(new Set(events.map((e) => e.event_id)).size, events.length);
    const known = new Set([...ids, "01KHEXAMPXE0000000000000AA"]);
    strictEqual(
      events.filter((e) => known.has(e.event_id)).length,
      result.imported,
    );
    strictEqual((await run.here(["queue", "check"])).code, 0);
    for await (const { name } of Deno.readDir(home)) {
      ok(!name.startsWith(".salvage"), name);
    }
    strictEqual(
      (await run.here(["queue", "import", "--from", home + "/none"])).code,
      64,
    );
  }));

Deno.test("queue dead: list, show, requeue, drop -> as told; the accounts balance", () =>
  withProgram(async (run, home) => {
    const ids = await fill(run.here, 5);
    await underLock(home, ({ queue }) =>
      queue.deadLetter(ids.slice(0, 3), {
        reason: "the server refused it",
        lastError: "unknown feature",
        nowMs: Date.parse("2026-02-03T12:00:00Z"),
      }));
    const dead = await run(["queue", "dead", "list", "--json"]);
    deepStrictEqual(
      dead.stdout.trim().split("\n").map((line) => {
        const { event, ...why } = JSON.parse(line);
        return [event.event_id, why];
      }),
      ids.slice(0, 3).map((id) => [id, {
        attempts: 0,
        last_error: "unknown feature",
        reason: "the server refused it",
        dead_at: "2026-02-03T12:00:00.000Z",
      }]),
    );
    const shown = await json(run.here, ["queue", "dead", "show", ids[0]!]);
    strictEqual(shown.event.event_id, ids[0]);
    strictEqual((await run.here(["queue", "show", ids[0]!])).code, 65);

    deepStrictEqual(await json(run, ["queue", "dead", "requeue", ids[0]!]), {
      requeued: 1,
    });
    deepStrictEqual(await json(run, ["queue", "dead", "drop", ids[1]!]), {
      dropped: 1,
    });
    strictEqual((await run.here(["queue", "drop", ids[1]!])).code, 65);
    deepStrictEqual(await json(run, ["queue", "drop", ids[3]!, ids[4]!]), {
      dropped: 2,
    });
    const stats = await json(run.here, ["queue", "stats"]);
    const { accepted, imported, delivered, dropped } = stats.totals;
    strictEqual(
      accepted + imported,
      stats.queued + stats.dead + delivered + dropped,
    );
    deepStrictEqual([stats.queued, stats.dead, dropped], [1, 1, 3]);

    strictEqual((await run.here(["queue", "drop"])).code, 64);
    strictEqual((await run.here(["queue", "drop", "--all"])).code, 64);
    deepStrictEqual(await json(run, ["queue", "drop", "--all", "--yes"]), {
      dropped: 1,
    });
    deepStrictEqual(
      await json(run.here, ["queue", "dead", "requeue", "--all"]),
      {
        requeued: 1,
      },
    );
    strictEqual((await run.here(["queue", "check"])).code, 0);
  }));

Deno.test("queue compact, check -> sizes; sound", () =>
  withProgram(async (run) => {
    await fill(run.here, 2_000);
    await run.here(["queue", "drop", "--all", "--yes"]);
    const { bytes_before, bytes_after } = await json(run, ["queue", "compact"]);
    ok(bytes_after < bytes_before / 4, `${bytes_before}, ${bytes_after}`);
    deepStrictEqual(await json(run.here, ["queue", "check"]), {
      ok: true,
      problems: [],
    });
  }));

Deno.test("help: of every command -> at most a screen of 80 columns; unknown ones are met with a suggestion", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    for (const name of ["", ...COMMANDS.keys()]) {
      const { code, stdout } = await variant(
        name === "" ? ["help"] : [...name.split(" "), "--help"],
      );
      strictEqual(code, 0, name);
      const lines = stdout.trimEnd().split("\n");
      ok(lines.length <= 40, `${name}: ${lines.length} lines`);
      for (const line of lines) ok(line.length <= 80, `${name}: ${line}`);
      if (name === "") continue;
      const { summary } = await loadCommand(name);
      ok(stdout.startsWith(summary), name);
      match(stdout, /examples:/);
    }
    match(
      (await run.here(["help"])).stdout,
      /^ {2}follow .*\n? .*Also: status\.$/m,
    );
    match(
      (await run.here(["help", "queue"])).stdout,
      /kitty-events queue list/,
    );
    const { code, stderr } = await run(["help", "valdate"]);
    strictEqual(code, 64);
    match(stderr, /help validate/);
  }));

Deno.test("--version -> program, contract, runtime and target", () =>
  withProgram(async (run) => {
    match((await run(["--version"])).stdout, /^kitty-events \d+\.\d+\.\d+ \(/);
    deepStrictEqual(Object.keys(await json(run, ["--version"])), [
      "version",
      "commit",
      "contract",
      "deno",
      "target",
    ]);
  }));

Deno.test("VERSION -> that of deno.json", async () => {
  const path = new URL("../../deno.json", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(path));
  strictEqual(VERSION, version);
});
