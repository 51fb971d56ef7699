/** What is said where a server does not do what it is asked for about tokens. */

import { rejects, strictEqual } from "node:assert/strict";
import {
  requestCaller,
  requestSocketToken,
  requestTokens,
  type TokenRequest,
} from "../../lib/login/tokens.ts";
import { farDeadline } from "../support/home.ts";

/** Asks a server that repeats in its words what it was sent, as some do, and never has what is wanted. */
async function refused(
  status: number,
  ask: (request: TokenRequest) => Promise<unknown>,
): Promise<string> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const error = `not now\n\u001b[31m${await request.text()}`;
      return Response.json({ error }, { status });
    },
  );
  const { hostname, port } = server.addr;
  const host = `${hostname}:${port}`;
  let words = "";
  await rejects(
    ask({
      server: new URL(`http://${host}`),
      nowMs: Date.now,
      deadline: farDeadline(),
    }),
    (error: Error) => {
      words = error.message.replace(host, "HOST");
      return true;
    },
  );
  return words;
}

for (const status of [403, 429, 503]) {
  Deno.test(`requestCaller, requestSocketToken: ${status} and words -> passed on, with nothing that steers a terminal`, async () => {
    const words = `HOST answered ${status}: not now??[31m`;
    strictEqual(await refused(status, (at) => requestCaller(at, "a")), words);
    strictEqual(
      await refused(status, (at) => requestSocketToken(at, "a")),
      words,
    );
  });

  Deno.test(`requestTokens: ${status} and words that repeat a password, a refresh token -> not passed on`, async () => {
    const bodies = [
      { username: "ada", password: "secret" },
      { refresh: "secret" },
    ];
    for (const body of bodies) {
      strictEqual(
        await refused(status, (at) => requestTokens(at, body as never)),
        `HOST answered ${status}`,
      );
    }
  });
}
