/**
 * Which events of many a drain tries.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import type { WireEvent } from "../transport/transport.ts";

/** `count` of the ids, evenly spaced; the last is one of them. */
export function spread(ids: readonly string[], count: number): string[] {
  const step = Math.max(1, ids.length / count);
  return Array.from(
    { length: Math.min(count, ids.length) },
    (_, i) => ids[ids.length - 1 - Math.floor(i * step)]!,
  );
}

/** The ids in a random order. */
export function shuffled(
  ids: readonly string[],
  world: Pick<World, "randomBytes">,
): string[] {
  const keys = new Uint32Array(
    Uint8Array.from(world.randomBytes(4 * ids.length)).buffer,
  );
  return ids.map((id, i) => ({ id, key: keys[i]! }))
    .sort((a, b) => a.key - b.key).map(({ id }) => id);
}

/** The two halves of a part, for a stack: the first is to be taken off first. */
export function halves(part: readonly WireEvent[]): [WireEvent[], WireEvent[]] {
  const middle = Math.ceil(part.length / 2);
  return [part.slice(middle), part.slice(0, middle)];
}
