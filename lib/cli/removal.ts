/**
 * What `queue drop`, `queue dead drop` and `queue dead requeue` share: acting
 * on chosen events of one place.
 *
 * @module
 */

import { EXIT, usageError } from "../base/errors.ts";
import type { Place, QueueWriter } from "../home/queue.ts";
import type { Call } from "./command.ts";
import { openKeeper } from "./keeper.ts";
import { chosenIds, strangers } from "./listing.ts";
import { printable } from "./output.ts";

export const CHOICE_OPTIONS = {
  all: { kind: "flag", help: "all of them" },
} as const;

export const REMOVAL_OPTIONS = {
  ...CHOICE_OPTIONS,
  yes: { kind: "flag", help: "with --all: yes, remove them for good" },
} as const;

/** Removes the chosen events for good. */
export async function drop(call: Call, place: Place): Promise<number> {
  if (call.args.flag("all") && !call.args.flag("yes")) {
    throw usageError(
      "--all removes every one of them for good",
      `add --yes; to keep a copy first: kitty-events ${await copyOf(
        call,
        place,
      )}`,
    );
  }
  return await act(
    call,
    place,
    "dropped",
    (queue, ids) => queue.drop(ids, place),
  );
}

/** The command line that keeps a copy of all events of a place. */
async function copyOf(call: Call, place: Place): Promise<string> {
  if (place === "queue") return "queue export > events.ndjson";
  // An export leaves dead letters out, and a list ends at its limit.
  const queue = await (await openKeeper(call)).read();
  const { dead } = await queue.readLedger();
  return `queue dead list --json --limit ${dead || 1} > dead.ndjson`;
}

/** Does something with the chosen events and says with how many. */
export async function act(
  call: Call,
  place: Place,
  word: "dropped" | "requeued",
  action: (queue: QueueWriter, ids: readonly string[]) => Promise<number>,
): Promise<number> {
  if (call.args.flag("all") === call.args.positionals.length > 0) {
    throw usageError("which events?", "name their ids, or say --all");
  }
  const { tend } = await openKeeper(call);
  const { count, unknown } = await tend(async ({ queue }) => {
    const ids = await chosenIds(call, queue, place);
    const unknown = await strangers(queue, ids, place);
    return { count: await action(queue, ids), unknown };
  }, { count: 0, unknown: [...call.args.positionals] });
  for (const id of unknown) {
    await call.out.warn(`${printable(id)} is not there`);
  }
  await call.out.data({ [word]: count }, `${count} ${word}`);
  return unknown.length > 0 ? EXIT.invalid : EXIT.ok;
}
