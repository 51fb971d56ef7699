/**
 * The emitter: what a program that records events has in its hands. What
 * becomes of a draft stands in `flow.ts`.
 *
 * @module
 */

import type { SettingsSource } from "../base/config.ts";
import { Deadline } from "../base/deadline.ts";
import { type KittyError, reasonOf } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import type { Draft } from "../contract/contract.ts";
import * as build from "../event/builders.ts";
import type { ProjectIdentity } from "../event/event.ts";
import type { Receipt } from "../event/receipt.ts";
import type { HandOver } from "../handover/hand_over.ts";
import { Home } from "../home/home.ts";
import type { Holding } from "../home/holding.ts";
import type {
  ConnectedRoute,
  ConnectionStatus,
  Route,
} from "../route/route.ts";
import { type GroupOptions, recordGroup } from "./flow.ts";
import { prepareText, prepareValue, type Preparing } from "./prepare.ts";

/** All that an emitter works with. */
export interface EmitterParts {
  readonly world: World;
  readonly settings: SettingsSource;
  readonly nodeId: string;
  readonly project: ProjectIdentity;
  /** The home's lock, with the queue that is being opened already. */
  readonly holding?: Holding | undefined;
  /** Undefined where the user has no home: then nothing can be kept, and receipts say so. */
  readonly homePath: string | undefined;
  /** Why there is no home, if not because the user has none. */
  readonly refusal?: KittyError;
  readonly route: Route;
  /** An agent elsewhere that takes what is recorded, in place of the home's queue. */
  readonly handOver?: HandOver | undefined;
  /** Opens a connection of this process; without it, there is none to be had. */
  readonly connect?: (home: Home) => Promise<ConnectedRoute>;
  readonly newId: () => string;
  /** Takes what a person should know that concerns no single event. */
  readonly warn: (text: string) => void;
}

/** Options of one call. */
export interface EmitOptions {
  /** How long the call may take; without it, the setting. */
  readonly timeoutMs?: number;
  /** Wait for the server's acknowledgement, for as long as the call may take. */
  readonly wait?: boolean;
}

/** Records events. Its calls resolve to receipts and never reject. */
export class EventEmitter implements Disposable {
  /** The eight builders of drafts. */
  readonly build: typeof build = build;
  /** @internal Where events are kept; undefined where the user has no home. */
  readonly home: Home | undefined;
  readonly #parts: EmitterParts;
  #route: Route;
  /** The connection of this process, while there is one. */
  #connected: Promise<ConnectedRoute> | undefined;
  /** Calls of this turn of the event loop; they share a commit. */
  #turn: { prepared: Preparing; resolve: (receipt: Receipt) => void }[] = [];

  /** @internal `getEmitter` and `setUpEmitter` make one. */
  constructor(parts: EmitterParts) {
    this.#parts = parts;
    this.#route = parts.route;
    const { homePath, world, nodeId, settings, newId, holding } = parts;
    this.home = homePath === undefined ? undefined : new Home(homePath, world, {
      home: homePath,
      nodeId,
      settings,
      newId,
      nowMs: world.nowMs,
      warn: parts.warn,
      leavesSpool: parts.handOver !== undefined,
    }, holding);
  }

  /** @internal What hands over to an agent elsewhere, where one is named. */
  get handOver(): HandOver | undefined {
    return this.#parts.handOver;
  }

  /** How this process stands to the server. */
  get connectionStatus(): ConnectionStatus {
    return this.#route.status;
  }

  /**
   * Opens a connection to the server: from now on events go out as they are
   * recorded, for as long as the process lives. Never rejects.
   *
   * @returns how it went; where it is not connected yet, it goes on trying
   */
  async connect(): Promise<ConnectionStatus> {
    const { connect, warn } = this.#parts;
    if (!connect || !this.home) return this.connectionStatus;
    try {
      this.#connected ??= connect(this.home);
      this.#route = await this.#connected;
    } catch (error) {
      this.#connected = undefined;
      warn(`not connected: ${reasonOf(error)}`);
    }
    return this.connectionStatus;
  }

  /** Ends the connection, with one last drain that is bounded in time. Never rejects. */
  async disconnect(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    this.#route = this.#parts.route;
    await connected?.then((route) => route.close()).catch(() => {});
  }

  /** This machine and user. */
  get nodeId(): string {
    return this.#parts.nodeId;
  }

  /** A new ULID to tie the events of one batch together. */
  generateCausationId(): string {
    return this.#parts.newId();
  }

  /** Records one event. Calls of the same turn of the event loop share a commit. */
  emit(draft: Draft, options: EmitOptions = {}): Promise<Receipt> {
    const timeoutMs = options.timeoutMs ??
      this.#parts.settings.current.timeoutMs;
    const deadline = Deadline.in(this.#parts.world.elapsedMs, timeoutMs);
    const prepared = this.prepareValue(draft);
    if (options.timeoutMs !== undefined || options.wait) {
      return this.recordGroup([prepared], deadline, options)
        .then(([receipt]) => receipt!);
    }
    return new Promise((resolve) => {
      this.#turn.push({ prepared, resolve });
      if (this.#turn.length > 1) return;
      queueMicrotask(async () => {
        const calls = this.#turn;
        this.#turn = [];
        const receipts = await this.recordGroup(
          calls.map(({ prepared }) => prepared),
          deadline,
        );
        calls.forEach(({ resolve }, i) => resolve(receipts[i]!));
      });
    });
  }

  /** Records one row of a contract of rows. */
  emitRow(
    type: string,
    draft: Readonly<Record<string, unknown>>,
    options: EmitOptions = {},
  ): Promise<Receipt> {
    return this.emit({ ...draft, type } as unknown as Draft, options);
  }

  /** @internal Checks a draft made by code: what JSON cannot carry is a problem too. */
  prepareValue(draft: unknown): Preparing {
    return prepareValue(this.#parts, draft);
  }

  /** @internal Checks a draft that came as JSON text in UTF-8, and fills in what its caller left open. Never throws. */
  prepareText(bytes: Uint8Array, options?: { first?: boolean }): Preparing {
    return prepareText(this.#parts, bytes, options);
  }

  /**
   * Records a group of drafts in their order and says for each what became of
   * it. Resolves by the deadline, whatever the disk does.
   *
   * @internal
   */
  recordGroup(
    group: readonly Preparing[],
    deadline: Deadline,
    options: GroupOptions = {},
  ): Promise<Receipt[]> {
    const { world, settings, refusal, handOver, warn } = this.#parts;
    const route = this.#route, home = this.home;
    const { current } = settings;
    return recordGroup(
      { world, settings: current, home, refusal, route, handOver, warn },
      group,
      deadline,
      options,
    );
  }

  /** Closes what is open of the home. */
  [Symbol.dispose](): void {
    this.home?.[Symbol.dispose]();
    this.#parts.handOver?.[Symbol.dispose]();
  }
}
