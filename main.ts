/**
 * kitty-events: records what happens to the work packages and features of a
 * Spec Kitty project. Wires the real machine to the command line.
 *
 * @module
 */

import { run } from "./lib/cli/cli.ts";
import { realTerminal } from "./lib/cli/terminal.ts";
import { ownWorld } from "./lib/base/world.ts";

if (import.meta.main) {
  const world = ownWorld();
  // Leaving at once, because a disk that hangs must not keep the process.
  Deno.exit(await run(Deno.args, world, realTerminal(world)));
}
