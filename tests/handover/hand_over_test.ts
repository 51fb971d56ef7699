/** Homes that go, and an agent elsewhere that stays. */

import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import { sampleId } from "../../lib/api/samples.ts";
import { ask, draft } from "../support/agent.ts";
import { runCode } from "../support/child.ts";
import {
  emitDrafts,
  emitNote,
  handingTo,
  startElsewhere,
  TOKEN,
} from "../support/elsewhere.ts";
import { idOf } from "../support/events.ts";
import { isThere, namesIn, tempFolder, tempHome } from "../support/home.ts";
import { commandNeed, needing, runTool, UNIX } from "../support/needs.ts";
import { runHere } from "../support/in_process.ts";
import {
  documentsOf,
  programScript,
  runIn,
  variantsOf,
} from "../support/program.ts";

/** The events in the queue of a home, in order. */
async function queuedIn(home: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await runHere(["queue", "export"], {
    SPEC_KITTY_HOME: home,
  });
  return documentsOf(stdout);
}

const idsIn = async (home: string) =>
  (await queuedIn(home)).map(({ event_id, id }) => event_id ?? id);

const ROW = {
  type: "lane.transitioned",
  missionid: sampleId(0),
  subject: "WP01",
  actor: "ada",
  executionmode: "worktree",
  data: { from_lane: "planned", to_lane: "claimed" },
};

/** Makes all that a process sees of the disk read-only. */
const READ_ONLY_ROOT = "mount --bind / / && mount -o remount,ro,bind /";

const READ_ONLY = {
  ...await commandNeed("unshare", ["--mount", "sh", "-c", READ_ONLY_ROOT]),
  reason: "it takes the right to mount a root that is read-only",
};

Deno.test("emit: an agent elsewhere -> queued via it, with its clock and node; nothing is made here", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path, "127.0.0.1:0", {
    SPEC_KITTY_NODE_ID: "aaaaaaaaaaaa",
  });
  await emitNote(
    { SPEC_KITTY_HOME: there.path },
    "of the agent's home",
    [],
    true,
  );
  const env = {
    ...handingTo(agent.listening, here.path),
    SPEC_KITTY_NODE_ID: "bbbbbbbbbbbb",
    SPEC_KITTY_TEAM_SLUG: "acme",
  };
  const { code, receipt, stderr } = await emitNote(env, "hello", ["--strict"]);
  strictEqual(code, 0);
  deepStrictEqual(receipt, {
    event_type: "HistoryAdded",
    event_id: receipt.event_id,
    lamport_clock: 2,
    status: "queued",
    via: agent.listening,
  });
  ok(stderr.startsWith(`[via ${agent.listening}] queued HistoryAdded`), stderr);
  strictEqual(await isThere(here.path), false);
  const [, event] = await queuedIn(there.path);
  strictEqual(event!.event_id, receipt.event_id);
  strictEqual(event!.node_id, "aaaaaaaaaaaa");
  strictEqual(event!.team_slug, "acme");
  ok(!agent.log.includes(TOKEN) && !stderr.includes(TOKEN));
});

Deno.test("emit --stdin: 2,000 drafts of both contracts, good and bad -> a receipt each, all at the agent in order", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const drafts = Array.from(
    { length: 2_000 },
    (_, i) =>
      i % 3 === 0 ? ROW : i % 100 === 1 ? { event_type: "?" } : draft(i),
  );
  const { code, receipts, stderr } = await emitDrafts(
    handingTo(agent.listening, here.path),
    drafts,
    ["--timeout", "30s"],
  );
  strictEqual(code, 0, stderr);
  strictEqual(receipts.length, drafts.length);
  const kept = receipts.filter(({ status, via }) =>
    status === "queued" && via === agent.listening
  );
  const bad = receipts.filter(({ status }) => status === "discarded");
  strictEqual(kept.length + bad.length, drafts.length);
  ok(bad.length > 10 && bad.every(({ via }) => via === undefined));
  deepStrictEqual(
    await idsIn(there.path),
    kept.map(({ event_id }) => event_id),
  );
  deepStrictEqual(
    kept.map(({ lamport_clock }) => lamport_clock),
    kept.map((_, i) => i + 1),
  );
});

Deno.test(
  needing(
    [UNIX],
    "emit: an agent at a socket -> queued via its path",
    async () => {
      await using there = await tempHome();
      await using here = await tempHome();
      await using agent = await startElsewhere(
        there.path,
        `unix:${there.path}-agent.sock`,
      );
      const { receipt } = await emitNote(
        handingTo(agent.listening, here.path),
        "hello",
      );
      strictEqual(receipt.status, "queued");
      strictEqual(receipt.via, `unix:${there.path}-agent.sock`);
      await agent.stop();
    },
  ),
);

