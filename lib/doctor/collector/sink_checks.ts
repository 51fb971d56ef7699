/**
 * Whether sinks take what a collector has stored.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { storedType } from "../../collector/sinks/sink_types.ts";
import type { SinkState } from "../../collector/sinks/sinks.ts";
import { type Finding, fine, listed, timeText, warning } from "../finding.ts";

/** Whether one is in trouble, or leaves events out. */
export function checkSinks(
  states: readonly SinkState[] | undefined,
  world: Pick<World, "nowMs">,
): Finding {
  if (!states) return fine("not known: no collector runs");
  if (states.length === 0) return fine("none");
  const [worst] = states.filter(({ trouble, paused }) => trouble && !paused)
    .toSorted((a, b) => b.lag - a.lag);
  if (worst?.trouble) {
    const { name, trouble: { words, since }, lag } = worst;
    const ms = world.nowMs() - Date.parse(since);
    return warning(
      `${name} has taken nothing for ${
        timeText(ms)
      }, and ${lag} events wait: ${words}`,
      "look at the endpoint; nothing is lost, and the others go on. See: kitty-events collector sink status",
    );
  }
  const refusing = states.filter(({ refused }) => refused > 0);
  if (refusing.length > 0) {
    const names = refusing.map(({ name, refused }) => `${name} (${refused})`);
    return warning(
      `events that were refused for good: ${listed(names)}`,
      "see which, and why: kitty-events collector sink status --json",
    );
  }
  const ofNone = states.filter(({ types }) =>
    types?.every((type) => storedType(type) !== type)
  );
  if (ofNone.length > 0) {
    return warning(
      `of types that no collector stores, so that nothing goes there: ${
        listed(ofNone.map(({ name }) => name))
      }`,
      "add them anew with the types that are meant: kitty-events collector sink add --help",
    );
  }
  const waiting = states.map(({ name, lag, paused }) =>
    `${name}${paused ? ", paused" : ""}: ${lag} wait`
  );
  return fine(listed(waiting));
}
