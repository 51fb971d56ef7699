/** `sync now` as its users run it, against real servers. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  draft,
  idsOf,
  logIn,
  record,
  syncIn,
  withLogin,
} from "../support/agent.ts";
import { BatchServer } from "../support/batch_server.ts";
import { type CollectorClient, EVE } from "../support/collector.ts";
import { idOf } from "../support/events.ts";
import { tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { HISTORY, HISTORY_FILE, needing } from "../support/needs.ts";
import { freePort } from "../support/ports.ts";

Deno.test(needing(
  [HISTORY],
  "sync now: a part of a real history -> all of it at the server",
  () =>
    withLogin(async ({ home, client, sync }) => {
      const lines = (await Deno.readTextFile(HISTORY_FILE)).split("\n");
      const { stdout } = await runProgram(["emit", "--stdin", "--json"], {
        SPEC_KITTY_HOME: home,
      }, { stdin: lines.slice(0, 2_500).join("\n") });
      const queued = documentsOf(stdout)
        .filter(({ status }) => status === "queued");
      ok(queued.length > 2_000);

      const { code, stderr, summary } = await sync(["--json"]);
      strictEqual(code, 0, stderr);
      const { duration_ms, batches, ...rest } = summary;
      deepStrictEqual(rest, {
        sent: queued.length,
        delivered: queued.length,
        duplicates: 0,
        rejected: 0,
        remaining: 0,
        failures: {},
        local: queued.length,
        end: "drained",
      });
      ok(Number.isInteger(duration_ms) && batches >= 3);
      match(stderr, /had no team of their own and went out as acme$/m);
      const events = await arrived(client, queued.length);
      deepStrictEqual(idsOf(events), idsOf(queued));
    }),
));

Deno.test("sync now: for people -> one line that sums up, and whose events stay", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 3);
    await record(home, 2, { team: "other" });
    const { code, stdout, stderr } = await sync();
    strictEqual(code, 0, stderr);
    match(
      stdout,
      /^3 delivered, 0 duplicates, 0 rejected, 2 left \(\d+ requests?, \d+ ms\)\n$/,
    );
    match(stderr, /^3 events had no team of their own and went out as acme$/m);
    match(stderr, /^left, by team: other 2$/m);
    const events = await arrived(client, 3);
    deepStrictEqual(events.map(({ team_slug }) => team_slug), [
      "acme",
      "acme",
      "acme",
    ]);
    const second = await sync(["--json"]);
    deepStrictEqual([second.summary.sent, second.summary.remaining], [0, 2]);
  }));

Deno.test("sync now: one event without a team, one with -> says of the one whose it is now; of none, nothing", () =>
  withLogin(async ({ home, sync }) => {
    await record(home, 1);
    await record(home, 1, { first: 2, team: "acme" });
    const { stderr } = await sync();
    strictEqual(
      stderr.trim(),
      "1 event had no team of its own and went out as acme",
    );
    await record(home, 1, { first: 3, team: "acme" });
    strictEqual((await sync()).stderr, "");
  }));

Deno.test("sync now: nothing is queued -> exit 0, nothing sent", () =>
  withLogin(async ({ sync }) => {
    const { code, summary } = await sync(["--json"]);
    strictEqual(code, 0);
    deepStrictEqual([summary.sent, summary.batches, summary.end], [
      0,
      0,
      "drained",
    ]);
  }));

Deno.test("sync now: delivered before, as after a lost answer -> counted as duplicates, gone from the queue", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 2, { team: "acme" });
    const { stdout } = await runHere(["queue", "export"], {
      SPEC_KITTY_HOME: home,
    });
    const { access } = await client.logIn();
    strictEqual((await client.send(access, documentsOf(stdout))).status, 200);
    const { code, summary } = await sync(["--json"]);
    strictEqual(code, 0);
    const { delivered, duplicates, remaining } = summary;
    deepStrictEqual([delivered, duplicates, remaining], [0, 2, 0]);
    strictEqual((await arrived(client, 2)).length, 2);
  }));

/** Puts an event into a home that the server refuses: its id is taken there. */
async function poison(home: string, client: CollectorClient): Promise<string> {
  await using other = await tempHome();
  await logIn(other.path, client);
  const event_id = idOf(7);
  const { payload } = draft(1);
  for (const [place, entry_content] of [[other.path, "a"], [home, "b"]]) {
    const stdin = JSON.stringify({
      ...draft(1),
      event_id,
      payload: { ...payload as object, entry_content },
    });
    const { code } = await runProgram(["emit", "--stdin"], {
      SPEC_KITTY_HOME: place!,
    }, { stdin });
    strictEqual(code, 0);
    if (place !== home) strictEqual((await syncIn(place!)()).code, 0);
  }
  return event_id;
}

