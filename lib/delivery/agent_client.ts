/**
 * Talking to the agent of a home.
 *
 * @module
 */

import { Deadline } from "../deadline.ts";
import { reasonOf } from "../errors.ts";
import { lockFile } from "../files.ts";
import { AGENT_LOOK_MS_MAX, ANSWERING_MS } from "../limits.ts";
import type { World } from "../world.ts";
import {
  AGENT_PATHS,
  agentLockPath,
  type AgentState,
  readAgentState,
  tokenPath,
} from "./agent_file.ts";
import { type Answer, ask, NoAnswerError } from "./http.ts";

/**
 * What the home's agent says of itself, if it runs. Looks closer than an
 * `emit` does: an agent that was killed leaves a file that is fresh for a while.
 *
 * @returns undefined where none runs
 */
export async function findAgent(
  home: string,
  world: World,
): Promise<AgentState | undefined> {
  const state = await readAgentState(home, world.nowMs());
  if (!state) return undefined;
  const deadline = Deadline.in(world.elapsedMs, AGENT_LOOK_MS_MAX);
  try {
    // Given back at once: one that starts just now waits for longer than that.
    using _free = await lockFile(
      agentLockPath(home),
      deadline,
      "the agent's lock",
    );
    return undefined;
  } catch {
    return state;
  }
}

/**
 * Asks a running agent to drain now, and to answer within `timeoutMs`.
 *
 * @throws {NoAnswerError} where it does not answer
 */
export async function askAgentToSync(
  home: string,
  { listening }: AgentState,
  timeoutMs: number,
): Promise<Answer> {
  const isUrl = /^https?:/.test(listening);
  const url = new URL(AGENT_PATHS.sync, isUrl ? listening : "http://agent");
  const drainMs = timeoutMs - Math.min(ANSWERING_MS, timeoutMs / 4);
  url.searchParams.set("timeout_ms", String(Math.max(1, Math.ceil(drainMs))));
  if (isUrl) {
    return await ask({ url, token: await readToken(home), timeoutMs });
  }
  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: listening },
  });
  return await ask({ url, timeoutMs, client });
}

async function readToken(home: string): Promise<string> {
  try {
    return (await Deno.readTextFile(tokenPath(home))).trim();
  } catch (error) {
    // Gone with the agent.
    throw new NoAnswerError(`no token for the agent: ${reasonOf(error)}`);
  }
}
