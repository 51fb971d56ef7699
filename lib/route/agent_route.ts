/**
 * The way of a process beside an agent.
 *
 * @module
 */

import type { World } from "../base/world.ts";
import { hurryPath, pokePath } from "./agent_file.ts";
import type { ConnectionStatus, Route } from "./route.ts";

/**
 * The way of a process beside an agent: wakes it, and leaves the rest to it.
 *
 * @param home where it runs
 */
export function agentRoute(
  status: ConnectionStatus,
  home: string,
  { nowMs }: Pick<World, "nowMs">,
): Route {
  return {
    status,
    carrier: "agent",
    async offer(offer) {
      const now = new Date(nowMs());
      const touch = (path: string) =>
        Deno.utime(path, now, now).then(() => true, () => false);
      // An older agent knows of no hurry.
      const isTold = offer.wait && await touch(hurryPath(home));
      if (!isTold) await touch(pokePath(home));
      if (!offer.wait || status === "Offline") return new Set();
      const { awaitAcknowledged } = await import("./acknowledged.ts");
      return await awaitAcknowledged(offer, { home, nowMs });
    },
  };
}