Deno.test("library: an agent elsewhere -> queued via it, and there is nothing to connect to", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const code = `
    const { emitHistoryAdded, emitRow, getEmitter } = await import(lib + "mod.ts");
    const row = await emitRow(${JSON.stringify(ROW.type)}, ${
    JSON.stringify(ROW)
  });
    const notes = await Promise.all([1, 2, 3].map((n) =>
      emitHistoryAdded("WP01", "note", "entry " + n)));
    const state = await (await getEmitter()).connect();
    console.log(JSON.stringify([state, row, ...notes]));
  `;
  const env = handingTo(agent.listening, here.path);
  const [state, ...receipts] = JSON.parse(await runCode(code, { env }));
  strictEqual(state, "Offline");
  deepStrictEqual(
    receipts.map((receipt: Record<string, unknown>) => receipt.status),
    ["queued", "queued", "queued", "queued"],
  );
  deepStrictEqual(
    await idsIn(there.path),
    receipts.map((receipt: Record<string, unknown>) => receipt.event_id),
  );
  strictEqual(await isThere(here.path), false);
});

Deno.test("emit: the agent is away -> spooled with the reason; the next one hands that over first", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  const agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  await agent.stop();
  const spooled: unknown[] = [];
  for (const text of ["first", "second"]) {
    const { code, receipt } = await emitNote(
      env,
      text,
      ["--strict"],
      text === "second",
    );
    strictEqual(code, 0);
    strictEqual(receipt.status, "spooled");
    strictEqual(receipt.lamport_clock, null);
    strictEqual(receipt.via, undefined);
    match(
      receipt.warning,
      /^kept in the spool, the next run hands it over: the agent at http:\S+ does not answer: /,
    );
    spooled.push(receipt.event_id);
  }
  strictEqual((await namesIn(`${here.path}/spool`)).length, 2);
  await using again = await startElsewhere(
    there.path,
    new URL(agent.listening).host,
  );
  const { receipts } = await emitDrafts(env, [draft(1), draft(2)]);
  deepStrictEqual(receipts.map(({ status }) => status), ["queued", "queued"]);
  deepStrictEqual(await idsIn(there.path), [
    ...spooled,
    ...receipts.map(({ event_id }) => event_id),
  ]);
  deepStrictEqual(await namesIn(`${here.path}/spool`), []);
  strictEqual(await isThere(`${here.path}/events.kv`), false);
  await again.stop();
});

Deno.test("emit: a draft of a shell waits in the spool, and one that is none -> handed over first; set aside", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  await Deno.mkdir(`${here.path}/spool`, { recursive: true });
  const drop = (name: string, value: unknown) =>
    Deno.writeTextFile(
      `${here.path}/spool/${name}.json`,
      JSON.stringify(value, null, 2),
    );
  await drop("1", draft(1));
  await drop("2", { event_type: "HistoryAdded", payload: {} });
  const { receipt, stderr } = await emitNote(
    handingTo(agent.listening, here.path),
    "mine",
  );
  strictEqual(receipt.lamport_clock, 2);
  match(stderr, /2\.json breaks the contract and is now in rejected\//);
  const [first] = await queuedIn(there.path);
  strictEqual(
    (first!.payload as Record<string, unknown>).entry_content,
    "entry 1",
  );
  deepStrictEqual(await namesIn(`${here.path}/spool/rejected`), [
    "2.json",
    "2.json.reason.json",
  ]);
});

Deno.test("emit: the agent lacks the contract of a draft -> discarded with its words; of the spool: set aside, and others go on", async () => {
  await using folder = await tempFolder();
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  const type = "com.example.note.v1";
  const schema = `${folder.path}/note.json`;
  await Deno.writeTextFile(schema, JSON.stringify({ type: "object" }));
  const added = await runHere(
    ["contract", "add", "--type", type, schema],
    env,
  );
  strictEqual(added.code, 0, added.stderr);
  const row = { type, source: "urn:example", data: {} };
  const { receipts } = await emitDrafts(env, [row, draft(1)]);
  const [refused, taken] = receipts;
  strictEqual(refused.status, "discarded", JSON.stringify(receipts));
  strictEqual(refused.via, agent.listening);
  ok(refused.problems.length > 0);
  strictEqual(taken.status, "queued");
  await Deno.mkdir(`${here.path}/spool`, { recursive: true });
  await Deno.writeTextFile(
    `${here.path}/spool/1.json`,
    JSON.stringify({ ...row, id: idOf(1) }),
  );
  const { receipt } = await emitNote(env, "hello", ["--timeout", "20s"]);
  strictEqual(receipt.status, "queued");
  deepStrictEqual(await namesIn(`${here.path}/spool/rejected`), [
    "1.json",
    "1.json.reason.json",
  ]);
});

