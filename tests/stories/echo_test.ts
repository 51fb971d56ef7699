/** Servers and gateways that repeat the headers of a request in what they say of it. */

import { match, ok, strictEqual } from "node:assert/strict";
import { ask } from "../../lib/login/http.ts";
import { requestSocketToken } from "../../lib/login/tokens.ts";
import { farDeadline } from "../support/home.ts";
import { Output } from "../support/output.ts";
import { type Run, withProgram } from "../support/program.ts";

const TOKEN = "a-token-that-nobody-else-may-read-0123456789";

/** A server that answers everything so, and says with which headers it was asked. */
function echo(status: number): Deno.HttpServer<Deno.NetAddr> & { url: string } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      await request.bytes();
      const headers = [...request.headers].map((pair) => pair.join(": "));
      const error = `not now: ${headers.sort().join(", ")}`;
      return Response.json({ error }, { status });
    },
  );
  return Object.assign(server, { url: `http://127.0.0.1:${server.addr.port}` });
}

/** What command lines write for people and programs. */
async function outputOf(
  run: Run,
  env: Record<string, string>,
  lines: readonly string[][],
): Promise<string> {
  let all = "";
  for (const line of lines) {
    const { stdout, stderr } = await run(line, { env });
    all += stdout + stderr;
  }
  return all;
}

/** It is said what the server said, but for the token. */
function verify(all: string): void {
  const output = new Output();
  output.keep(all);
  output.verifyWithout([TOKEN]);
  match(all, /authorization: Bearer \(the token\)/);
}

Deno.test("sync now, sync status, doctor: a server that repeats the token it was shown -> quoted without it", () =>
  withProgram(async (run, home) => {
    await using server = echo(500);
    const env = {
      SPEC_KITTY_SERVER_URL: server.url,
      SPEC_KITTY_ACCESS_TOKEN: TOKEN,
      SPEC_KITTY_TEAM_SLUG: "acme",
    };
    await run.here(["emit", "history-added", "WP01", "note", "x"], { env });
    verify(
      await outputOf(run, env, [
        ["sync", "now", "--timeout", "5s"],
        ["sync", "now", "--json", "--timeout", "5s"],
        ["sync", "status", "--json"],
        ["doctor", "--json"],
      ]),
    );
    for await (const { name, isFile } of Deno.readDir(home)) {
      if (!isFile) continue;
      const text = await Deno.readTextFile(`${home}/${name}`);
      ok(!text.includes(TOKEN), name);
    }
  }));

Deno.test("emit: an agent elsewhere that repeats the token it was shown -> quoted without it", () =>
  withProgram(async (run) => {
    await using server = echo(503);
    const env = {
      SPEC_KITTY_AGENT_URL: server.url,
      SPEC_KITTY_AGENT_TOKEN: TOKEN,
    };
    verify(
      await outputOf(run, env, [
        ["emit", "history-added", "WP01", "note", "x", "--json"],
      ]),
    );
  }));

Deno.test("ask: a token of few letters -> an answer that has them is read as it is", async () => {
  await using server = echo(200);
  const answer = await ask({
    url: new URL(server.url),
    method: "GET",
    token: "o",
    timeoutMs: 5_000,
  });
  strictEqual(answer.status, 200);
  ok(JSON.stringify(answer.json).includes("not now"));
});

Deno.test("requestSocketToken: a server that takes the access token for that, too -> that one", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ headers }) => {
      const ws_token = headers.get("authorization")?.replace("Bearer ", "");
      return Response.json({ ws_token });
    },
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}`);
  const parts = { server: url, nowMs: Date.now, deadline: farDeadline() };
  strictEqual(await requestSocketToken(parts, TOKEN), TOKEN);
});
