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
} from "../base/config.ts";
import { Deadline } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import { generateNodeId, refusalOf } from "../emit/identity.ts";
import type { World } from "../base/world.ts";
import { type Finding, problem } from "./finding.ts";
import { CHECK_MS_MAX } from "./limits.ts";
import { lookAtQueue, type QueueLook } from "../home/queue_look.ts";

/** A home that is looked at. Nothing in it is changed. */
export interface Patient {
  readonly home: string;
  /** Undefined: the home is not there, or cannot be looked at. */
  readonly stat: Deno.FileInfo | undefined;
  /** What keeps everybody from using the home as a whole; undefined where nothing does. */
  readonly obstacle: Finding | undefined;
  readonly world: World;
  readonly settings: Settings;
  readonly nodeId: string;
  /** Looks at the queue, once for all checks that concern it. */
  readonly queue: () => Promise<QueueLook | undefined>;
}

/** Looks at a home, and whether there is anything in it to look at. */
export async function patientAt(home: string, world: World): Promise<Patient> {
  const deadline = Deadline.in(world.elapsedMs, CHECK_MS_MAX);
  const [{ stat, obstacle }, config, nodeId] = await Promise.all([
    deadline.race(lookInto(home), "look at the home")
      .catch((error) => ({ stat: undefined, obstacle: closed(home, error) })),
    deadline.race(readConfigFile(home), "read config.toml")
      .catch(() => NO_CONFIG_FILE),
    generateNodeId(world),
  ]);
  const settings = settingsOf(world, config);
  const queue = once(() => lookAtQueue(home));
  return { home, stat, obstacle, world, settings, nodeId, queue };
}

type HomeLook = Pick<Patient, "stat" | "obstacle">;

/** Nothing is wrong with a home that is not there yet. */
async function lookInto(home: string): Promise<HomeLook> {
  const refusal = await refusalOf(home);
  if (refusal) {
    const [found, advice] = refusal.message.split("; ");
    return { stat: undefined, obstacle: problem(found!, advice!) };
  }
  const isThere = await Deno.lstat(home).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  if (!isThere) return { stat: undefined, obstacle: undefined };
  const stat = await Deno.stat(home);
  if (!stat.isDirectory) {
    const obstacle = problem(
      `${home} is not a folder`,
      `move it away: mv ${home} ${home}.old`,
    );
    return { stat, obstacle };
  }
  try {
    // Listing takes one right, and reaching what is listed another.
    for await (const _ of Deno.readDir(home)) break;
    await Deno.stat(`${home}/.`);
    return { stat, obstacle: undefined };
  } catch (error) {
    return { stat, obstacle: closed(home, error) };
  }
}

function closed(home: string, error: unknown): Finding {
  return problem(
    `${home} cannot be looked into: ${reasonOf(error)}`,
    "look at its owner and its mode, and at the folders above it, or choose another home with SPEC_KITTY_HOME",
  );
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
