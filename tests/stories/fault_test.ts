/**
 * Delivery under faults, by real processes: whatever network, gateway and
 * server do, nothing is lost, nothing is doubled, and the program says so.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { noFindings } from "../proof/findings.ts";
import { Mixtures } from "../proof/mixtures.ts";
import { TestAgent } from "../support/agent.ts";
import { COUNT, type Row, ROWS, WHOLE } from "../support/delivery_faults.ts";
import {
  inTrial,
  runBounded,
  SEED,
  sideBySide,
  someOf,
  type Trial,
  trialsAtOne,
} from "../support/delivery_trial.ts";
import type { Fault } from "../support/fault/fault.ts";
import { answer } from "../support/fault/answers.ts";
import { deliveredButLost, latency } from "../support/fault/pipe.ts";
import { documentsOf } from "../support/program.ts";
import { mulberry32 } from "../support/world.ts";
import { IS_FULL, needing, OPENSSL, runTool } from "../support/needs.ts";

/** Mixtures of faults, one after the other in one home. */
const ROUNDS = IS_FULL ? 6 : 3;

const atOne = trialsAtOne();

Deno.test("sync now: a fault on the way -> as the step says, and all arrives once it is over", (t) =>
  sideBySide(t, someOf(ROWS), faulty));

async function faulty(trial: Trial, row: Row): Promise<void> {
  const { outcome, inject } = row;
  const ids = await trial.emit(COUNT);
  const injected = await inject(trial, ids);
  const all = trial.recorded.size;
  const { code, summary, stderr } = WHOLE.has(row)
    ? await trial.syncHere(outcome.timeout)
    : await trial.sync(outcome.timeout);
  const { end, rejected, remaining, reason } = summary;
  deepStrictEqual(
    { code, end, dead: rejected },
    { code: outcome.code, end: outcome.end, dead: outcome.dead },
    `${JSON.stringify(summary)} ${stderr}`,
  );
  if (injected) ok(injected.hits > 0, "the fault met nothing");
  const { status, queued, dead } = await trial.stand();
  strictEqual(remaining, queued.length);
  strictEqual(status.authenticated, true);
  strictEqual(dead.length, outcome.dead);
  for (const { last_error } of dead) ok(last_error.length > 0);
  if (outcome.left !== undefined) strictEqual(queued.length, outcome.left);
  else ok(queued.length > 0 && queued.length < all, `${queued.length} left`);
  if (end === "drained") {
    const notTaken = Object.keys(summary.failures)
      .some((category) => ["missing", "unknown_status"].includes(category));
    strictEqual(status.last_failure !== null, notTaken);
  } else {
    strictEqual(status.last_failure.reason, reason);
    ok(reason.length > 0 && stderr.includes(reason), stderr);
  }
  await trial.recover();
}

/** 401 to all who come with an access token of before. */
function revoked(access: string): Fault {
  const old = `Bearer ${access}`;
  return {
    ...answer({ status: 401, body: { error: "expired" } }),
    name: "revoked",
    applies: ({ head }) => head.headers.get("authorization") === old,
  };
}

async function accessOf(home: string): Promise<string> {
  const text = await Deno.readTextFile(`${home}/credentials`);
  const [, access] = text.match(/^access = "(.+)"$/m) ?? [];
  ok(access);
  return access;
}

Deno.test("sync now: 401 in mid drain -> one refresh, all delivered", () =>
  atOne(async (trial) => {
    await trial.emit(1_500);
    const old = revoked(await accessOf(trial.home));
    trial.proxy.inject(old, { path: PATHS.batch, after: 1 });
    const { code, summary } = await trial.sync();
    deepStrictEqual([code, summary.delivered], [0, 1_500]);
    strictEqual(trial.proxy.requests(PATHS.refresh), 1);
    await trial.recover();
  }));

Deno.test("sync now, agent: both get 401 at once -> one of them refreshes, both go on", () =>
  atOne(async (trial) => {
    const { proxy, home } = trial;
    await trial.emit(COUNT);
    proxy.inject(revoked(await accessOf(home)));
    proxy.inject(latency(200), { path: PATHS.refresh });
    const [agent, { code, stderr }] = await Promise.all([
      TestAgent.start(home),
      trial.sync(),
    ]);
    await using _agent = agent;
    strictEqual(code, 0, stderr);
    await agent.is("Connected");
    strictEqual(proxy.requests(PATHS.refresh), 1);
    strictEqual(await agent.stop(), 143);
    await trial.recover();
  }));

Deno.test("sync now: the refresh's answer is lost -> the session goes on", () =>
  atOne(async (trial) => {
    await trial.emit(COUNT);
    trial.proxy.inject(revoked(await accessOf(trial.home)));
    trial.proxy.inject(deliveredButLost(), { path: PATHS.refresh, times: 1 });
    const { code, stderr } = await trial.sync();
    strictEqual(code, 0, stderr);
    await trial.recover();
  }));

