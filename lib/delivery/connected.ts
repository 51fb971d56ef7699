/**
 * The way of a process that delivers by itself: the agent, and a library that
 * is connected.
 *
 * @module
 */

import { readConfigFile, settingsOf } from "../config.ts";
import { Deadline } from "../deadline.ts";
import { reasonOf } from "../errors.ts";
import type { Home } from "../home/home.ts";
import type { World } from "../world.ts";
import { awaitAcknowledged } from "./acknowledged.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";
import type { ConnectedRoute, Route } from "./route.ts";
import { openSession } from "./session.ts";
import { watchHome } from "./watch.ts";

/** A route through a delivery of this process. */
export function routeOf(delivery: Delivery): Route {
  return {
    get status() {
      return delivery.status;
    },
    async offer(offer) {
      delivery.poke();
      return offer.wait ? await awaitAcknowledged(offer) : new Set();
    },
  };
}

/** Makes the delivery of a home; settings and login are read anew at each reload. */
export function deliveryOf(
  parts: Omit<DeliveryParts, "openSession">,
): Delivery {
  const { home, world, warn } = parts;
  return new Delivery({
    ...parts,
    openSession: async () => {
      const settings = settingsOf(world, await readConfigFile(home.path));
      return await openSession(home.path, settings, world, warn);
    },
  });
}

/**
 * Delivers from within this process until the route is closed. Resolves once
 * the connection is open, or did not open within `timeoutMs`; it goes on trying.
 */
export async function connect(
  home: Home,
  world: World,
  options: {
    nodeId: string;
    timeoutMs: number;
    warn: (text: string) => void;
  },
): Promise<ConnectedRoute> {
  const { nodeId, timeoutMs, warn } = options;
  const opened = Promise.withResolvers<void>();
  const delivery = deliveryOf({
    home,
    world,
    nodeId,
    warn,
    onStatus: (status) => {
      if (status !== "Reconnecting") opened.resolve();
    },
  });
  const over = new AbortController();
  await watchHome(home.path, {
    onAppend: () => delivery.poke(),
    onLogin: () =>
      delivery.loginChanged().catch((error) =>
        warn(`the login was not read: ${reasonOf(error)}`)
      ),
  }, over.signal);
  await delivery.start();
  await Deadline.in(world.elapsedMs, timeoutMs)
    .race(opened.promise, "connect").catch(() => {});
  const { offer } = routeOf(delivery);
  return {
    get status() {
      return delivery.status;
    },
    offer,
    close: () => {
      over.abort();
      return delivery.stop();
    },
  };
}
