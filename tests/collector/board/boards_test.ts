/** Boards in memory: made at the first look, let go when nobody looks any more. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Boards } from "../../../lib/collector/board/boards.ts";
import { BOARD_KEPT_MS } from "../../../lib/collector/limits.ts";
import { memoryEngine } from "../../../lib/collector/memory_engine.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf } from "../../support/events.ts";
import { TestWorld } from "../../support/world.ts";

Deno.test("Boards.forget: one that is looked at now and then, one that is not -> the other is gone, and the same when it is made anew", async () => {
  const world = new TestWorld();
  let elapsedMs = 0;
  world.elapsedMs = () => elapsedMs;
  const { events } = memoryEngine(
    world,
    (team, stored, _, first) => boards.stored(team, stored, first),
  );
  const boards: Boards = new Boards(events, world, () => {});
  const admit = (team: string, n: number) => {
    const { envelope } = eventOf(n, { team });
    return events.admit(team, [{
      ...encode(envelope),
      document: { ...envelope },
    }]);
  };
  await admit("acme", 1);
  await admit("beta", 2);
  const before = await boards.of("acme");
  await boards.of("beta");
  strictEqual(boards.size, 2);
  elapsedMs += BOARD_KEPT_MS - 1;
  await boards.of("beta");
  boards.forget();
  strictEqual(boards.size, 2);
  elapsedMs += 1;
  boards.forget();
  strictEqual(boards.size, 1);
  await admit("acme", 3);
  strictEqual(before.position, 1);
  const anew = await boards.of("acme");
  strictEqual(anew.position, 2);
  deepStrictEqual(boards.size, 2);
});
