/**
 * What the checks look at: a home, its settings, this machine.
 *
 * @module
 */

import {
  NO_CONFIG_FILE,
  readConfigFile,
  type Settings,
  settingsOf,
} from "../config.ts";
import { Deadline } from "../deadline.ts";
import { generateNodeId } from "../identity.ts";
import type { World } from "../world.ts";
import { CHECK_MS_MAX } from "./limits.ts";
import { lookAtQueue, type QueueLook } from "./queue_look.ts";

/** A home that is looked at. Nothing in it is changed. */
export interface Patient {
  readonly home: string;
  /** Undefined: the home is not there. */
  readonly stat: Deno.FileInfo | undefined;
  readonly world: World;
  readonly settings: Settings;
  readonly nodeId: string;
  /** Looks at the queue, once for all checks that concern it. */
  readonly queue: () => Promise<QueueLook | undefined>;
}

/** Looks at a home; one on a disk that hangs counts as one that is not there. */
export async function patientAt(home: string, world: World): Promise<Patient> {
  const deadline = Deadline.in(world.elapsedMs, CHECK_MS_MAX);
  const [stat, config, nodeId] = await Promise.all([
    deadline.race(Deno.stat(home), "look at the home").catch(() => undefined),
    deadline.race(readConfigFile(home), "read config.toml")
      .catch(() => NO_CONFIG_FILE),
    generateNodeId(world),
  ]);
  const settings = settingsOf(world, config);
  const queue = once(() => lookAtQueue(home));
  return { home, stat, world, settings, nodeId, queue };
}

/** Does work at the first call only; all calls share its result. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => result ??= work();
}

/** The path of a home's file. */
export function within({ home }: Patient, name: string): string {
  return `${home}/${name}`;
}
