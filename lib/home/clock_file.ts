/**
 * The Lamport clock on disk, `clock.json`. All functions are called by the
 * holder of the home's lock only.
 *
 * @module
 */

import { type ClockState, isClockValue } from "../event/clock.ts";
import type { OwnCounts } from "./queue.ts";
import { fileStamp, ifRegular, isTaken, writeDurably } from "../base/files.ts";

/** What `load` found. */
export interface LoadedClock {
  /** 0 where there is no file, or only a damaged one. */
  readonly value: number;
  /** Undefined where there is no (undamaged) file. */
  readonly state?: ClockState;
  /** A copy of the queue's own counts, of any form. */
  readonly counts?: unknown;
  readonly warning?: string;
}

/**
 * Reads the clock. What is there but is no clock is moved aside, never
 * deleted: the queue's high-water mark then tells where to go on.
 *
 * @throws when the file cannot be read or moved, which says nothing of its content
 */
export async function load(home: string, nowMs: number): Promise<LoadedClock> {
  const path = `${home}/clock.json`;
  let content: Uint8Array | undefined;
  try {
    content = await ifRegular(path, Deno.readFile);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { value: 0 };
    throw error;
  }
  const read = content && parse(content);
  if (read) return { value: read.state.value, ...read };
  const aside = await setAside(path, nowMs);
  return {
    value: 0,
    warning:
      `clock.json was damaged and is now ${aside}; the clock goes on from the queue's highest value`,
  };
}

/**
 * Stores the clock: after this returns, a crash or power cut leaves this value or a later one.
 *
 * @param counts what the home has recorded: stored here, too, for the day on which the queue is lost
 */
export async function save(
  home: string,
  state: ClockState,
  counts?: OwnCounts,
): Promise<void> {
  const { value, node_id, updated_at } = state;
  await writeDurably(
    `${home}/clock.json`,
    `${home}/.clock.json.tmp`,
    new TextEncoder().encode(
      JSON.stringify({ value, node_id, updated_at, counts }) + "\n",
    ),
  );
}

function parse(
  content: Uint8Array,
): { state: ClockState; counts?: unknown } | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    const { value, node_id, updated_at, counts } = JSON.parse(text);
    if (!isClockValue(value)) return undefined;
    const state = {
      value,
      node_id: String(node_id ?? ""),
      updated_at: String(updated_at ?? ""),
    };
    return counts === undefined ? { state } : { state, counts };
  } catch {
    return undefined;
  }
}

async function setAside(path: string, nowMs: number): Promise<string> {
  const stamp = fileStamp(nowMs);
  for (let n = 0;; n++) {
    const aside = `${path}.damaged-${stamp}${n === 0 ? "" : `-${n}`}`;
    if (await isTaken(aside)) continue;
    await Deno.rename(path, aside);
    return aside.slice(aside.lastIndexOf("/") + 1);
  }
}
