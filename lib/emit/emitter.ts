/**
 * The flow: from a call to a durable, ordered, valid event. Read this first.
 *
 *     draft --check--> valid draft --complete--> complete draft
 *           --render--> all of the event but its clock value       (prepare)
 *     --stamp, under the home's lock--> envelope --append--> queue   (record)
 *     --offer--> the server                                          (route)
 *
 * Where the queue cannot be used in time, the complete draft goes to the spool.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import {
  type Draft,
  idTaken,
  type Problem,
  readDraft,
  tooLarge,
} from "../contract/contract.ts";
import { Deadline } from "../base/deadline.ts";
import type {
  ConnectedRoute,
  ConnectionStatus,
  Offer,
  Route,
} from "../route/route.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import * as build from "../event/builders.ts";
import {
  complete,
  draftOf,
  type ProjectIdentity,
  render,
  type RenderedDraft,
  stamp,
} from "../event/event.ts";
import type { Held } from "../home/held.ts";
import { Home } from "../home/home.ts";
import type { OpenQueue } from "../home/queue_file.ts";
import { queueWarning } from "../home/queue_warning.ts";
import {
  CLOCK_MAX,
  EVENT_BYTES_MAX,
  INTAKE_FILES_MAX,
  INTAKE_MS_MAX,
  SPOOL_STALL_MS,
  SPOOLED_AT_ONCE,
} from "../base/limits.ts";

import {
  discardedReceipt,
  emptyReceipt,
  lostReceipt,
  type Receipt,
  unacknowledged,
} from "../event/receipt.ts";
import { type Candidate, record, type Recorded } from "../home/record.ts";
import { isTallied, tally } from "../home/tally.ts";
import type { World } from "../base/world.ts";

/** All that an emitter works with. */
export interface EmitterParts {
  readonly world: World;
  readonly settings: Settings;
  readonly nodeId: string;
  readonly project: ProjectIdentity;
  /** The queue, if it is being opened already. */
  readonly ahead?: Promise<OpenQueue | undefined>;
  /** Undefined where the user has no home: then nothing can be kept, and receipts say so. */
  readonly homePath: string | undefined;
  /** Why there is no home, if not because the user has none. */
  readonly refusal?: KittyError;
  readonly route: Route;
  /** Opens a connection of this process; without it, there is none to be had. */
  readonly connect?: (home: Home) => Promise<ConnectedRoute>;
  readonly newId: () => string;
  /** Takes what a person should know that concerns no single event. */
  readonly warn: (text: string) => void;
}

/** A draft that is ready to be recorded, or the receipt that says why it never will be. */
export type Prepared =
  | { readonly candidate: Candidate; readonly receipt?: never }
  | { readonly receipt: Receipt; readonly candidate?: never };

/** Options of one call. */
export interface EmitOptions {
  /** How long the call may take; without it, the setting. */
  readonly timeoutMs?: number;
  /** Wait for the server's acknowledgement, for as long as the call may take. */
  readonly wait?: boolean;
}

/** Options of the recording of one group. */
export interface CommitOptions extends Pick<EmitOptions, "wait"> {
  /**
   * Called when nothing of the group is left to be stored: a group committed
   * within the call is recorded right behind it. Comes after the receipts, if
   * at all, where the time was up before.
   */
  readonly onStored?: () => void;
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
  #turn: { prepared: Prepared; resolve: (receipt: Receipt) => void }[] = [];

