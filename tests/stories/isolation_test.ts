/** Two teams, two accounts and two servers on one machine: neither gets what is the other's. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { arrived, idsOf, TestAgent } from "../support/agent.ts";
import { ADA, EVE } from "../support/collector.ts";
import { answer } from "../support/fault/answers.ts";
import { documentsOf } from "../support/program.ts";
import {
  logInAt,
  note,
  onMachine,
  type RecordedSite,
} from "../support/recorded_site.ts";

/** Nothing of one server's has reached the other. */
function verifyApart(a: RecordedSite, b: RecordedSite): void {
  ok(a.tokens.size > 0 || b.tokens.size > 0);
  for (const [from, to] of [[a, b], [b, a]] as const) {
    for (const token of from.tokens) {
      ok(
        !to.text.includes(token),
        "a token at the server that did not give it",
      );
    }
  }
}

function verifyNeverAt(site: RecordedSite, ids: readonly string[]): void {
  deepStrictEqual(ids.filter((id) => site.text.includes(id)), []);
}

Deno.test("sync now: two accounts at two servers, one after the other -> each gets its team's events, and what was local then", () =>
  onMachine(async ({ a, b, run }) => {
    const local = await note(run, 2);
    const acme = await note(run, 3, "acme");
    const evil = await note(run, 4, "evil");
    strictEqual((await logInAt(run, a, ADA)).code, 0);
    strictEqual((await run(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await a.events(ADA)), [...local, ...acme]);
    strictEqual((await run.here(["auth", "logout"])).code, 0);

    const between = await note(run, 1);
    const later = await note(run, 1, "acme");
    strictEqual((await logInAt(run.here, b, EVE)).code, 0);
    const mine = await note(run, 2);
    strictEqual((await run.here(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await b.events(EVE)), [...evil, ...between, ...mine]);
    verifyNeverAt(b, [...local, ...acme, ...later]);
    verifyNeverAt(a, [...evil, ...between, ...mine]);

    strictEqual((await logInAt(run.here, a, ADA)).code, 0);
    strictEqual((await run.here(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await a.events(ADA)), [...local, ...acme, ...later]);
    const { by_team } = documentsOf(
      (await run.here(["queue", "stats", "--json"])).stdout,
    )[0];
    deepStrictEqual(by_team, {});
    verifyApart(a, b);
  }));

Deno.test("sync now: SPEC_KITTY_TEAM_SLUG names a team that the account is not of -> refused, nothing stored, nothing lost", () =>
  onMachine(async ({ a, b, run }) => {
    const acme = await note(run, 2, "acme");
    const evil = await note(run, 2, "evil");
    strictEqual((await logInAt(run.here, b, EVE)).code, 0);
    const env = { SPEC_KITTY_TEAM_SLUG: "acme" };
    const { code, stdout } = await run(["sync", "now", "--json"], { env });
    strictEqual(code, 77);
    const [{ end, remaining }] = documentsOf(stdout);
    deepStrictEqual([end, remaining], ["forbidden", 4]);
    deepStrictEqual(await b.events(EVE), []);
    verifyNeverAt(b, evil);
    strictEqual((await run(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await b.events(EVE)), evil);
    strictEqual((await logInAt(run.here, a, ADA)).code, 0);
    strictEqual((await run.here(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await a.events(ADA)), acme);
    verifyApart(a, b);
  }));

Deno.test("sync now, agent: another server is configured than that of the login -> exit 77, it hears nothing", () =>
  onMachine(async ({ home, a, b, run }) => {
    const ids = await note(run, 2);
    strictEqual((await logInAt(run.here, a, ADA)).code, 0);
    const env = { SPEC_KITTY_SERVER_URL: b.url };
    const { code, stderr } = await run(["sync", "now"], { env });
    strictEqual(code, 77);
    match(stderr, /log in/);
    {
      await using agent = await TestAgent.start(home, { env });
      await agent.is("Offline");
      strictEqual((await run(["sync", "now"], { env })).code, 77);
      strictEqual(await agent.stop(), 143);
    }
    deepStrictEqual(b.received, []);
    strictEqual((await run(["sync", "now"])).code, 0);
    deepStrictEqual(idsOf(await a.events(ADA)), ids);
  }));

Deno.test("sync now: a server leads elsewhere -> not followed, the other server hears nothing", () =>
  onMachine(async ({ a, b, run }) => {
    await note(run, 2);
    strictEqual((await logInAt(run.here, a, ADA)).code, 0);
    for (const status of [301, 302, 307, 308]) {
      const injected = a.proxy.inject(
        answer({ status, headers: { location: `${b.url}${PATHS.batch}` } }),
      );
      const { code } = await run(["sync", "now", "--timeout", "2s"]);
      strictEqual(code, 69);
      ok((await logInAt(run.here, a, ADA)).code !== 0);
      injected.remove();
    }
    deepStrictEqual(b.received, []);
  }));

Deno.test("agent: the login changes to the other server while it runs -> it goes there, with that server's tokens only", () =>
  onMachine(async ({ home, a, b, run }) => {
    strictEqual((await logInAt(run.here, a, ADA)).code, 0);
    await using agent = await TestAgent.connected(home);
    const first = await note(run, 2, "acme");
    await arrived(a.collector, 2, ADA);
    strictEqual((await logInAt(run.here, b, EVE)).code, 0);
    const second = await note(run, 2, "evil");
    const third = await note(run, 2, "acme");
    deepStrictEqual(idsOf(await arrived(b.collector, 2, EVE)), second);
    await agent.is("Connected");
    strictEqual(await agent.stop(), 143);
    verifyNeverAt(b, [...first, ...third]);
    verifyNeverAt(a, second);
    verifyApart(a, b);
  }));
