/**
 * The Lamport clock on disk, `clock.json`. All functions are called by the
 * holder of the home's lock only.
 *
 * @module
 */

import { type ClockState, isClockValue } from "../event/clock.ts";
import { fileStamp, ifRegular, writeDurably } from "../base/files.ts";

/** What `load` found. */
export interface LoadedClock {
  /** 0 where there is no file, or only a damaged one. */
  readonly value: number;
  /** Undefined where there is no (undamaged) file. */
  readonly state?: ClockState;
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
  const state = content && parse(content);
  if (state) return { value: state.value, state };
  const aside = await setAside(path, nowMs);
  return {
    value: 0,
    warning:
      `clock.json was damaged and is now ${aside}; the clock goes on from the queue's highest value`,
  };
}

/** Stores the clock: after this returns, a crash or power cut leaves this value or a later one. */
export async function save(home: string, state: ClockState): Promise<void> {
  const { value, node_id, updated_at } = state;
  await writeDurably(
    `${home}/clock.json`,
    `${home}/.clock.json.tmp`,
    new TextEncoder().encode(
      JSON.stringify({ value, node_id, updated_at }) + "\n",
    ),
  );
}

function parse(content: Uint8Array): ClockState | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    const state = JSON.parse(text) as Partial<ClockState> | null;
    if (!isClockValue(state?.value)) return undefined;
    return {
      value: state.value,
      node_id: String(state.node_id ?? ""),
      updated_at: String(state.updated_at ?? ""),
    };
  } catch {
    return undefined;
  }
}

async function setAside(path: string, nowMs: number): Promise<string> {
  const stamp = fileStamp(nowMs);
  for (let n = 0;; n++) {
    const aside = `${path}.damaged-${stamp}${n === 0 ? "" : `-${n}`}`;
    const taken = await Deno.lstat(aside).then(() => true, () => false);
    if (taken) continue;
    await Deno.rename(path, aside);
    return aside.slice(aside.lastIndexOf("/") + 1);
  }
}