Deno.test("sync now --report: the server refuses an event -> exit 65, the event named, the others delivered", () =>
  withLogin(async ({ home, client, sync }) => {
    const event_id = await poison(home, client);
    await record(home, 2);
    const file = `${home}/report.ndjson`;
    const { code, summary, stderr } = await sync(["--json", "--report", file]);
    strictEqual(code, 65, stderr);
    const { sent, delivered, rejected, remaining, failures } = summary;
    deepStrictEqual([sent, delivered, rejected, remaining, failures], [
      3,
      2,
      1,
      0,
      { rejected: 1 },
    ]);
    const report = documentsOf(await Deno.readTextFile(file));
    strictEqual(report.length, 1);
    const { message, ...rest } = report[0];
    deepStrictEqual(rest, { event_id, category: "rejected", fate: "dead" });
    ok(message.length > 0);
  }));

Deno.test("sync now --report: nothing was refused -> an empty file; a place that is not there -> 74, the drain done", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 1);
    const file = `${home}/report.ndjson`;
    strictEqual((await sync(["--report", file])).code, 0);
    strictEqual(await Deno.readTextFile(file), "");
    await record(home, 1, { first: 2 });
    const { code, stderr } = await sync(["--report", `${home}/no/file`]);
    strictEqual(code, 74);
    match(stderr, /the drain is done/);
    strictEqual((await arrived(client, 2)).length, 2);
  }));

const SERVER = `http://127.0.0.1:${freePort()}`;
const TOKEN = { SPEC_KITTY_ACCESS_TOKEN: "some-token" };
const TEAM = { SPEC_KITTY_TEAM_SLUG: "acme" };

/** Why nothing can be sent, by what is configured. */
const CLOSED: readonly [string, Record<string, string>, number, RegExp][] = [
  [
    "a server in the clear",
    { ...TOKEN, ...TEAM, SPEC_KITTY_SERVER_URL: "http://example.org" },
    78,
    /plain http/,
  ],
  [
    "an address that is none",
    { SPEC_KITTY_SERVER_URL: "foo" },
    78,
    /address \\?"foo\\?" is not a URL[^]*SPEC_KITTY_SERVER_URL.*sync\.server_url/,
  ],
  ["nobody is logged in", {}, 77, /auth login/],
  ["tokens for no server", { ...TOKEN, ...TEAM }, 77, /SPEC_KITTY_SERVER_URL/],
  [
    "no team is known",
    { ...TOKEN, SPEC_KITTY_SERVER_URL: SERVER },
    77,
    /no team is known/,
  ],
  [
    "nobody listens",
    { ...TOKEN, ...TEAM, SPEC_KITTY_SERVER_URL: SERVER },
    69,
    /no answer from 127\.0\.0\.1/,
  ],
];

for (const [name, env, expected, words] of CLOSED) {
  Deno.test(`sync now: ${name} -> exit ${expected}, says why, the event stays`, async () => {
    await using home = await tempHome();
    const sync = syncIn(home.path);
    await record(home.path, 1);
    const text = await sync([], env);
    strictEqual(text.code, expected, text.stderr);
    match(text.stderr, words);
    const { code, summary, stderr } = await sync(["--json"], env);
    strictEqual(code, expected);
    match(JSON.stringify(summary) + stderr, words);
    const { stdout } = await runHere(["queue", "export"], {
      SPEC_KITTY_HOME: home.path,
    });
    strictEqual(documentsOf(stdout).length, 1);
  });
}

Deno.test("sync now: another team is configured than the user's -> exit 77, the server's words, the event stays", () =>
  withLogin(async ({ home, sync }) => {
    await record(home, 1);
    const { code, summary, stderr } = await sync(["--json"], {
      SPEC_KITTY_TEAM_SLUG: EVE.team,
    });
    strictEqual(code, 77, stderr);
    deepStrictEqual([summary.end, summary.remaining], ["forbidden", 1]);
    match(summary.reason, /403/);
    strictEqual((await sync(["--json"])).summary.delivered, 1);
  }));

for (
  const words of [["--timeout", "soon"], ["--timeout"], ["more"], ["--report"]]
) {
  Deno.test(`sync now ${words.join(" ")}: wrong usage -> exit 64`, async () => {
    await using home = await tempHome();
    const { code, stderr } = await syncIn(home.path)(words);
    strictEqual(code, 64, stderr);
  });
}

Deno.test("sync now --timeout: a server that never answers -> ends with exit 69, the event stays", async () => {
  await using home = await tempHome();
  await using server = new BatchServer();
  server.answer = "never";
  await record(home.path, 1);
  const before = performance.now();
  const { code, summary } = await syncIn(home.path)(
    ["--json", "--timeout", "1s"],
    server.env,
  );
  strictEqual(code, 69);
  strictEqual(summary.remaining, 1);
  ok(performance.now() - before < 8_000);
});
