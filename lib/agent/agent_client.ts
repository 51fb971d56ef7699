/**
 * Talking to the agent of a home.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import { ANSWERING_MS } from "../base/limits.ts";
import {
  AGENT_PATHS,
  type AgentState,
  tokenPath,
} from "../route/agent_file.ts";
import { type Answer, ask, NoAnswerError } from "../login/http.ts";

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
  const token = await readToken(home).catch(() => undefined);
  return await ask({
    url,
    timeoutMs,
    client,
    ...token !== undefined && { token },
  });
}

async function readToken(home: string): Promise<string> {
  try {
    return (await Deno.readTextFile(tokenPath(home))).trim();
  } catch (error) {
    // Gone with the agent.
    throw new NoAnswerError(`no token for the agent: ${reasonOf(error)}`);
  }
}
