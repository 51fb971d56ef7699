/** Plain HTTP to another machine: refused, unless a setting allows it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { record, TestAgent } from "../support/agent.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import { ForwardProxy } from "../support/forward_proxy.ts";
import { tempHome } from "../support/home.ts";
import { needing, OUTER, OUTER_ADDRESS } from "../support/needs.ts";
import { runIn } from "../support/program.ts";

const ALLOWED = { SPEC_KITTY_INSECURE_HTTP: "1" };

/** A collector that other machines reach, and a home. */
async function atAnother(
  work: (
    at: {
      server: string;
      home: string;
      run: (
        words: readonly string[],
        env?: Record<string, string>,
        isHere?: boolean,
      ) => Promise<{ code: number; text: string }>;
    },
  ) => Promise<void>,
): Promise<void> {
  await using collector = await TestCollector.start(undefined, {
    listen: "0.0.0.0:0",
  });
  await using home = await tempHome();
  const server = `http://${OUTER_ADDRESS}:${new URL(collector.url).port}`;
  await work({
    server,
    home: home.path,
    run: async (words, env = {}, isHere = false) => {
      const run = runIn(home.path, { DENO_NO_UPDATE_CHECK: "1" });
      const { code, stdout, stderr } = await (isHere ? run.here : run)(
        words,
        { env, stdin: ADA.password },
      );
      // The table folds its lines.
      return { code, text: `${stdout} ${stderr}`.replace(/\s+/g, " ") };
    },
  });
}

const login = (server: string) => [
  ...["auth", "login", "--server", server, "--username", ADA.name],
];

Deno.test(needing(
  [OUTER],
  "plain HTTP to another machine: not allowed -> 78, also with a login from before; what allows it is named",
  () =>
    atAnother(async ({ server, home, run }) => {
      const refused = async (
        words: readonly string[],
        env?: Record<string, string>,
      ) => {
        const isVariant = env !== undefined;
        const { code, text } = await run(words, env, isVariant);
        strictEqual(code, 78, text);
        match(text, /plain http/);
        match(text, /SPEC_KITTY_INSECURE_HTTP=1/);
        match(text, /insecure_http = true/);
      };
      await refused(login(server));
      await refused(login(server), { SPEC_KITTY_INSECURE_HTTP: "0" });
      await refused(login(server), { SPEC_KITTY_INSECURE_HTTP: "perhaps" });
      strictEqual((await run(login(server), ALLOWED)).code, 0);
      await record(home, 1);
      await refused(["sync", "now"]);
      await refused(["sync", "now"], { SPEC_KITTY_SERVER_URL: server });
      const { code, text } = await run(["doctor"], {}, true);
      strictEqual(code, 78, text);
      strictEqual((await run(["sync", "now"], ALLOWED)).code, 0);
    }),
));

Deno.test(needing(
  [OUTER],
  "plain HTTP to another machine: allowed -> login, batches, an agent's WebSocket, through no proxy; doctor and the collector warn",
  () =>
    atAnother(async ({ server, home, run }) => {
      await using proxy = new ForwardProxy();
      const proxies = Object.fromEntries(
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map((name) => [
          name,
          proxy.url,
        ]),
      );
      const env = { ...ALLOWED, ...proxies };
      strictEqual((await run(login(server), env)).code, 0);
      await record(home, 2);
      match((await run(["sync", "now"], env)).text, /^2 delivered/);
      const doctor = await run(["doctor"], env);
      strictEqual(doctor.code, 0, doctor.text);
      match(doctor.text, /warning server .* over plain HTTP/);
      await Deno.writeTextFile(
        `${home}/config.toml`,
        "[sync]\ninsecure_http = true\n",
      );
      await using agent = await TestAgent.connected(home, {
        env: { DENO_NO_UPDATE_CHECK: "1", ...proxies },
      });
      ok(agent.pid > 0);
      deepStrictEqual(proxy.requests, []);
      strictEqual(proxy.heard, "");
    }),
));
