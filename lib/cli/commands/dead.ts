/**
 * `queue dead list|show|requeue|drop`: events that the server refused for good.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { list, LIST_DETAILS, LIST_OPTIONS, show } from "../listing.ts";
import { act, CHOICE_OPTIONS, drop, REMOVAL_OPTIONS } from "../removal.ts";

const ID = { name: "ID", help: "an event's id" };
const IDS = { ...ID, optional: true, rest: true };

export const dead: readonly Command[] = [
  {
    name: "queue dead list",
    summary: "List dead letters with their reasons.",
    details: LIST_DETAILS,
    examples: ["queue dead list"],
    positionals: [],
    options: LIST_OPTIONS,
    run: (call) => list(call, "dead"),
  },
  {
    name: "queue dead show",
    summary: "Show one dead letter whole, with reason and attempts.",
    examples: ["queue dead show 01KHEXAMPXE0000000000000AA"],
    positionals: [ID],
    options: {},
    run: (call) => show(call, "dead"),
  },
  {
    name: "queue dead requeue",
    summary: "Put dead letters back into the queue, to be sent again.",
    examples: ["queue dead requeue --all"],
    positionals: [IDS],
    options: CHOICE_OPTIONS,
    run: (call) =>
      act(call, "dead", "requeued", (queue, ids) => queue.requeue(ids)),
  },
  {
    name: "queue dead drop",
    summary: "Remove dead letters for good.",
    examples: ["queue dead drop 01KHEXAMPXE0000000000000AA"],
    positionals: [IDS],
    options: REMOVAL_OPTIONS,
    run: (call) => drop(call, "dead"),
  },
];
