/**
 * kitty-events as a library: record what happens to the work packages and
 * features of a Spec Kitty project. Every function resolves to a receipt and
 * none ever rejects.
 *
 * ```ts
 * import { emitWpStatusChanged } from "@kitty-events/kitty-events";
 *
 * const receipt = await emitWpStatusChanged("WP01", "planned", "doing");
 * if (receipt.status === "lost") console.error(receipt.warning);
 * ```
 *
 * @module
 */

import type { Draft } from "./contract/contract.ts";
import { NO_CONFIG_FILE, settingsOf, SettingsSource } from "./base/config.ts";
import { offlineRoute } from "./route/route.ts";
import { EventEmitter } from "./emit/emitter.ts";
import type { KittyError } from "./base/errors.ts";
import * as build from "./event/builders.ts";
import { generateNodeId as nodeIdOf, homeFolder } from "./emit/identity.ts";
import type { Receipt } from "./event/receipt.ts";
import { Rights } from "./base/rights.ts";
import { setUpEmitter } from "./emit/setup.ts";
import { ulidFactory } from "./event/ulid.ts";

export type {
  AggregateType,
  DependencyResolvedPayload,
  Draft,
  EntryType,
  ErrorLoggedPayload,
  ErrorType,
  EventType,
  FeatureCompletedPayload,
  FeatureCreatedPayload,
  HistoryAddedPayload,
  PayloadOf,
  Phase,
  Problem,
  ResolutionType,
  Status,
  WPAssignedPayload,
  WPCreatedPayload,
  WPStatusChangedPayload,
} from "./contract/contract.ts";
export type { Found } from "./base/problem.ts";
export type { ConnectionStatus } from "./route/route.ts";
export type { EmitOptions, EventEmitter } from "./emit/emitter.ts";
export type * from "./event/builders.ts";
export type { Receipt, ReceiptStatus } from "./event/receipt.ts";

let shared: Promise<EventEmitter> | undefined;

/** The process's shared emitter, made at the first call; concurrent first calls get the same one. */
export function getEmitter(): Promise<EventEmitter> {
  return shared ??= makeEmitter();
}

async function makeEmitter(): Promise<EventEmitter> {
  // All that recording takes is looked at, so that everything missing is reported at once.
  const rights = new Rights();
  const [home, nodeId] = await Promise.all([
    homeFolder(rights.world),
    nodeIdOf(rights.world),
  ]);
  rights.lookAt(home);
  if (rights.refusal) return refusing(rights.refusal, rights, nodeId);
  const { emitter } = await setUpEmitter(rights.world, { warn });
  if (rights.warning) warn(rights.warning);
  return emitter;
}

/** Stands in where rights lack: whatever it is to record is lost, and the receipt says why. */
function refusing(
  refusal: KittyError,
  { world }: Rights,
  nodeId: string,
): EventEmitter {
  return new EventEmitter({
    world,
    settings: new SettingsSource(settingsOf(world, NO_CONFIG_FILE)),
    nodeId,
    project: {},
    homePath: undefined,
    refusal,
    route: offlineRoute,
    newId: ulidFactory(world.nowMs, world.randomBytes),
    warn,
  });
}

function warn(text: string): void {
  console.warn(`kitty-events: ${text}`);
}

/**
 * This machine and user: 12 hex digits, or `SPEC_KITTY_NODE_ID`.
 *
 * @throws {Error} where the program may not ask for them: no id is better than a wrong one
 */
export async function generateNodeId(): Promise<string> {
  const rights = new Rights();
  const nodeId = await nodeIdOf(rights.world);
  if (rights.refusal) throw rights.refusal;
  return nodeId;
}

/** A new ULID to tie the events of one batch together. */
export async function generateCausationId(): Promise<string> {
  return (await getEmitter()).generateCausationId();
}

/** Makes a public function of a builder: same arguments, but the event is recorded. */
function emitting<A extends unknown[]>(
  builder: (...args: A) => Draft,
): (...args: A) => Promise<Receipt> {
  return async (...args) => {
    const emitter = await getEmitter();
    let draft: unknown;
    try {
      draft = builder(...args);
    } catch {
      // Untyped callers may pass null for the options. No draft is a receipt, too.
    }
    return emitter.emit(draft as Draft);
  };
}

/** Records that a work package moved from one status to another. */
export const emitWpStatusChanged: (
  ...args: Parameters<typeof build.wpStatusChanged>
) => Promise<Receipt> = emitting(build.wpStatusChanged);

/** Records that a work package was created. */
export const emitWpCreated: (
  ...args: Parameters<typeof build.wpCreated>
) => Promise<Receipt> = emitting(build.wpCreated);

/** Records that an agent was assigned to a work package. */
export const emitWpAssigned: (
  ...args: Parameters<typeof build.wpAssigned>
) => Promise<Receipt> = emitting(build.wpAssigned);

/** Records that a feature was created. */
export const emitFeatureCreated: (
  ...args: Parameters<typeof build.featureCreated>
) => Promise<Receipt> = emitting(build.featureCreated);

/** Records that all work packages of a feature are done. */
export const emitFeatureCompleted: (
  ...args: Parameters<typeof build.featureCompleted>
) => Promise<Receipt> = emitting(build.featureCompleted);

/** Records an entry of a work package's history. */
export const emitHistoryAdded: (
  ...args: Parameters<typeof build.historyAdded>
) => Promise<Receipt> = emitting(build.historyAdded);

/** Records that something went wrong; the work package may be null. */
export const emitErrorLogged: (
  ...args: Parameters<typeof build.errorLogged>
) => Promise<Receipt> = emitting(build.errorLogged);

/** Records that a work package no longer waits for another. */
export const emitDependencyResolved: (
  ...args: Parameters<typeof build.dependencyResolved>
) => Promise<Receipt> = emitting(build.dependencyResolved);

/** The draft of a row: what the caller knows of it; the rest is filled in. */
export interface RowDraft {
  /** What there is to say of its type. */
  data: Record<string, unknown>;
  /** What it is about, such as a work package. */
  subject?: string;
  /** ULID of its mission; without one it belongs to the project. */
  missionid?: string;
  /** Name of its mission. */
  missionslug?: string;
  /** Who did it. */
  actor?: string;
  /** How the work is carried out, such as `worktree`. */
  executionmode?: string;
  /** When it happened, RFC 3339. Without one: now. */
  time?: string;
  /** ULID of the event. Giving the same again makes a retry safe. */
  id?: string;
  /** Any other attribute of its contract. */
  [attribute: string]: unknown;
}

/**
 * Records a row of any contract, such as `lane.transitioned` of the producer
 * contract.
 *
 * @param type with or without the contract's prefix and its version
 */
export async function emitRow(type: string, draft: RowDraft): Promise<Receipt> {
  return (await getEmitter()).emitRow(type, draft);
}
