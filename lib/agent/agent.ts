/**
 * The agent: a process that keeps delivering, and that other programs talk to.
 *
 * @module
 */

import { type BoundedAddress, BoundedServer } from "../base/bounded_server.ts";
import { Deadline, pause } from "../base/deadline.ts";
import type { EventEmitter } from "../emit/emitter.ts";
import type { AgentTokens } from "../handover/agent_tokens.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { FILE_MODE } from "../base/files.ts";
import type { Home } from "../home/home.ts";
import {
  AGENT_BEAT_MS,
  AGENT_LOCK_MS_MAX,
  AGENT_STOP_MS_MAX,
} from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import {
  type AddressSet,
  hostForUrl,
  isAnywhere,
} from "../base/net/addresses.ts";
import type { KeyPairKeeper } from "../base/net/key_pair.ts";
import { isListenedTo, socketPathIn } from "../base/socket_path.ts";
import { isLoopback } from "../login/server_url.ts";
import type { World } from "../base/world.ts";
import {
  AGENT_SOCKET,
  removeAgentState,
  tokenPath,
  touchAgentState,
  writeAgentState,
} from "../route/agent_file.ts";
import { agentHandler } from "./agent_http.ts";
import { Place } from "./place.ts";
import { startDelivery } from "../delivery/connected.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { ConnectionStatus } from "../route/route.ts";

/** What an agent works with. */
export interface AgentParts {
  readonly world: World;
  readonly home: Home;
  readonly emitter: EventEmitter;
  readonly delivery: Delivery;
  readonly timeoutMs: number;
  /** Where to listen; without it, on the home's socket, where the system has such. */
  readonly listen?: BoundedAddress;
  /** Tokens that callers elsewhere may show. */
  readonly tokens?: AgentTokens;
  /** Certificate and key, for TLS on TCP. */
  readonly keyPair?: KeyPairKeeper;
  /** Proxies that are believed what they say of clients. */
  readonly proxies?: AddressSet;
  readonly log: Log;
  /** Called where the agent can only end: its home is another now, or its queue. */
  readonly onLost: (error: KittyError) => void;
}

