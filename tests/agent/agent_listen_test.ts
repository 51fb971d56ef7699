/** Where an agent listens for callers elsewhere, and whom it lets in. */

import { match, ok, strictEqual } from "node:assert/strict";
import { request, stateOf, TestAgent } from "../support/agent.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram } from "../support/program.ts";

const FIRST = "first-token-0123456789";
const SECOND = "second-token-0123456789";

/** The status of an answer to one who shows a token. */
async function statusFor(listening: string, token?: string): Promise<number> {
  const headers = token === undefined
    ? undefined
    : { authorization: `Bearer ${token}` };
  const { status } = await request(listening, "/healthz", {
    ...headers && { headers },
  });
  return status;
}

let starts = 0;

/** How a start in a home goes that must not begin to listen: the first of a process. */
async function refusedStart(
  home: string,
  env: Record<string, string>,
  address = "0.0.0.0:0",
) {
  const run = starts++ === 0 ? runProgram : runHere;
  const { code, stdout } = await run(
    ["agent", "run", "--listen", address, "--json"],
    { SPEC_KITTY_HOME: home, ...env },
  );
  const [document] = documentsOf(stdout);
  return { code, error: document.error };
}

Deno.test("agent run --listen: others reach the address, no token -> 78, says how to make one", async () => {
  await using home = await tempHome();
  for (const address of ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"]) {
    const { code, error } = await refusedStart(home.path, {}, address);
    strictEqual(code, 78, address);
    strictEqual(error.code, "bad_agent_token");
    match(error.try, /SPEC_KITTY_AGENT_TOKEN/);
  }
  strictEqual(await isThere(`${home.path}/agent.json`), false);
});

Deno.test("agent run --listen: tokens that cannot be used -> 78, and their text is not said", async () => {
  await using home = await tempHome();
  await using folder = await tempFolder();
  const empty = `${folder.path}/empty`;
  await Deno.writeTextFile(empty, "\n\n");
  for (
    const [env, why] of [
      [{ SPEC_KITTY_AGENT_TOKEN: "guessme" }, /fewer than 16/],
      [{ SPEC_KITTY_AGENT_TOKEN: ", ," }, /holds no token/],
      [{ SPEC_KITTY_AGENT_TOKEN: "straße-0123456789abc" }, /no header/],
      [{ SPEC_KITTY_AGENT_TOKEN_FILE: empty }, /holds no token/],
      [{ SPEC_KITTY_AGENT_TOKEN_FILE: folder.path }, /is not a file/],
      [{ SPEC_KITTY_AGENT_TOKEN_FILE: `${empty}r` }, /cannot be read/],
    ] as const
  ) {
    const { code, error } = await refusedStart(home.path, env);
    strictEqual(code, 78);
    match(error.message, why);
    ok(!/guessme|straße/.test(JSON.stringify(error)));
  }
});

Deno.test("agent run --listen: all addresses, two tokens -> each is taken, no other; programs of the home use its socket", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path, {
    args: ["--listen", "0.0.0.0:0"],
    env: { SPEC_KITTY_AGENT_TOKEN: `${FIRST},${SECOND}` },
  });
  match(agent.listening, /^http:\/\/0\.0\.0\.0:\d+$/);
  strictEqual(await statusFor(agent.listening), 401);
  strictEqual(await statusFor(agent.listening, `${FIRST}x`), 401);
  strictEqual(await statusFor(agent.listening, `${FIRST},${SECOND}`), 401);
  strictEqual(await statusFor(agent.listening, FIRST), 200);
  strictEqual(await statusFor(agent.listening, SECOND), 200);
  const here = `${home.path}/agent.sock`;
  strictEqual((await stateOf(home.path))?.listening, here);
  strictEqual((await Deno.stat(here)).mode! & 0o777, 0o600);
  strictEqual(await statusFor(here), 200);
  const sync = await runProgram(["sync", "now", "--json"], {
    SPEC_KITTY_HOME: home.path,
  });
  // No login: it was asked, and did not fail to answer.
  strictEqual(sync.code, 77, sync.stdout);
  strictEqual(sync.stderr, "");
  strictEqual(await agent.stop(), 143);
  for (const name of ["agent.sock", "agent.token", ".requests-here.sock"]) {
    strictEqual(await isThere(`${home.path}/${name}`), false, name);
  }
  ok(!agent.log.includes(FIRST) && !agent.log.includes(SECOND));
});

