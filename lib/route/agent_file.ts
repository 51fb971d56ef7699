/**
 * `agent.json`: what the agent tells of itself, and all that an `emit` reads
 * of the connection.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { ifRegular, lockFile, writeDurably } from "../base/files.ts";
import { AGENT_LOOK_MS_MAX, AGENT_STALE_MS } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { CONNECTION_LABELS, type ConnectionStatus } from "./route.ts";

/** Paths of the agent's interface. */
export const AGENT_PATHS = {
  events: "/v1/events",
  status: "/v1/status",
  sync: "/v1/sync",
  health: "/healthz",
} as const;

/** The content of `agent.json`. */
export interface AgentState {
  readonly pid: number;
  readonly state: ConnectionStatus;
  /** Since when it is in this state; ISO 8601, UTC. */
  readonly since: string;
  /** Where it listens: the path of a socket, or a URL. */
  readonly listening: string;
  /** All places where it listens; undefined: an older agent, which does not say. */
  readonly addresses?: readonly string[];
}

/**
 * What a home's agent says of itself. Never rejects.
 *
 * @returns undefined where none runs: it left no file, or has not touched it
 *   for a while (it was killed)
 */
export async function readAgentState(
  home: string,
  nowMs: number,
): Promise<AgentState | undefined> {
  try {
    const path = agentPath(home);
    const { mtime } = await Deno.stat(path);
    const text = await ifRegular(path, Deno.readTextFile);
    if (text === undefined) return undefined;
    if (nowMs - (mtime?.getTime() ?? 0) > AGENT_STALE_MS) return undefined;
    const state: AgentState = JSON.parse(text);
    const isState = Object.hasOwn(CONNECTION_LABELS, state.state) &&
      typeof state.listening === "string";
    return isState ? state : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a home's agent says of itself, if it runs: one that was killed leaves a
 * file that is fresh for a while, but no lock. Never rejects.
 *
 * @param patience how long its lock may be waited for on Deno 2.6, which cannot
 *   just try one. Without it, a killed agent counts there until its file is
 *   old: what waits for a lock keeps a library's process alive
 * @returns undefined where none runs
 */
export async function findAgent(
  home: string,
  nowMs: number,
  patience?: Deadline,
): Promise<AgentState | undefined> {
  const state = await readAgentState(home, nowMs);
  if (!state) return undefined;
  const path = agentLockPath(home);
  try {
    using lock = await Deno.open(path, { write: true });
    // Given back at once: one that starts just now waits for longer than that.
    if (lock.tryLock) return await lock.tryLock(true) ? undefined : state;
    if (!patience) return state;
    using _free = await lockFile(path, patience, "the agent's lock");
    return undefined;
  } catch {
    // Without a lock to look at, its word counts.
    return state;
  }
}

/** How long a command that asks a person to wait may look for an agent. */
export function agentPatience(world: Pick<World, "elapsedMs">): Deadline {
  return Deadline.in(world.elapsedMs, AGENT_LOOK_MS_MAX);
}

/** Says how the agent is now. */
export async function writeAgentState(
  home: string,
  state: AgentState,
): Promise<void> {
  await writeDurably(
    agentPath(home),
    `${home}/.agent.json.tmp`,
    new TextEncoder().encode(JSON.stringify(state) + "\n"),
  );
}

/** Says that the agent is still alive. */
export async function touchAgentState(
  home: string,
  nowMs: number,
): Promise<void> {
  await Deno.utime(agentPath(home), new Date(nowMs), new Date(nowMs));
}

/** Says that the agent does not run any more. */
export async function removeAgentState(home: string): Promise<void> {
  await Deno.remove(agentPath(home)).catch(() => {});
}

/** Name of the agent's socket in a home whose path is short enough; `agent.json` says where it is. */
export const AGENT_SOCKET = "agent.sock";

/** The lock that an agent holds for as long as it runs. */
export function agentLockPath(home: string): string {
  return `${home}/agent.lock`;
}

/** The file that an `emit` touches to wake the agent. */
export function pokePath(home: string): string {
  return `${home}/spool/.poke`;
}

/** The same for one who waits until the server has it: nothing is gathered then. */
export function hurryPath(home: string): string {
  return `${home}/spool/.hurry`;
}

/** The token that an agent on TCP asks for. */
export function tokenPath(home: string): string {
  return `${home}/agent.token`;
}

function agentPath(home: string): string {
  return `${home}/agent.json`;
}