/** The agent of a home. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #over = new AbortController();
  /** Requests that come before all is in place wait for it. */
  readonly #ready = Promise.withResolvers<void>();
  #place: Place | undefined;
  readonly #servers: BoundedServer[] = [];
  /** The paths of its sockets. */
  readonly #socketPaths: string[] = [];
  /** Where it listens, sockets by their paths, the rest by URL: first what it was asked for. */
  readonly #addresses: string[] = [];
  /** Where programs of this home find it. */
  #listeningHere = "";
  #since: string;
  /** Writes of `agent.json`, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#since = new Date(parts.world.nowMs()).toISOString();
  }

  /**
   * Starts to listen and to deliver.
   *
   * @throws {KittyError} when another one runs there, or it cannot listen
   */
  async start(): Promise<void> {
    const { home, world, delivery, log } = this.#parts;
    this.#place = await Place.take(home.path, world);
    try {
      await this.#listen();
      await this.#write();
      await startDelivery(
        delivery,
        home,
        (error) => log.error("reading the login failed", error),
        this.#over.signal,
      );
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ready.resolve();
    void this.#beat();
    log.info("agent started", { listening: this.listening });
  }

  get listening(): string {
    return this.#addresses[0] ?? "";
  }

  /** Called at each change of the connection. */
  connectionChanged(status: ConnectionStatus, why: string): void {
    this.#since = new Date(this.#parts.world.nowMs()).toISOString();
    this.#parts.log.info("connection", { status, reason: why });
    void this.#write();
  }

  /** Reads settings and credentials again. */
  async reload(): Promise<void> {
    this.#parts.log.info("reload");
    await this.#parts.keyPair?.reload();
    await this.#parts.delivery.reload()
      .catch((error) => this.#parts.log.error("reload failed", error));
  }

  /** Ends: no new requests, one last drain, then the socket goes. */
  async stop(): Promise<void> {
    const { delivery, home, world, log } = this.#parts;
    this.#over.abort();
    this.#ready.resolve();
    const closing = Promise.all(
      this.#servers.map((server) => server.shutdown()),
    );
    await delivery.stop()
      .catch((error) => log.error("the last drain failed", error));
    // A client that keeps its connection open must not keep the agent.
    await Promise.race([closing, pause(AGENT_LOCK_MS_MAX)]);
    await home.settle(Deadline.in(world.elapsedMs, AGENT_LOCK_MS_MAX))
      .catch((error) =>
        log.warn("the clock keeps a gap", { reason: reasonOf(error) })
      );
    await this.#writing.catch(() => {});
    await removeAgentState(home.path);
    for (const path of this.#socketPaths) {
      await Deno.remove(path).catch(() => {});
    }
    await Deno.remove(tokenPath(home.path)).catch(() => {});
    this.#place?.close();
    log.info("agent stopped");
  }

  async #listen(): Promise<void> {
    const { home, world, listen, tokens } = this.#parts;
    const address = listen ??
      (Deno.build.os === "windows" ? ANY_PORT : undefined);
    await Deno.remove(tokenPath(home.path)).catch(() => {});
    if (!address) return await this.#listenAtHome();
    const isOnTcp = "port" in address;
    // Of a socket in a folder that others may enter, its mode says who; a token says it better.
    const own = isOnTcp || tokens?.isEmpty === false
      ? newToken(world)
      : undefined;
    if (own !== undefined) await writeToken(home.path, own);
    const accepted = own === undefined
      ? undefined
      : async () => [own, ...await tokens?.current() ?? []];
    if (!isOnTcp) {
      const mode = accepted ? TOKEN_SOCKET_MODE : SHARED_SOCKET_MODE;
      return await this.#listenOnSocket(address.path, mode, accepted);
    }
    const { addr } = await this.#serve(address, accepted).catch((error) => {
      throw cannotListen(address, error);
    });
    const { hostname, port } = addr as Deno.NetAddr;
    const { keyPair } = this.#parts;
    const scheme = keyPair ? "https" : "http";
    this.#addresses.push(urlOf(scheme, hostname, port));
    this.#listeningHere = urlOf(scheme, hereFor(hostname), port);
    // Programs of this home would have to trust what others reach it by.
    if (keyPair || !isLoopback(hostForUrl(hostname))) {
      await this.#listenAtHome().catch(() => {});
    }
  }

  async #listenAtHome(): Promise<void> {
    const { home, world } = this.#parts;
    const path = await socketPathIn(home.path, AGENT_SOCKET, world)
      .catch((error) => {
        throw noSocket(`${home.path}/${AGENT_SOCKET}`, error);
      });
    await this.#listenOnSocket(path, FILE_MODE);
  }

  async #listenOnSocket(
    path: string,
    mode: number,
    tokens?: () => Promise<readonly string[]>,
  ): Promise<void> {
    // The lock is the home's: an agent of another home may have this path.
    if (await isListenedTo(path)) {
      const found = `cannot listen on ${path}: another program listens there`;
      const hint = "end it, or choose another path: --listen unix:/PATH";
      throw new KittyError("cannot_listen", found, { hint });
    }
    try {
      // Left by an agent that was killed.
      await removeSocket(path);
      await this.#serve({ path }, tokens);
    } catch (error) {
      throw noSocket(path, error);
    }
    this.#socketPaths.push(path);
    await Deno.chmod(path, mode);
    this.#listeningHere = path;
    this.#addresses.push(path);
  }

  async #serve(
    listen: BoundedAddress,
    tokens: (() => Promise<readonly string[]>) | undefined,
  ): Promise<BoundedServer> {
    const { home, world, log, keyPair, proxies } = this.#parts;
    const handle = agentHandler({
      ...this.#parts,
      tokens,
      vouch: (request) => server.vouch(request),
    });
    const server: BoundedServer = await BoundedServer.start({
      world,
      log,
      listen,
      folder: home.path,
      ...this.#servers.length > 0 && { innerName: SECOND_INNER_NAME },
      connectionsMax: CONNECTIONS_MAX,
      ...!("path" in listen) && { keyPair, proxies },
      handler: async (request) => {
        await this.#ready.promise;
        return await handle(request);
      },
    });
    this.#servers.push(server);
    return server;
  }

  #write(): Promise<void> {
    const { home, delivery, log } = this.#parts;
    return this.#writing = this.#writing
      .then(async () => {
        // The end of the connection is reported late: then the file has to stay away.
        if (this.#over.signal.aborted) return;
        await writeAgentState(home.path, {
          pid: Deno.pid,
          state: delivery.status,
          since: this.#since,
          listening: this.#listeningHere,
          addresses: this.#addresses,
        });
      })
      .catch((error) => log.error("agent.json was not written", error));
  }

  async #beat(): Promise<void> {
    const { home, world, onLost } = this.#parts;
    while (!this.#over.signal.aborted) {
      await pause(AGENT_BEAT_MS, this.#over.signal);
      if (this.#over.signal.aborted) return;
      // With nothing closed: what lies at its paths now is another's, and would go with its sockets.
      if (await this.#place!.isLost()) return onLost(homeLost(home.path));
      const cutOff = await home.cutOff();
      if (cutOff) {
        await Promise.race([this.stop(), pause(AGENT_STOP_MS_MAX)]);
        return onLost(cutOff);
      }
      await touchAgentState(home.path, world.nowMs())
        .catch(() => this.#write());
    }
  }
}

function homeLost(path: string): KittyError {
  return new KittyError(
    "home_lost",
    `the home at ${path} was removed, moved or replaced while its agent ran, so the agent has ended`,
    { hint: "start it again: kitty-events agent run" },
  );
}

/** Connections at once: of programs of one user, or of a few hundred containers, which come and go. */
const CONNECTIONS_MAX = 250;

/** The private socket of a second server beside the first. */
const SECOND_INNER_NAME = ".requests-here.sock";

/** A socket at a place of the caller's choice, for its group too: containers of a pod share one. */
const SHARED_SOCKET_MODE = 0o660;

/** The same where a token is asked for. */
const TOKEN_SOCKET_MODE = 0o666;

/** Loopback only: the interface is for programs on this machine. */
const ANY_PORT = { hostname: "127.0.0.1", port: 0 };

function newToken(world: World): string {
  return world.randomBytes(32).toHex();
}

async function writeToken(home: string, token: string): Promise<void> {
  await Deno.writeTextFile(tokenPath(home), `${token}\n`, { mode: FILE_MODE });
}

/** Makes way for a socket, and for nothing else that may lie there. */
async function removeSocket(path: string): Promise<void> {
  const there = await Deno.lstat(path).catch(() => undefined);
  if (there?.isSocket) await Deno.remove(path);
}

function noSocket(path: string, error: unknown): KittyError {
  return new KittyError(
    "no_socket",
    `cannot listen on ${path}: ${reasonOf(error)}`,
    { hint: "listen on TCP: kitty-events agent run --listen 127.0.0.1:0" },
  );
}

function cannotListen(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  error: unknown,
): KittyError {
  return new KittyError(
    "cannot_listen",
    `cannot listen on ${hostname} port ${port}: ${reasonOf(error)}`,
    { hint: "choose another one: --listen 127.0.0.1:0 takes any free port" },
  );
}

function urlOf(scheme: string, hostname: string, port: number): string {
  return `${scheme}://${hostForUrl(hostname)}:${port}`;
}

/** The address by which this machine reaches what listens on all of its addresses. */
function hereFor(hostname: string): string {
  if (!isAnywhere(hostname)) return hostname;
  return hostname.includes(":") ? "::1" : "127.0.0.1";
}