Deno.test("agent run --listen: another token in the file -> taken within seconds, the old one no more", async () => {
  await using home = await tempHome();
  await using folder = await tempFolder();
  const file = `${folder.path}/tokens`;
  await Deno.writeTextFile(file, `${FIRST}\n`);
  await using agent = await TestAgent.start(home.path, {
    args: ["--listen", "127.0.0.1:0"],
    env: { SPEC_KITTY_AGENT_TOKEN_FILE: file },
  });
  strictEqual(await statusFor(agent.listening, FIRST), 200);
  strictEqual(await statusFor(agent.listening, SECOND), 401);
  await Deno.writeTextFile(file, `${SECOND}\n`);
  await eventually(
    "the new one is taken",
    async () => await statusFor(agent.listening, SECOND) === 200,
  );
  strictEqual(await statusFor(agent.listening, FIRST), 401);
  // Gone for a moment, as while it is exchanged: those of before count.
  await Deno.remove(file);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  strictEqual(await statusFor(agent.listening, SECOND), 200);
});

Deno.test("agent run --listen unix: -> a socket for owner and group; with a token for all who show it", async () => {
  await using home = await tempHome();
  await using folder = await tempFolder();
  const path = `${folder.path}/shared.sock`;
  for (
    const [env, mode, status] of [
      [{}, 0o660, 200],
      [{ SPEC_KITTY_AGENT_TOKEN: FIRST }, 0o666, 401],
    ] as const
  ) {
    await using agent = await TestAgent.start(home.path, {
      args: ["--listen", `unix:${path}`],
      env,
    });
    strictEqual(agent.listening, path);
    strictEqual((await Deno.stat(path)).mode! & 0o777, mode);
    strictEqual(await statusFor(path), status);
    strictEqual(await statusFor(path, FIRST), 200);
    const { code, stderr } = await runProgram(["sync", "now"], {
      SPEC_KITTY_HOME: home.path,
    });
    strictEqual(code, 77, stderr);
    ok(!stderr.includes("done without it"), stderr);
    await agent.stop();
    strictEqual(await isThere(path), false);
  }
});

Deno.test("agent run --listen unix: a file lies there -> 74, and it is left alone", async () => {
  await using home = await tempHome();
  await using folder = await tempFolder();
  const path = `${folder.path}/precious`;
  await Deno.writeTextFile(path, "mine");
  const { code, error } = await refusedStart(home.path, {}, `unix:${path}`);
  strictEqual(code, 74);
  strictEqual(error.code, "no_socket");
  strictEqual(await Deno.readTextFile(path), "mine");
});

Deno.test("agent run --listen unix: an agent of another home listens there -> 69, and it goes on", async () => {
  await using first = await tempHome();
  await using second = await tempHome();
  await using folder = await tempFolder();
  const path = `${folder.path}/shared.sock`;
  await using agent = await TestAgent.start(first.path, {
    args: ["--listen", `unix:${path}`],
  });
  const { code, error } = await refusedStart(second.path, {}, `unix:${path}`);
  strictEqual(code, 69);
  strictEqual(error.code, "cannot_listen");
  match(error.message, /another program listens there/);
  strictEqual(await statusFor(path), 200);
  // Killed, it leaves the file, which is in nobody's way.
  await agent.stop("SIGKILL");
  ok(await isThere(path));
  await using next = await TestAgent.start(second.path, {
    args: ["--listen", `unix:${path}`],
  });
  strictEqual(await statusFor(next.listening), 200);
});

Deno.test("agent run --listen: an address that is taken -> 69, says to choose another", async () => {
  await using home = await tempHome();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const address = `127.0.0.1:${port}`;
  const { code, error } = await refusedStart(home.path, {}, address);
  strictEqual(code, 69);
  strictEqual(error.code, "cannot_listen");
});