  /** @internal `getEmitter` and `setUpEmitter` make one. */
  constructor(parts: EmitterParts) {
    this.#parts = parts;
    this.#route = parts.route;
    const { homePath, world, nodeId, settings, newId, ahead } = parts;
    this.home = homePath === undefined ? undefined : new Home(homePath, world, {
      nodeId,
      settings,
      newId,
      nowMs: world.nowMs,
      warn: parts.warn,
    }, ahead);
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
    const timeoutMs = options.timeoutMs ?? this.#parts.settings.timeoutMs;
    const deadline = Deadline.in(this.#parts.world.elapsedMs, timeoutMs);
    const prepared = this.prepareValue(draft);
    if (options.timeoutMs !== undefined || options.wait) {
      return this.commit([prepared], deadline, options)
        .then(([receipt]) => receipt!);
    }
    return new Promise((resolve) => {
      this.#turn.push({ prepared, resolve });
      if (this.#turn.length > 1) return;
      queueMicrotask(async () => {
        const calls = this.#turn;
        this.#turn = [];
        const receipts = await this.commit(
          calls.map(({ prepared }) => prepared),
          deadline,
        );
        calls.forEach(({ resolve }, i) => resolve(receipts[i]!));
      });
    });
  }

  /** @internal Checks a draft made by code: what JSON cannot carry is a problem too. */
  prepareValue(draft: unknown): Prepared {
    let text: string | undefined;
    try {
      text = JSON.stringify(draft);
    } catch {
      // A cycle, a bigint, or a `toJSON` that throws.
    }
    return text === undefined
      ? { receipt: discardedReceipt([noJson], undefined) }
      : this.prepareText(new TextEncoder().encode(text));
  }

  /** @internal Checks a draft that came as JSON text in UTF-8, and fills in what its caller left open. Never throws. */
  prepareText(bytes: Uint8Array, options?: { first?: boolean }): Prepared {
    try {
      return this.#prepare(bytes, options);
    } catch (error) {
      // As in `commit`: a mistake of this program must not become the caller's.
      return { receipt: lostReceipt(error) };
    }
  }

  #prepare(bytes: Uint8Array, options?: { first?: boolean }): Prepared {
    const { newId, settings, project, world } = this.#parts;
    const { draft, problems, eventType } = readDraft(bytes, options);
    if (settings.disabled) {
      return { receipt: emptyReceipt("disabled", eventType) };
    }
    if (problems) return { receipt: discardedReceipt(problems, eventType) };
    return {
      candidate: {
        draft: render(
          complete(draft, {
            newId,
            nowMs: world.nowMs(),
            teamSlug: settings.teamSlug,
            project,
          }),
          this.nodeId,
        ),
        mayExist: draft.event_id !== undefined,
      },
    };
  }

  /**
   * Records a group of drafts in their order and says for each what became of
   * it. Resolves by the deadline, whatever the disk does.
   *
   * @internal
   */
  async commit(
    group: readonly Prepared[],
    deadline: Deadline,
    options: CommitOptions = {},
  ): Promise<Receipt[]> {
    const candidates = group.flatMap((item) => item.candidate ?? []);
    const receipts = candidates.length === 0
      ? []
      : await this.#commitAll(candidates, deadline, options).catch((error) =>
        // A mistake of this program must not become the caller's.
        candidates.map(({ draft }) => lostReceipt(error, draft.event_type))
      );
    const inOrder = receipts.values();
    const all = group.map((item) => item.receipt ?? inOrder.next().value!);
    if (this.home && all.some(isTallied)) {
      await deadline.race(tally(this.home.path, all), "count").catch(() => {});
    }
    return all;
  }

