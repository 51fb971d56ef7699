/** What commands say of a home that hands over to an agent elsewhere. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { logIn } from "../support/agent.ts";
import { localCollector } from "../support/collector.ts";
import {
  emitNote,
  handingTo,
  startElsewhere,
  Stranger,
  TOKEN,
} from "../support/elsewhere.ts";
import { isThere, namesIn, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import {
  documentsOf,
  runIn,
  runProgram,
  variantsOf,
} from "../support/program.ts";

/** What the doctor says of the agent, and with which code it ends: the first a process. */
let visits = 0;
async function visit(env: Record<string, string>) {
  const run = visits++ === 0 ? runProgram : runHere;
  const { code, stdout, stderr } = await run(["doctor", "--json"], env);
  ok(!`${stdout}${stderr}`.includes(TOKEN));
  const { checks } = documentsOf(stdout)[0];
  const agent = checks.find(({ name }: { name: string }) => name === "agent");
  return { code, agent };
}

Deno.test("doctor: an agent elsewhere -> whether it answers, takes the token and delivers", async () => {
  await using collector = await localCollector();
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  const offline = await visit(env);
  strictEqual(offline.agent.status, "warning");
  match(
    offline.agent.found,
    /answers after \d+ ms \(version 0\.1\.0; Offline\)$/,
  );
  await logIn(there.path, collector.client);
  await agent.is("Connected");
  const online = await visit(env);
  strictEqual(online.agent.status, "ok");
  match(online.agent.found, /\(version 0\.1\.0; Connected\)$/);
  const stranger = await visit({
    ...env,
    SPEC_KITTY_AGENT_TOKEN: "another-token-0123456789",
  });
  strictEqual(stranger.code, 77);
  match(stranger.agent.found, /refuses the token/);
  match(stranger.agent.try, /SPEC_KITTY_AGENT_TOKEN/);
});

Deno.test("doctor: no agent, another program, or no address -> a problem with what to do", async () => {
  await using here = await tempHome();
  await using html = Stranger.saying(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n" +
      '{"status": "ok"}',
  );
  for (
    const [url, code, found] of [
      ["http://127.0.0.1:9", 69, /does not answer: /],
      [html.url, 69, /is another program: it says nothing of itself$/],
      ["nowhere", 78, /SPEC_KITTY_AGENT_URL "nowhere" is not a URL/],
    ] as const
  ) {
    const said = await visit(handingTo(url, here.path));
    strictEqual(said.code, code);
    match(said.agent.found, found);
    ok(said.agent.try);
  }
});

Deno.test("sync now, sync status, queue: of a home that hands over -> hand over its spool, and name the agent", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  const agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  await agent.stop();
  for (const text of ["one", "two"]) await emitNote(env, text, [], true);

  const failed = await runProgram(["sync", "now", "--json"], env);
  strictEqual(failed.code, 69);
  const [{ error }] = documentsOf(failed.stdout);
  match(error.message, /^2 drafts wait in the spool still: the agent at /);

  const status = await runHere(["sync", "status", "--json"], env);
  const [document] = documentsOf(status.stdout);
  strictEqual(document.hands_over_to, agent.listening);
  strictEqual(document.spooled, 2);
  const queue = await runHere(["queue", "list"], env);
  match(queue.stderr, /drafts are handed over to the agent at http:/);
  deepStrictEqual(await namesIn(here.path), ["spool"]);

  // Who names a time waits for an agent that is away.
  const syncing = runProgram(
    ["sync", "now", "--json", "--timeout", "20s"],
    env,
  );
  await using again = await startElsewhere(
    there.path,
    new URL(agent.listening).host,
  );
  const done = await syncing;
  strictEqual(done.code, 0, done.stderr);
  deepStrictEqual(documentsOf(done.stdout), [
    { handed_over: 2, left: 0, via: again.listening },
  ]);
  deepStrictEqual(await namesIn(`${here.path}/spool`), []);
});

Deno.test("queue check, compact, drop, clock: of a home that hands over -> nothing is made beside its spool", async () => {
  await using here = await tempHome();
  const env = handingTo("http://127.0.0.1:9", here.path);
  await emitNote(env, "to its spool", [], true);
  const run = variantsOf(runIn(here.path, env));
  for (
    const words of [
      ["queue", "check"],
      ["queue", "compact"],
      ["queue", "drop", "--all", "--yes"],
      ["queue", "dead", "drop", "--all", "--yes"],
      ["clock"],
    ]
  ) {
    const { code, stderr } = await run(words);
    strictEqual(code, 0, stderr);
    match(stderr, /there is no queue in \S+, and none is needed/);
    deepStrictEqual(await namesIn(here.path), ["spool"], words.join(" "));
  }
  strictEqual((await namesIn(`${here.path}/spool`)).length, 1);
});

Deno.test("sync now: of a home that hands over -> 0 with an empty queue of its own, 77 where events of its own wait for a login", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const own = { SPEC_KITTY_HOME: here.path };
  const { receipt } = await emitNote(own, "before", [], true);
  const env = handingTo(agent.listening, here.path);
  const waiting = await runProgram(["sync", "now"], env);
  strictEqual(waiting.code, 77, waiting.stderr);
  await runHere(["queue", "drop", receipt.event_id], own);
  const done = await runProgram(["sync", "now", "--json"], env);
  strictEqual(done.code, 0, done.stderr);
  deepStrictEqual(documentsOf(done.stdout), [
    { handed_over: 0, left: 0, via: agent.listening },
  ]);
});

Deno.test("agent run: with an agent elsewhere in its environment -> records in its own home all the same", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path, "127.0.0.1:0", {
    SPEC_KITTY_AGENT_URL: "http://127.0.0.1:9",
  });
  const { receipt } = await emitNote(
    handingTo(agent.listening, here.path),
    "hello",
  );
  strictEqual(receipt.status, "queued");
  strictEqual(await isThere(here.path), false);
});
