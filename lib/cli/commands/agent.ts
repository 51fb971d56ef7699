/**
 * `agent run|status`: the process that keeps delivering.
 *
 * @module
 */

import {
  DURATION_EXPECTED,
  parseDuration,
  type Settings,
} from "../../base/config.ts";
import { Deadline } from "../../base/deadline.ts";
import { Agent, type AgentParts } from "../../agent/agent.ts";
import { agentPatience, findAgent } from "../../route/agent_file.ts";
import { deliveryOf, routeOf } from "../../delivery/connected.ts";
import type { Home } from "../../home/home.ts";
import type { Delivery } from "../../delivery/delivery.ts";
import type { Route } from "../../route/route.ts";
import { AgentTokens } from "../../handover/agent_tokens.ts";
import { isLoopback } from "../../login/server_url.ts";
import { endOf } from "../../delivery/drain/summary.ts";
import type { SyncResult } from "../../delivery/drain/sync.ts";
import type { BoundedAddress } from "../../base/bounded_server.ts";
import { EXIT, KittyError, usageError } from "../../base/errors.ts";
import { AGENT_STOP_MS_MAX } from "../../base/limits.ts";
import { jsonLog, type Log } from "../../base/log.ts";
import { hostForUrl } from "../../base/net/addresses.ts";
import { fitsSocket } from "../../base/socket_path.ts";
import type { World } from "../../base/world.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import type { Call, Command } from "../command.ts";
import { homeOf } from "../keeper.ts";
import { parseListen } from "../listen.ts";
import { NETWORK_OPTIONS, networkOf } from "../network.ts";
import { tableOf } from "../output.ts";

export const agent: readonly Command[] = [
  {
    name: "agent run",
    summary: "Keep delivering, in the foreground, until stopped.",
    details: [
      "Keeps a WebSocket to the server open and sends events as they are recorded,",
      "in batches while there is none. Other programs record through its socket,",
      "agent.sock in the home. SIGHUP reads settings and login again. Logs go to",
      "standard error, in JSON.",
      "",
      "Where other machines reach it, callers show a token, one of those in",
      "SPEC_KITTY_AGENT_TOKEN or SPEC_KITTY_AGENT_TOKEN_FILE; see: help containers",
    ],
    examples: ["agent run", "agent run --batch-interval 30s --follow project"],
    positionals: [],
    options: {
      listen: {
        kind: "text",
        value: "ADDRESS",
        help: "listen on HOST:PORT, or unix:/PATH (default: the home's socket)",
      },
      ...NETWORK_OPTIONS,
      follow: {
        kind: "list",
        value: "PATH",
        help:
          "record what happens in this project, too; may be given again ([follow] paths)",
      },
      "batch-interval": {
        kind: "text",
        value: "TIME",
        help:
          "without a connection, at most one batch in this time (default 5s)",
      },
    },
    run: runAgent,
  },
  {
    name: "agent status",
    summary: "Show whether an agent runs, and how it is connected.",
    examples: ["agent status --json"],
    positionals: [],
    options: {},
    async run({ args, world, out }) {
      const home = await homeOf({ args, world });
      const state = await findAgent(home, world.nowMs(), agentPatience(world));
      const document = {
        running: state !== undefined,
        pid: state?.pid ?? null,
        state: state?.state ?? null,
        since: state?.since ?? null,
        listening: state?.listening ?? null,
        addresses: state ? state.addresses ?? [state.listening] : [],
      };
      const addresses = document.addresses.join(", ");
      await out.data(document, tableOf({ ...document, addresses }));
      return EXIT.ok;
    },
  },
];