Deno.test("emit: the agent's queue is full, or it records nothing -> spooled, words say so", async () => {
  for (
    const [env, why] of [
      [{ SPEC_KITTY_MAX_QUEUE_SIZE: "1" }, /takes no more: its queue is full$/],
      [
        { SPEC_KITTY_DISABLED: "1" },
        /records nothing: SPEC_KITTY_DISABLED is set there$/,
      ],
    ] as const
  ) {
    await using there = await tempHome();
    await using here = await tempHome();
    await using agent = await startElsewhere(there.path, undefined, env);
    const { receipts } = await emitDrafts(
      handingTo(agent.listening, here.path),
      [draft(1), draft(2), draft(3)],
    );
    const last = receipts.at(-1);
    strictEqual(last.status, "spooled");
    match(last.warning, why);
  }
});

Deno.test("emit: no home can be had -> queued via the agent; without the agent lost, and both reasons said", async () => {
  await using there = await tempHome();
  await using folder = await tempFolder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "");
  const agent = await startElsewhere(there.path);
  for (const home of [`${file}/home`, "/proc/home"]) {
    const env = handingTo(agent.listening, home);
    strictEqual((await emitNote(env, "hello")).receipt.status, "queued");
  }
  await agent.stop();
  const { code, receipt } = await emitNote(
    handingTo(agent.listening, `${file}/home`),
    "hello",
    ["--strict"],
  );
  strictEqual(code, 74);
  strictEqual(receipt.status, "lost");
  match(
    receipt.warning,
    /^nothing could be kept: agent: the agent at \S+ does not answer: .*; spool: /,
  );
});

Deno.test(
  needing(
    [READ_ONLY],
    "emit: a read-only file system -> queued via the agent",
    async () => {
      await using there = await tempHome();
      await using agent = await startElsewhere(there.path);
      await using folder = await tempFolder();
      const script = `${folder.path}/kitty-events`;
      await Deno.writeTextFile(script, programScript(), { mode: 0o755 });
      const { stdout, stderr } = await runTool("unshare", {
        args: [
          "--mount",
          "sh",
          "-c",
          `${READ_ONLY_ROOT} && exec ${script} emit history-added WP01 note hello --json`,
        ],
        env: { ...handingTo(agent.listening), HOME: folder.path },
      });
      const [receipt] = documentsOf(new TextDecoder().decode(stdout));
      strictEqual(receipt?.status, "queued", new TextDecoder().decode(stderr));
    },
  ),
);

Deno.test("emit: an address or token that cannot be used -> spooled, the setting named; --strict 78", async () => {
  await using here = await tempHome();
  let count = 0;
  for (
    const [env, why] of [
      [
        { SPEC_KITTY_AGENT_URL: "agent.example.org:9464" },
        /SPEC_KITTY_AGENT_URL/,
      ],
      [{ SPEC_KITTY_AGENT_URL: "http://agent.example.org:9464" }, /plain http/],
      [{ SPEC_KITTY_AGENT_URL: "unix:relative" }, /names no path/],
      [
        { SPEC_KITTY_AGENT_URL: "https://u:p@example.org" },
        /a user or a password/,
      ],
    ] as const
  ) {
    const { code, receipt, stderr } = await emitNote(
      { ...env, SPEC_KITTY_HOME: here.path },
      "hello",
      ["--strict"],
      // The first by a process.
      count++ > 0,
    );
    strictEqual(receipt.status, "spooled");
    match(receipt.warning, why);
    strictEqual(code, 78, stderr);
  }
  const { receipt } = await emitNote(
    {
      ...handingTo("http://127.0.0.1:9", here.path),
      SPEC_KITTY_AGENT_TOKEN: "",
      SPEC_KITTY_AGENT_TOKEN_FILE: `${here.path}/none`,
    },
    "hello",
    [],
    true,
  );
  match(receipt.warning, /was not asked: cannot use the agent's token/);
});

Deno.test("commands of a home that hands over -> leave its spool to the agent", async () => {
  await using here = await tempHome();
  const env = handingTo("http://127.0.0.1:9", here.path);
  await emitNote(env, "waits", [], true);
  const before = await namesIn(`${here.path}/spool`);
  strictEqual(before.length, 1);
  const run = variantsOf(runIn(here.path, env));
  for (const words of [["queue", "list"], ["queue", "stats"], ["clock"]]) {
    strictEqual((await run(words)).code, 0);
  }
  deepStrictEqual(await namesIn(`${here.path}/spool`), before);
  // Without the variable it is a home like any other.
  await emitNote({ SPEC_KITTY_HOME: here.path }, "at home", [], true);
  strictEqual((await queuedIn(here.path)).length, 2);
});

Deno.test("emit: an id that was handed over before -> its receipt again; another content discarded", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  const options = ["--event-id", idOf(1)];
  const { receipt } = await emitNote(env, "hello", options);
  deepStrictEqual((await emitNote(env, "hello", options)).receipt, receipt);
  const other = await emitNote(env, "other", options, true);
  strictEqual(other.receipt.status, "discarded");
  notStrictEqual(other.receipt.problems.length, 0);
  strictEqual((await ask(there.path, "queue", "stats")).queued, 1);
});