  async #commitAll(
    candidates: readonly Candidate[],
    deadline: Deadline,
    { wait = false, onStored }: CommitOptions,
  ): Promise<Receipt[]> {
    const { queueBy, spoolBy } = plan(deadline);
    const recorded = await this.#queue(candidates, queueBy, onStored);
    let receipts = await this.#receipts(candidates, recorded, spoolBy);
    const delivered = await this.#offer(candidates, recorded, {
      deadline,
      wait,
    });
    if (delivered.size > 0) {
      receipts = receipts.map((receipt) =>
        delivered.has(receipt.event_id ?? "")
          ? { ...receipt, status: "delivered" }
          : receipt
      );
    }
    return wait ? await this.#explain(receipts, deadline) : receipts;
  }

  /** Puts drafts into the queue; each result is `failed` where that could not be done in time. */
  async #queue(
    candidates: readonly Candidate[],
    queueBy: Deadline,
    onStored?: () => void,
  ): Promise<Recorded[]> {
    const { settings, world } = this.#parts;
    const work = async (held: Held): Promise<Recorded[]> => {
      held.warnings.forEach(this.#parts.warn);
      if (held.intake.full) return candidates.map(() => ({ kind: "full" }));
      if (held.intake.left > 0) {
        throw new KittyError(
          "spool_first",
          `${held.intake.left} older drafts wait in the spool`,
        );
      }
      const warning = await queueWarning(held, settings, world.nowMs());
      if (warning) this.#parts.warn(warning);
      const recorded = await record(held, candidates, settings);
      if (recorded.every(({ kind }) => kind !== "failed")) {
        held.mayBeKept = true;
        onStored?.();
      }
      return recorded;
    };
    try {
      // A stream that took in less than it may add would never reach the queue again.
      const bounds = candidates.length > 1
        ? { files: Infinity, ms: queueBy.leftMs / 2 }
        : { files: INTAKE_FILES_MAX, ms: INTAKE_MS_MAX };
      return await queueBy.race(
        this.#usableHome.hold(queueBy, bounds, work),
        "reach the queue",
      );
    } catch (error) {
      return candidates.map(() => ({ kind: "failed", error }));
    }
  }

  /**
   * What became of each draft; those that could not be recorded go to the
   * spool. A single one has until `spoolBy`. Of many, the rest is rather late
   * than lost, for as long as the disk goes on taking them.
   */
  async #receipts(
    candidates: readonly Candidate[],
    recorded: readonly Recorded[],
    spoolBy: Deadline,
  ): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    let isTaking = candidates.length > 1;
    for (let at = 0; at < candidates.length; at += SPOOLED_AT_ONCE) {
      const by = isTaking ? spoolBy.notBefore(SPOOL_STALL_MS) : spoolBy;
      const some = await Promise.all(
        candidates.slice(at, at + SPOOLED_AT_ONCE).map(({ draft }, i) => {
          const result = recorded[at + i]!;
          return result.kind === "failed"
            ? this.#spool(draft, result.error, by)
            : receiptOf(draft, result);
        }),
      );
      // One that fails at once is no sign of a disk that stands still.
      isTaking &&= some.some(({ status }) => status !== "lost");
      receipts.push(...some);
    }
    return receipts;
  }

  async #spool(
    event: RenderedDraft,
    why: unknown,
    spoolBy: Deadline,
  ): Promise<Receipt> {
    const { event_type, event_id } = event;
    try {
      const { spool } = this.#usableHome;
      // As large as the event can become once it has its clock value.
      const largest = stamp(event, CLOCK_MAX);
      if (largest.bytes.length > EVENT_BYTES_MAX) {
        return discardedReceipt([tooLarge], event_type);
      }
      const put = () => spool.put(draftOf(event), spoolBy);
      // A disk that failed once may not fail again, and there is no other place left.
      const result = await spoolBy.race(put().catch(put), "write the spool");
      if (result === "conflict") return discardedReceipt([idTaken], event_type);
      return {
        event_type,
        event_id,
        lamport_clock: null,
        status: "spooled",
        warning: `kept in the spool, the next run takes it in: ${explain(why)}`,
      };
    } catch (error) {
      const [queue, spool] = [explain(why), explain(error)];
      return {
        ...emptyReceipt("lost", event_type),
        warning: queue === spool
          ? `nothing could be kept: ${queue}`
          : `nothing could be kept: queue: ${queue}; spool: ${spool}`,
      };
    }
  }

  /** @throws {KittyError} where nothing can be kept */
  get #usableHome(): Home {
    if (!this.home) throw this.#parts.refusal ?? noHome();
    return this.home;
  }

  /** Offers what was stored to the server; returns the ids that it acknowledged in time. */
  #offer(
    candidates: readonly Candidate[],
    recorded: readonly Recorded[],
    how: Pick<Offer, "deadline" | "wait">,
  ): Promise<ReadonlySet<string>> | ReadonlySet<string> {
    const kv = this.home?.openKv;
    if (this.connectionStatus === "Offline" || !kv) return new Set();
    const events = candidates.flatMap(({ draft }, i) => {
      const result = recorded[i]!;
      return result.kind === "stored" ? stamp(draft, result.lamport_clock) : [];
    });
    return this.#route.offer({ events, kv, ...how });
  }

  /** Says of each event that is still queued why the server has not acknowledged it. */
  async #explain(
    receipts: readonly Receipt[],
    deadline: Deadline,
  ): Promise<Receipt[]> {
    const isLeft = receipts.some(({ status }) => status === "queued");
    if (!isLeft || !this.home) return [...receipts];
    const { whyUnacknowledged } = await import("../route/acknowledged.ts");
    const why = await whyUnacknowledged(this.#route, this.home, deadline);
    return receipts.map((receipt) => unacknowledged(receipt, why));
  }

  /** Closes what is open of the home. */
  [Symbol.dispose](): void {
    this.home?.[Symbol.dispose]();
  }
}

/**
 * Divides the time of a call: the queue may take most of it, the rest is for
 * the spool, and a last bit for leaving.
 */
function plan(deadline: Deadline): { queueBy: Deadline; spoolBy: Deadline } {
  const left = Math.max(0, deadline.leftMs);
  return {
    queueBy: deadline.shifted(-Math.min(1_000, left / 4)),
    spoolBy: deadline.shifted(-Math.min(100, left / 20)),
  };
}

function receiptOf(
  { event_type, event_id }: RenderedDraft,
  recorded: Exclude<Recorded, { kind: "failed" }>,
): Receipt {
  switch (recorded.kind) {
    case "stored":
    case "present": {
      const { lamport_clock } = recorded;
      const receipt: Receipt = {
        event_type,
        event_id,
        lamport_clock,
        status: "queued",
      };
      const isDead = recorded.kind === "present" && recorded.place === "dead";
      return isDead
        ? {
          ...receipt,
          warning:
            `the event is a dead letter; see: kitty-events queue dead show ${event_id}`,
        }
        : receipt;
    }
    case "conflict":
      return discardedReceipt([idTaken], event_type);
    case "too_large":
      return discardedReceipt([tooLarge], event_type);
    case "full":
      return {
        ...emptyReceipt("refused", event_type),
        warning:
          "the queue is full: nothing was stored; deliver with: kitty-events sync now, or make room with: kitty-events queue drop",
      };
  }
}

const noJson: Problem = {
  path: "",
  expected: "values that JSON can carry",
  found: "invalid",
};

function noHome(): KittyError {
  return new KittyError(
    "no_home",
    "this user has no home folder; set SPEC_KITTY_HOME",
  );
}

function explain(error: unknown): string {
  return error instanceof DeadlineError
    ? `the time was up (${error.message})`
    : reasonOf(error);
}