async function runAgent(call: Call): Promise<number> {
  const { args, out, terminal } = call;
  const listening = await listeningOf(call);
  const batchIntervalMs = intervalOf(args.text("batch-interval"));
  // An agent serves callers everywhere: the project it happens to be started in is not theirs.
  const world = { ...call.world, cwd: () => undefined };
  const log = jsonLog(world.nowMs, (line) => void terminal.writeError(line));
  const warn = (text: string) => log.warn(text);
  const network = await networkOf(call, log, listening.listen);
  const stopped = Promise.withResolvers<number>();
  terminal.onStop(stopped.resolve);

  const route: Route = {
    carrier: "agent",
    get status() {
      return delivery.status;
    },
    offer: (offer) => routeOf(delivery).offer(offer),
  };
  const { emitter, settings } = await setUpEmitter(world, {
    home: await homeOf(call),
    route,
    staysHere: true,
    warn,
  });
  const home = emitter.home!;
  const delivery: Delivery = deliveryOf({
    home,
    world,
    nodeId: emitter.nodeId,
    ...batchIntervalMs !== undefined && { batchIntervalMs },
    onStatus: (status, why) => running.connectionChanged(status, why),
    onDrain: (result) => logDrain(log, result),
    warn,
  });
  const running: Agent = new Agent({
    world,
    home,
    emitter,
    delivery,
    timeoutMs: settings.timeoutMs,
    ...listening,
    ...network,
    log,
    onLost: stopped.reject,
  });
  // One that comes before the start is over is part of it.
  terminal.onReload(() => void started.then(() => running.reload()));
  const started = running.start();
  await started;
  const followed = new AbortController();
  const following = followAll(call, { home, settings, log }, followed.signal);
  await out.line(JSON.stringify({ listening: running.listening }));
  const exitCode = await stopped.promise.finally(terminal.hurry);
  followed.abort();
  await following;
  await Deadline.in(world.elapsedMs, AGENT_STOP_MS_MAX)
    .race(running.stop(), "end").catch((error) => log.error("end", error));
  return exitCode;
}

/** Follows the logs that the call and the settings name, until the end. */
async function followAll(
  { args, world }: Call,
  { home, settings, log }: { home: Home; settings: Settings; log: Log },
  end: AbortSignal,
): Promise<void> {
  const paths = [...args.list("follow"), ...settings.followPaths];
  if (paths.length === 0 || settings.disabled) return;
  const { followLogged } = await import("../../agent/following.ts");
  const cwd = world.cwd() ?? ".";
  await Promise.all(
    paths.map((path) => followLogged({ home, path, cwd, log }, end)),
  );
}

function logDrain(log: Log, { counts, end, remaining }: SyncResult): void {
  const { sent, delivered, duplicates, rejected, failures, local } = counts;
  if (sent === 0 && end.kind === "drained") return;
  const isWell = end.kind === "drained" && Object.keys(failures).length === 0;
  log[isWell ? "info" : "warn"]("drain", {
    delivered,
    duplicates,
    rejected,
    remaining,
    ...local > 0 && { local },
    ...endOf(end),
    ...!isWell && { failures },
  });
}

/** Where to listen, and what callers elsewhere show. */
async function listeningOf(
  { args, world }: Call,
): Promise<Pick<AgentParts, "listen" | "tokens">> {
  const listen = addressOf(args.text("listen"));
  if (!listen) return {};
  const tokens = await tokensFor(world, listen);
  return { listen, ...tokens && { tokens } };
}

/** Where to listen: an address, or the path of a socket. */
function addressOf(text: string | undefined): BoundedAddress | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith("unix:")) {
    return parseListen(text, {
      expected: "HOST:PORT, or unix:/PATH",
      hint:
        "such as 127.0.0.1:0, where the system chooses the port, 0.0.0.0:9464, or unix:/run/kitty-events/agent.sock",
    });
  }
  const path = text.slice("unix:".length);
  if (!path.startsWith("/") || !fitsSocket(path)) {
    throw usageError(
      "--listen unix: takes a path from / on, short enough for a socket (some 100 bytes)",
      "such as unix:/run/kitty-events/agent.sock",
    );
  }
  return { path };
}

/**
 * The tokens that callers elsewhere show.
 *
 * @throws {KittyError} where others reach the address and there are none
 */
async function tokensFor(
  world: World,
  listen: BoundedAddress,
): Promise<AgentTokens | undefined> {
  const tokens = await AgentTokens.open(world);
  if (!tokens.isEmpty || "path" in listen) return tokens;
  const { hostname } = listen;
  const host = hostForUrl(hostname);
  if (isLoopback(host)) return undefined;
  throw new KittyError(
    "bad_agent_token",
    `others reach ${host}, so the agent does not listen there without a token`,
    {
      hint:
        "set SPEC_KITTY_AGENT_TOKEN, or SPEC_KITTY_AGENT_TOKEN_FILE, such as to what this prints: openssl rand -hex 32",
    },
  );
}

function intervalOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw usageError(`--batch-interval takes ${DURATION_EXPECTED}`);
  }
  return ms;
}
