/** The compiled program under limits of its process: the caller never pays. */

import { ok, strictEqual } from "node:assert/strict";
import { TestAgent } from "../support/agent.ts";
import { tempHome } from "../support/home.ts";
import { LINUX, needing } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

const EMIT =
  "kitty-events emit history-added WP01 note x --json --quiet --timeout 5s";

/** Emits with 15 to 32 descriptors; the ids of what is told to be kept. */
async function emitWithFew(
  user: Awaited<ReturnType<typeof programUser>>,
  env: Record<string, string> = {},
): Promise<string[]> {
  const kept: string[] = [];
  for (let descriptors = 15; descriptors <= 32; descriptors++) {
    const { code, stdout, stderr } = await user.run(
      `(ulimit -n ${descriptors}; timeout 30 ${EMIT})`,
      env,
    );
    strictEqual(code, 0, `${descriptors}: ${stdout}${stderr}`);
    const [{ status, event_id }] = documentsOf(stdout);
    ok(["queued", "spooled", "lost"].includes(status), stdout);
    if (status !== "lost") kept.push(event_id);
  }
  ok(kept.length > 10, `${kept.length} kept`);
  return kept;
}

Deno.test(needing(
  [RUNTIME_BASE, LINUX],
  "emit: 15 to 32 descriptors -> ends by itself with exit 0, and its receipt is true",
  async () => {
    await using user = await programUser();
    await user.run(EMIT);
    const kept = await emitWithFew(user);
    const { stdout } = await user.run("kitty-events queue export");
    const there = new Set(documentsOf(stdout).map((e) => e.event_id));
    strictEqual(there.size, kept.length + 1);
    ok(kept.every((id) => there.has(id)));
  },
));

Deno.test(needing(
  [RUNTIME_BASE, LINUX],
  "emit to an agent elsewhere: 15 to 32 descriptors -> exit 0, and its receipt is true",
  async () => {
    await using user = await programUser();
    await using elsewhere = await tempHome();
    await using agent = await TestAgent.start(elsewhere.path);
    const handing = { SPEC_KITTY_AGENT_URL: `unix:${agent.listening}` };
    const kept = await emitWithFew(user, handing);
    await agent.stop();
    const { stdout } = await user.run("kitty-events queue export", {
      SPEC_KITTY_HOME: elsewhere.path,
    });
    const there = new Set(documentsOf(stdout).map((e) => e.event_id));
    ok(kept.every((id) => there.has(id)), `${kept.length} of ${there.size}`);
  },
));

Deno.test(needing(
  [RUNTIME_BASE, LINUX],
  "emit: a limit on the size of files -> exit 0, and its receipt is true",
  async () => {
    for (const kib of [1, 8, 40]) {
      await using user = await programUser();
      const { code, stdout, stderr } = await user.run(
        `(ulimit -f ${kib}; ${EMIT}) | cat`,
      );
      strictEqual(code, 0, stderr);
      const [{ status, event_id }] = documentsOf(stdout);
      const { stdout: all } = await user.run("kitty-events queue export");
      const ids = documentsOf(all).map((e) => e.event_id);
      ok(status === "lost" ? ids.length === 0 : ids[0] === event_id, stdout);
    }
  },
));

Deno.test(needing(
  [RUNTIME_BASE, LINUX],
  "emit: no file may grow at all, the one of its receipt neither -> exit 0, whatever becomes of the event",
  async () => {
    await using user = await programUser();
    await using elsewhere = await tempHome();
    await using agent = await TestAgent.start(elsewhere.path);
    const handing = { SPEC_KITTY_AGENT_URL: `unix:${agent.listening}` };
    await using spoilt = await tempHome();
    await Deno.mkdir(`${spoilt.path}/spool`, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${spoilt.path}/spool/no-draft.json`, "{}");
    const silent = `${user.path}/silent.sock`;
    using _ = Deno.listen({ transport: "unix", path: silent });
    const ways: [name: string, words: string, env: Record<string, string>][] = [
      ["recorded", EMIT, {}],
      ["refused", EMIT.replace("WP01", "nothing"), {}],
      ["of a stream", "echo '{}' | kitty-events emit --stdin", {}],
      ["handed over", EMIT, handing],
      ["handed over behind what is no draft", EMIT, {
        ...handing,
        SPEC_KITTY_HOME: spoilt.path,
      }],
      ["refused before that", EMIT.replace("WP01", "nothing"), handing],
      ["spooled", EMIT, { SPEC_KITTY_AGENT_URL: "unix:/nowhere.sock" }],
      ["not answered", EMIT.replace("5s", "300ms"), {
        SPEC_KITTY_AGENT_URL: `unix:${silent}`,
      }],
      ["to nobody", EMIT, { SPEC_KITTY_AGENT_URL: "nonsense" }],
    ];
    for (const [name, words, env] of ways) {
      for (const [out, err] of [["out", "err"], ["/dev/null", "/dev/null"]]) {
        const { code, stderr } = await user.run(
          `(ulimit -f 0; ${words} > ${out} 2> ${err})`,
          env,
        );
        strictEqual(code, 0, `${name}: ${stderr}`);
      }
    }
    await agent.stop();
    const { stdout } = await user.run("kitty-events queue export", {
      SPEC_KITTY_HOME: elsewhere.path,
    });
    // What the agent has taken is there, although no receipt could say so.
    strictEqual(documentsOf(stdout).length, 4);
  },
));
