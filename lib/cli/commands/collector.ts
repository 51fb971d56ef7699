/**
 * `collector run|rebuild`: the server side.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { startCollector } from "../../collector/collector.ts";
import type { Rebuilt } from "../../collector/engine.ts";
import { rebuild as rebuildPlace } from "../../collector/place.ts";
import { jsonLog } from "../../base/log.ts";
import { isLoopback } from "../../login/server_url.ts";
import { EXIT } from "../../base/errors.ts";
import { LISTEN_DEFAULT } from "../collector_settings.ts";
import type { Call, Command } from "../command.ts";
import { parseListen } from "../listen.ts";
import { NETWORK_OPTIONS, networkOf, trustOf } from "../network.ts";
import { printable } from "../output.ts";
import { placeOf, STORE_OPTIONS } from "../store.ts";
import { withUpgradeShown } from "../upgrade.ts";

export const collector: readonly Command[] = [
  {
    name: "collector run",
    summary: "Receive the events of one team or many.",
    details: [
      `Prints {"listening": URL} first, then logs to stderr. Its data lies in`,
      "collector/ of the home, or in a PostgreSQL that any number of collectors share",
      "(--store). Without a certificate, tokens and events travel in the clear: where",
      "others reach it, give it one, or put a proxy with TLS before it (help network).",
    ],
    examples: [
      "collector run",
      "collector run --listen 127.0.0.1:0 --trust-proxy 127.0.0.1",
      "collector run --store-file /run/secrets/store-url",
    ],
    positionals: [],
    options: {
      ...STORE_OPTIONS,
      listen: {
        kind: "text",
        value: "HOST:PORT",
        help:
          `where to listen (default ${LISTEN_DEFAULT}); port 0 takes a free one`,
      },
      ...NETWORK_OPTIONS,
    },
    run,
  },
  {
    name: "collector rebuild",
    summary: "Make anew what a collector keeps beside its events.",
    details: [
      "States of work packages and counts by node follow from the events, and are kept",
      "up with each. This makes them anew and says what was not as it should have been.",
      "A collector that has its data in its home must not run meanwhile; boards need no",
      "rebuilding, they are made from the events at each start.",
    ],
    examples: ["collector rebuild"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: rebuild,
  },
];

async function run(call: Call): Promise<number> {
  const { args, world, terminal, out } = call;
  const listen = parseListen(args.text("listen") ?? LISTEN_DEFAULT, {
    expected: "a host and a port",
    hint: `such as ${LISTEN_DEFAULT} or [::1]:8787`,
  });
  const place = await placeOf(call);
  const log = jsonLog(world.nowMs, (line) => void terminal.writeError(line));
  // Before anything is open, so that no signal goes unheard.
  const asked = Promise.withResolvers<number>();
  terminal.onStop(asked.resolve);
  const network = await networkOf(call, log, listen);
  terminal.onReload(() => void network.keyPair?.reload());
  await using server = await startCollector({
    world,
    ...place,
    listen,
    log,
    trust: await trustOf(call),
    ...network,
  });
  if (!network.keyPair && !isLoopback(new URL(server.url).hostname)) {
    log.warn(
      "others can reach this address: give it a certificate (--tls-cert), or put a proxy with TLS before it, or tokens and events travel in the clear",
    );
  }
  if ((await server.accounts.all()).length === 0) {
    log.warn(
      "nobody can log in yet; in another terminal: kitty-events collector user add NAME --team TEAM",
    );
  }
  await out.line(JSON.stringify({ listening: server.url }));
  const exitCode = await Promise.race([asked.promise, server.lost])
    .finally(terminal.hurry);
  log.info("ending");
  return exitCode;
}

async function rebuild(call: Call): Promise<number> {
  const place = await placeOf(call);
  await withUpgradeShown(call, async (onUpgrade) => {
    for await (const each of rebuildPlace(place, call.world, onUpgrade)) {
      await showRebuilt(call, each);
    }
  });
  return EXIT.ok;
}

async function showRebuilt({ out }: Call, rebuilt: Rebuilt): Promise<void> {
  const { team, events, packages, nodes, mended } = rebuilt;
  await out.data(
    rebuilt,
    `${printable(team)}: ${counted(events, "event")}, ` +
      `${counted(packages, "work package")}, ${counted(nodes, "node")}; ` +
      `${mended} mended`,
  );
}
