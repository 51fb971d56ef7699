/**
 * What completions look up in a home: events, and the names in them.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { isThere } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import type { JsonObject } from "../../base/json.ts";
import { briefOf } from "../../event/stored.ts";
import type { Entry, Place, QueueReader } from "../../home/queue.ts";
import type { Known, Word } from "./model.ts";

/** A person at a terminal waits no longer. */
const LOOK_MS_MAX = 500;

/** Of the events recorded last. */
const EVENTS_MAX = 500;

/** Candidates for a value; none where the home does not tell in time. Changes nothing. */
export async function known(
  what: Known,
  world: World,
  home: string | undefined,
): Promise<readonly Word[]> {
  const { emitter } = await setUpEmitter(world, { home, warn() {} });
  const path = emitter.home?.path;
  if (path === undefined || !await isThere(`${path}/events.kv`)) return [];
  const deadline = Deadline.in(world.elapsedMs, LOOK_MS_MAX);
  try {
    return await emitter.home!.hold(
      deadline,
      { files: 0, ms: 0 },
      ({ queue }) => deadline.race(find(what, queue), "look"),
    );
  } catch {
    return [];
  }
}

async function find(what: Known, queue: QueueReader): Promise<Word[]> {
  switch (what) {
    case "queued_event":
      return await ids(queue, "queue");
    case "dead_letter":
      return await ids(queue, "dead");
    case "team": {
      const { by_team } = await queue.readStats();
      return Object.keys(by_team).map(named);
    }
    case "work_package":
      return await names(queue, ({ payload, subject }) => [
        payload?.wp_id,
        payload?.dependency_wp_id,
        subject,
      ]);
    case "feature":
      return await names(
        queue,
        ({ payload, missionslug }) => [payload?.feature_slug, missionslug],
      );
  }
}

async function ids(queue: QueueReader, place: Place): Promise<Word[]> {
  return (await latest(queue, place)).map(({ event }) => ({
    word: event.id,
    help: `${event.event_type} ${briefOf(event)}`,
  }));
}

/** An envelope or a row, as far as names stand in it. */
interface Document extends JsonObject {
  readonly payload?: JsonObject;
}

async function names(
  queue: QueueReader,
  of: (document: Document) => unknown[],
): Promise<Word[]> {
  const found = (await latest(queue, "queue"))
    .flatMap(({ event }) => of(event.document))
    .filter((name) => typeof name === "string");
  return [...new Set(found)].sort().map(named);
}

function latest(queue: QueueReader, place: Place): Promise<Entry[]> {
  const options = { limit: EVENTS_MAX, fromEnd: true };
  return Array.fromAsync(queue.entries(place, options));
}

const named = (word: string): Word => ({ word, help: "" });
