/**
 * The way of a process that delivers by itself: the agent, and a library that
 * is connected.
 *
 * @module
 */

import { readConfigFile, settingsOf } from "../base/config.ts";
import { Deadline } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import type { Home } from "../home/home.ts";
import { refusedFile, refusedServer } from "../base/rights.ts";
import type { World } from "../base/world.ts";
import { awaitAcknowledged } from "../route/acknowledged.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";
import type { ConnectedRoute, Route } from "../route/route.ts";
import { keyFile } from "../login/key.ts";
import { Session } from "../login/session.ts";
import { openSession } from "../login/open_session.ts";
import { watchHome } from "./watch.ts";

/** A route through a delivery of this process. */
export function routeOf(delivery: Delivery): Route {
  return {
    get status() {
      return delivery.status;
    },
    async offer(offer) {
      if (offer.wait) delivery.pokeNow();
      else delivery.poke();
      return offer.wait ? await awaitAcknowledged(offer) : new Set();
    },
  };
}

/**
 * Makes the delivery of a home; settings and login are read anew at each
 * reload. From then on the home, and the emitter that records in it, go by
 * these settings too.
 */
export function deliveryOf(
  parts: Omit<DeliveryParts, "openSession">,
): Delivery {
  const { home, world, warn } = parts;
  return new Delivery({
    ...parts,
    openSession: async () => {
      const settings = settingsOf(world, await readConfigFile(home.path));
      // A draft that is prepared already keeps the team that it was given.
      home.context.settings.renew(settings).forEach(warn);
      const unread = refusedFile(settings.caFile);
      const session = await openSession(
        home.path,
        unread ? { ...settings, caFile: undefined } : settings,
        world,
        warn,
      );
      if (!(session instanceof Session)) return session;
      const { serverUrl, teamSlug, username } = session;
      const error = unread ?? refusedServer(serverUrl);
      if (!error) return session;
      warn(error.message);
      return { reason: "bad_server", error, serverUrl, teamSlug, username };
    },
  });
}

/**
 * Starts a delivery, and wakes it whenever something changes in its home.
 *
 * @param onTrouble called when the login could not be read after a change
 */
export async function startDelivery(
  delivery: Delivery,
  { path, world }: Pick<Home, "path" | "world">,
  onTrouble: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  // First the watch, so that nothing happens between it and the first look.
  await watchHome(
    path,
    {
      onAppend: () => delivery.poke(),
      onHurry: () => delivery.pokeNow(),
      onLogin: () => delivery.loginChanged().catch(onTrouble),
    },
    signal,
    keyFile(world),
  );
  await delivery.start();
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
  await startDelivery(
    delivery,
    home,
    (error) => warn(`the login was not read: ${reasonOf(error)}`),
    over.signal,
  );
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
