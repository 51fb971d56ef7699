/**
 * The way of a process beside an agent.
 *
 * @module
 */

import type { World } from "../base/world.ts";
import type { ConnectionStatus, Route } from "./route.ts";

/**
 * The way of a process beside an agent: wakes it, and leaves the rest to it.
 *
 * @param poke the file that wakes it, in the spool of its home
 */
export function agentRoute(
  status: ConnectionStatus,
  poke: string,
  { nowMs }: Pick<World, "nowMs">,
): Route {
  return {
    status,
    carrier: "agent",
    async offer(offer) {
      const now = new Date(nowMs());
      await Deno.utime(poke, now, now).catch(() => {});
      if (!offer.wait || status === "Offline") return new Set();
      const { awaitAcknowledged } = await import("./acknowledged.ts");
      const home = poke.slice(0, poke.lastIndexOf("/spool/"));
      return await awaitAcknowledged(offer, { home, nowMs });
    },
  };
}
