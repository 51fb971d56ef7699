/**
 * The agent: a process that keeps delivering, and that other programs talk to.
 *
 * @module
 */

import { type BoundedAddress, BoundedServer } from "../base/bounded_server.ts";
import { Deadline, pause } from "../base/deadline.ts";
import type { EventEmitter } from "../emit/emitter.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import { FILE_MODE, lockFile } from "../base/files.ts";
import type { Home } from "../home/home.ts";
import { AGENT_BEAT_MS, AGENT_LOCK_MS_MAX } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { socketPathIn } from "../base/socket_path.ts";
import type { World } from "../base/world.ts";
import {
  AGENT_SOCKET,
  agentLockPath,
  readAgentState,
  removeAgentState,
  tokenPath,
  touchAgentState,
  writeAgentState,
} from "../route/agent_file.ts";
import { agentHandler } from "./agent_http.ts";
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
  /** Where to listen on TCP; without it, on the home's socket, where the system has such. */
  readonly listen?: { readonly hostname: string; readonly port: number };
  readonly log: Log;
}

/** The agent of a home. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #over = new AbortController();
  /** Requests that come before all is in place wait for it. */
  readonly #ready = Promise.withResolvers<void>();
  #lock: Deno.FsFile | undefined;
  #server: BoundedServer | undefined;
  /** The path of the socket, where there is one. */
  #socketPath: string | undefined;
  /** The path of the socket, or the URL. */
  #listening = "";
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
    this.#lock = await takePlace(home.path, world);
    try {
      await this.#listen();
      await this.#write();
      await startDelivery(
        delivery,
        home.path,
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
    return this.#listening;
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
    await this.#parts.delivery.reload()
      .catch((error) => this.#parts.log.error("reload failed", error));
  }

  /** Ends: no new requests, one last drain, then the socket goes. */
  async stop(): Promise<void> {
    const { delivery, home, log } = this.#parts;
    this.#over.abort();
    this.#ready.resolve();
    const closing = this.#server?.shutdown();
    await delivery.stop()
      .catch((error) => log.error("the last drain failed", error));
    // A client that keeps its connection open must not keep the agent.
    await Promise.race([closing, pause(AGENT_LOCK_MS_MAX)]);
    await this.#writing.catch(() => {});
    await removeAgentState(home.path);
    if (this.#socketPath !== undefined) {
      await Deno.remove(this.#socketPath).catch(() => {});
    }
    await Deno.remove(tokenPath(home.path)).catch(() => {});
    this.#lock?.close();
    log.info("agent stopped");
  }

  async #listen(): Promise<void> {
    const { home, world, listen } = this.#parts;
    const onTcp = listen ??
      (Deno.build.os === "windows" ? ANY_PORT : undefined);
    if (!onTcp) return await this.#listenOnSocket();
    const token = newToken(world);
    const server = await this.#serve(onTcp, token);
    const { hostname, port } = server.addr as Deno.NetAddr;
    this.#listening = `http://${hostname}:${port}`;
    await Deno.remove(tokenPath(home.path)).catch(() => {});
    await Deno.writeTextFile(tokenPath(home.path), `${token}\n`, {
      mode: FILE_MODE,
    });
  }

  async #listenOnSocket(): Promise<void> {
    const { home, world } = this.#parts;
    let path = `${home.path}/${AGENT_SOCKET}`;
    try {
      path = await socketPathIn(home.path, AGENT_SOCKET, world);
      // Left by an agent that was killed: ours is the only one, as we have the lock.
      await Deno.remove(path).catch(() => {});
      await this.#serve({ path }, undefined);
    } catch (error) {
      throw new KittyError(
        "no_socket",
        `cannot listen on ${path}: ${reasonOf(error)}`,
        { hint: "listen on TCP: kitty-events agent run --listen 127.0.0.1:0" },
      );
    }
    this.#socketPath = path;
    await Deno.chmod(path, FILE_MODE);
    this.#listening = path;
  }

  async #serve(
    listen: BoundedAddress,
    token: string | undefined,
  ): Promise<BoundedServer> {
    const { home, world, log } = this.#parts;
    const handle = agentHandler({
      ...this.#parts,
      token,
      vouch: (request) => server.vouch(request),
    });
    const server: BoundedServer = await BoundedServer.start({
      world,
      log,
      listen,
      folder: home.path,
      connectionsMax: CONNECTIONS_MAX,
      handler: async (request) => {
        await this.#ready.promise;
        return await handle(request);
      },
    });
    return this.#server = server;
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
          listening: this.#listening,
        });
      })
      .catch((error) => log.error("agent.json was not written", error));
  }

  async #beat(): Promise<void> {
    const { home, world } = this.#parts;
    while (!this.#over.signal.aborted) {
      await pause(AGENT_BEAT_MS, this.#over.signal);
      if (this.#over.signal.aborted) return;
      await touchAgentState(home.path, world.nowMs())
        .catch(() => this.#write());
    }
  }
}

/** Connections at once: of programs of one user. */
const CONNECTIONS_MAX = 250;

/** Loopback only: the interface is for programs on this machine. */
const ANY_PORT = { hostname: "127.0.0.1", port: 0 };

async function takePlace(home: string, world: World): Promise<Deno.FsFile> {
  const deadline = Deadline.in(world.elapsedMs, AGENT_LOCK_MS_MAX);
  try {
    return await lockFile(agentLockPath(home), deadline, "the agent's lock");
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const state = await readAgentState(home, world.nowMs());
    const which = state ? ` (process ${state.pid})` : "";
    throw new KittyError(
      "agent_running",
      `another agent runs in ${home}${which}`,
      { hint: "see: kitty-events agent status" },
    );
  }
}

function newToken(world: World): string {
  return world.randomBytes(32).toHex();
}
