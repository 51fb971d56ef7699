/** Homes in temporary folders, and what works in them. */

import { type Settings, SettingsSource } from "../../lib/base/config.ts";
import { Deadline } from "../../lib/base/deadline.ts";
import { offlineRoute } from "../../lib/route/route.ts";
import { type EmitterParts, EventEmitter } from "../../lib/emit/emitter.ts";
import type { Held } from "../../lib/home/held.ts";
import { Home } from "../../lib/home/home.ts";
import { ulidFactory } from "../../lib/event/ulid.ts";
import { TestWorld } from "./world.ts";

/** A folder of its own, removed at the end of the test with all that is in it. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new folder. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "kitty-events-test-" }),
  );
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A home that does not exist yet, in a new folder. */
export async function tempHome(): Promise<TempFolder> {
  const folder = await tempFolder();
  return {
    path: `${folder.path}/home`,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Settings with every bound far away. */
export function settingsOf(changes: Partial<Settings> = {}): Settings {
  return {
    sinkUrl: undefined,
    sinkFormat: "batch",
    followPaths: [],
    contract: undefined,
    teamSlug: "local",
    serverUrl: undefined,
    caFile: undefined,
    insecureHttp: false,
    maxQueueSize: 1_000_000,
    maxQueueBytes: 2 ** 40,
    timeoutMs: 60_000,
    gatherMs: 0,
    disabled: false,
    problems: [],
    ...changes,
  };
}

/** A deadline that no test meets. */
export function farDeadline(): Deadline {
  return Deadline.in(() => performance.now(), 60_000);
}

/** An intake without bounds. */
export const ALL = { files: Infinity, ms: Infinity };

/** An opened home. */
export function homeAt(
  path: string,
  options: { world?: TestWorld; settings?: Partial<Settings> } = {},
): Home {
  const world = options.world ?? new TestWorld();
  return new Home(path, world, {
    home: path,
    nodeId: "9f86d081884c",
    settings: new SettingsSource(settingsOf(options.settings)),
    newId: ulidFactory(world.nowMs, world.randomBytes),
    nowMs: world.nowMs,
  });
}

/** Does `work` in a home under its lock, and closes the home. */
export async function inHome<T>(
  path: string,
  work: (held: Held) => Promise<T> | T,
  options: Parameters<typeof homeAt>[1] = {},
): Promise<T> {
  using home = homeAt(path, options);
  return await home.hold(
    farDeadline(),
    ALL,
    async (held) => await work(held),
  );
}

/** An emitter in a home, and the warnings that it gave. */
export function emitterAt(
  homePath: string | undefined,
  options:
    & Partial<Omit<EmitterParts, "settings" | "homePath" | "world">>
    & { world?: TestWorld; settings?: Partial<Settings> } = {},
): { emitter: EventEmitter; warnings: string[] } & Disposable {
  const world = options.world ?? new TestWorld();
  const warnings: string[] = [];
  const emitter = new EventEmitter({
    nodeId: "9f86d081884c",
    project: {},
    route: offlineRoute,
    newId: ulidFactory(world.nowMs, world.randomBytes),
    warn: (text) => warnings.push(text),
    ...options,
    world,
    homePath,
    settings: new SettingsSource(settingsOf(options.settings)),
  });
  return {
    emitter,
    warnings,
    [Symbol.dispose]: () => emitter[Symbol.dispose](),
  };
}

/** Whether something is there, links that lead nowhere included. */
export function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}

/** Names in a folder, in order; none where there is no folder. */
export async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** The value in a home's `clock.json`. */
export async function storedClock(home: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(`${home}/clock.json`)).value;
}
