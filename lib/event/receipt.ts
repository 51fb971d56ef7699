/**
 * The answer to a call: what became of the event, and nothing but the truth.
 *
 * @module
 */

import type { Problem } from "../contract/contract.ts";
import { EXIT, type ExitCode, reasonOf } from "../base/errors.ts";

/**
 * What became of an event.
 *
 * | status | meaning |
 * |---|---|
 * | delivered | the server acknowledged it |
 * | queued | on disk, in the queue |
 * | spooled | on disk, in the spool: the queue could not be used in time |
 * | discarded | it breaks the contract; `problems` says where |
 * | refused | the queue is full; nothing was stored |
 * | lost | nothing could be written |
 * | disabled | switched off by `SPEC_KITTY_DISABLED` |
 * | known | recorded before, as a row or handed over, and has left the queue: delivered, or dropped by a person |
 */
export type ReceiptStatus =
  | "delivered"
  | "queued"
  | "spooled"
  | "discarded"
  | "refused"
  | "lost"
  | "disabled"
  | "known";

/** A receipt. Its fields are a published form: fields are only ever added. */
export interface Receipt {
  /** Null where the draft names no type that is known. */
  readonly event_type: string | null;
  /** Null where no event was made. */
  readonly event_id: string | null;
  /** Null where the event has no place in the order yet. */
  readonly lamport_clock: number | null;
  /** What became of the event. */
  readonly status: ReceiptStatus;
  /** Why the draft breaks the contract, where it does. */
  readonly problems?: readonly Problem[];
  /** What else the caller should know, in words. */
  readonly warning?: string;
  /** The agent that the draft was handed over to: the rest is what that says of it. */
  readonly via?: string;
}

/** A receipt without an event. */
export function emptyReceipt(
  status: ReceiptStatus,
  eventType?: string,
): Receipt {
  return {
    event_type: eventType ?? null,
    event_id: null,
    lamport_clock: null,
    status,
  };
}

/** The receipt of a draft that breaks the contract. */
export function discardedReceipt(
  problems: readonly Problem[],
  eventType?: string,
): Receipt {
  return { ...emptyReceipt("discarded", eventType), problems };
}

/** The receipt of an event that an unforeseen error has cost. */
export function lostReceipt(error: unknown, eventType?: string): Receipt {
  return {
    ...emptyReceipt("lost", eventType),
    warning: `nothing could be kept: ${reasonOf(error)}`,
  };
}

/**
 * The receipt of an event whose acknowledgement the caller has waited for.
 *
 * @param why there was none, where it is known
 */
export function unacknowledged(receipt: Receipt, why?: string): Receipt {
  if (receipt.status !== "queued") return receipt;
  const words = "the server has not acknowledged the event; it stays queued";
  const warning = why === undefined ? words : `${words}: ${why}`;
  return { ...receipt, warning: receipt.warning ?? warning };
}

/**
 * Exit code for receipts under `--strict`: of several, the first in the order
 * 74, 75, 69, 65.
 *
 * @param waited whether the server's acknowledgement was waited for
 */
export function strictExit(
  statuses: ReadonlySet<ReceiptStatus>,
  waited = false,
): ExitCode {
  if (statuses.has("lost")) return EXIT.notStored;
  if (statuses.has("refused")) return EXIT.full;
  if (waited && (statuses.has("queued") || statuses.has("spooled"))) {
    return EXIT.unavailable;
  }
  if (statuses.has("discarded")) return EXIT.invalid;
  return EXIT.ok;
}
