/**
 * What there is to say of an event type: in one place, so that nothing of it
 * can be forgotten.
 *
 * @module
 */

import type { Args, ArgsSpec } from "../../base/arguments.ts";
import type { Draft, EventType, PayloadOf } from "../../contract/contract.ts";

/** What every builder takes last: what the caller knows about the event itself. */
export interface EventOptions {
  /** ULID shared by the events of one batch or cause. */
  causationId?: string | undefined;
  /** ULID of the event. Giving the same again makes a retry safe. */
  eventId?: string | undefined;
  /** When it happened, RFC 3339. Without one: now. */
  timestamp?: string | undefined;
}

/** What an event is about. */
export interface Aggregate {
  readonly aggregate_id: string;
  readonly aggregate_type: "WorkPackage" | "Feature";
}

/** What an event changes on a board: the status of a work package. */
export interface PackageChange {
  readonly wpId: string;
  /** Empty where the event does not name it. */
  readonly feature: string;
  readonly status: string;
  /** It tells no more than that there is such a package. */
  readonly isCreation: boolean;
}

/** An event type. */
export interface EventTypeDefinition<T extends EventType> {
  aggregate(payload: PayloadOf[T]): Aggregate;
  /** The event in a few words, of what the contract has checked or is short. */
  brief(payload: PayloadOf[T]): string;
  /** What it changes on a board; null where that is nothing. */
  readonly change: ((payload: PayloadOf[T]) => PackageChange) | null;
  /** How it is recorded from a command line. */
  readonly command: EmitCommand;
}

/**
 * An event type as a command. A value that breaks the contract is not the
 * command line's business: it goes into the draft, and the contract says what
 * is wrong with it.
 */
export interface EmitCommand extends ArgsSpec {
  /** The word behind `emit`. */
  readonly word: string;
  readonly summary: string;
  readonly example: string;
  /** Names of the texts that may be `-`, for standard input. */
  readonly fromStdin?: readonly string[];
  draft(given: Given): Draft;
}

/** What was given, with texts from standard input filled in. */
export interface Given {
  readonly args: Args;
  readonly options: EventOptions;
  /** The n-th positional. */
  word(n: number): string;
  text(option: string): string | undefined;
}

export function workPackage(aggregate_id: string): Aggregate {
  return { aggregate_id, aggregate_type: "WorkPackage" };
}

export function feature(aggregate_id: string): Aggregate {
  return { aggregate_id, aggregate_type: "Feature" };
}

/** A draft without what was not given. Its type is a claim until the contract has checked it. */
export function draft(
  event_type: EventType,
  options: EventOptions,
  payload: Record<string, unknown>,
): Draft {
  return given({
    event_type,
    payload: given(payload),
    event_id: options.eventId,
    causation_id: options.causationId,
    timestamp: options.timestamp,
  }) as unknown as Draft;
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
}

export const WP = { name: "WP", help: "work package, such as WP01" };

export const oneOf = (values: readonly string[]): string =>
  `one of ${values.join(", ")}`;

/** A number where the text is one; other text goes to the contract as it is. */
export function number(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) {
    return text as number | undefined;
  }
  const value = Number(text);
  const [, fraction = ""] = text.split(".");
  // 6.9999999999999999 would become 7, which the caller did not say.
  const isRounded = Number.isInteger(value) && /[1-9]/.test(fraction);
  return isRounded ? text as unknown as number : value;
}