Deno.test("sync now: no refresh for now -> exit 69, still logged in", () =>
  atOne(async (trial) => {
    await trial.emit(COUNT);
    trial.proxy.inject(revoked(await accessOf(trial.home)));
    trial.proxy.inject(answer({ status: 500 }), { path: PATHS.refresh });
    const { code, summary } = await trial.sync();
    deepStrictEqual([code, summary.end], [69, "trouble"]);
    const { queued, status } = await trial.stand();
    deepStrictEqual([queued.length, status.authenticated], [COUNT, true]);
    await trial.recover();
  }));

Deno.test("sync now: the session has ended -> exit 77, nothing lost; after a login all delivered", () =>
  atOne(async (trial) => {
    await trial.emit(COUNT);
    trial.proxy.inject(answer({ status: 401 }));
    const { code, summary } = await trial.sync();
    deepStrictEqual([code, summary.end], [77, "not_authenticated"]);
    const { queued, status } = await trial.stand();
    deepStrictEqual([queued.length, status.authenticated], [COUNT, false]);
    trial.proxy.clear();
    strictEqual((await trial.run(["sync", "now", "--json"])).code, 77);
    await trial.logIn();
    await trial.recover();
  }));

Deno.test("sync now: the collector is away and comes back -> trouble, then all delivered", () =>
  inTrial(async (trial) => {
    await trial.emit(COUNT);
    strictEqual(await trial.collector.stop("SIGKILL"), 137);
    const { code, summary } = await trial.sync();
    deepStrictEqual([code, summary.remaining], [69, COUNT]);
    await trial.collector.restart();
    await trial.recover();
  }));

/** Drains with a server's address of another kind: trouble in these words, and nothing lost. */
async function syncAt(trial: Trial, url: string, words: RegExp): Promise<void> {
  await trial.emit(COUNT);
  const { code, stdout, stderr } = await runBounded(
    ["sync", "now", "--json", "--timeout", "5s"],
    {
      SPEC_KITTY_HOME: trial.home,
      SPEC_KITTY_SERVER_URL: url,
      SPEC_KITTY_TEAM_SLUG: trial.user.team,
      SPEC_KITTY_ACCESS_TOKEN: await accessOf(trial.home),
    },
  );
  strictEqual(code, 69, stderr);
  const [{ end, reason, remaining }] = documentsOf(stdout);
  deepStrictEqual([end, remaining], ["trouble", COUNT]);
  match(reason, words);
  const { status } = await trial.stand();
  strictEqual(status.last_failure.reason, reason);
  await trial.recover();
}

Deno.test("sync now: https at a port that speaks none -> exit 69 and words of it, nothing lost", () =>
  atOne((trial) => {
    const { host } = new URL(trial.collector.url);
    return syncAt(trial, `https://${host}`, /tls|ssl|corrupt message/i);
  }));

const keys = await selfSigned();

Deno.test(needing(
  [OPENSSL],
  "sync now: a certificate that nobody vouches for -> exit 69 and words of it, no request, nothing lost",
  () =>
    atOne(async (trial) => {
      let requests = 0;
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, ...keys!, onListen() {} },
        () => new Response(`${++requests}`),
      );
      const { port } = server.addr;
      await syncAt(trial, `https://127.0.0.1:${port}`, /certificate/i);
      strictEqual(requests, 0);
    }),
));

/** A new key and a certificate for this machine; undefined where there is no openssl. */
async function selfSigned(): Promise<
  { readonly key: string; readonly cert: string } | undefined
> {
  const { success, stdout } = await runTool("openssl", {
    args: [
      ...["req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"],
      ...["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", "-"],
      ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
    ],
  }).catch(() => ({ success: false, stdout: new Uint8Array() }));
  if (!success) return undefined;
  const text = new TextDecoder().decode(stdout);
  const at = text.indexOf("-----BEGIN CERTIFICATE");
  return { key: text.slice(0, at), cert: text.slice(at) };
}

Deno.test(`sync now: ${ROUNDS} mixtures of faults -> nothing lost, nothing doubled, no dead letters`, async () => {
  console.log(`seed ${SEED}`);
  await atOne(async (trial) => {
    const mixtures = new Mixtures(trial, mulberry32(SEED));
    for (let round = 1; round <= ROUNDS; round++) {
      await mixtures.round();
      deepStrictEqual(await mixtures.verify(), noFindings(), `round ${round}`);
    }
    deepStrictEqual(await mixtures.recover(), noFindings());
    console.log(`${trial.recorded.size} events in ${ROUNDS} rounds`);
  });
});
