/**
 * What a receipt says of what became of an event at the queue.
 *
 * @module
 */

import { idTaken, noClockLeft, tooLarge } from "../contract/contract.ts";
import type { RenderedDraft } from "../event/event.ts";
import {
  discardedReceipt,
  emptyReceipt,
  type Receipt,
} from "../event/receipt.ts";
import type { Place } from "../home/queue.ts";
import type { Recorded } from "../home/record.ts";

/** The receipt of an event that the queue has had a word about. */
export function receiptOf(
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
      return recorded.kind === "present"
        ? { ...receipt, ...whereItIs(recorded.place, event_id) }
        : receipt;
    }
    case "conflict":
      return discardedReceipt([idTaken], event_type);
    case "too_large":
      return discardedReceipt([tooLarge], event_type);
    case "too_late":
      return discardedReceipt([noClockLeft], event_type);
    case "full":
      return {
        ...emptyReceipt("refused", event_type),
        warning:
          "the queue is full: nothing was stored; deliver with: kitty-events sync now, or make room with: kitty-events queue drop",
      };
  }
}

/** What there is to say of an event that was here before. */
function whereItIs(
  place: Place | "gone",
  id: string,
): Pick<Receipt, "warning"> & Partial<Receipt> {
  switch (place) {
    case "queue":
      return {};
    case "dead":
      return {
        warning:
          `the event is a dead letter; see: kitty-events queue dead show ${id}`,
      };
    case "gone":
      return {
        status: "known",
        warning: "the event was recorded before, and has left the queue",
      };
  }
}
