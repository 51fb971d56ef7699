/**
 * `queue list|show|stats|drop|compact|check`: looking after the queue.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { EXIT } from "../../base/errors.ts";
import { drainLockPath, lockFile } from "../../base/files.ts";
import { HOUSEKEEPING_TIMEOUT_MS } from "../../base/limits.ts";
import { readTally } from "../../home/tally.ts";
import type { Call, Command } from "../command.ts";
import { drop, REMOVAL_OPTIONS } from "../removal.ts";
import { tableOf } from "../output.ts";
import { openKeeper } from "../keeper.ts";
import { list, LIST_DETAILS, LIST_OPTIONS, show } from "../listing.ts";

const ID = { name: "ID", help: "an event's id" };

export const queue: readonly Command[] = [
  {
    name: "queue list",
    summary: "List queued events in the order in which they go out.",
    details: LIST_DETAILS,
    examples: ["queue list --limit 10", "queue list --json"],
    positionals: [],
    options: LIST_OPTIONS,
    run: (call) => list(call, "queue"),
  },
  {
    name: "queue show",
    summary: "Show one queued event whole.",
    examples: ["queue show 01KHEXAMPXE0000000000000AA"],
    positionals: [ID],
    options: {},
    run: (call) => show(call, "queue"),
  },
  {
    name: "queue stats",
    summary: "Show what the queue holds, and the totals.",
    examples: ["queue stats --json"],
    positionals: [],
    options: {},
    run: stats,
  },
  {
    name: "queue drop",
    summary: "Remove queued events for good, undelivered.",
    details: ["--all means every one of them, and needs --yes."],
    examples: ["queue drop 01KHEXAMPXE0000000000000AA"],
    positionals: [{ ...ID, optional: true, rest: true }],
    options: REMOVAL_OPTIONS,
    run: (call) => drop(call, "queue"),
  },
  {
    name: "queue compact",
    summary: "Give the room of removed events back to the disk.",
    examples: ["queue compact"],
    positionals: [],
    options: {},
    async run(call) {
      const { home, isThere, tend } = await openKeeper(call);
      // A drain reads the queue all the time that it takes.
      using _ = isThere
        ? await lockFile(
          drainLockPath(home.path),
          Deadline.in(call.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
          "the drain's lock",
        )
        : undefined;
      const sizes = await tend(
        ({ queue }) => queue.compact(),
        { bytes_before: 0, bytes_after: 0 },
      );
      await call.out.data(
        sizes,
        `${sizes.bytes_before} bytes before, ${sizes.bytes_after} after`,
      );
      return EXIT.ok;
    },
  },
  {
    name: "queue check",
    summary: "Check the queue's file, its accounts and its index.",
    details: [
      "Exit code 74 when something is wrong. A file that is proven damaged is set",
      "aside, never deleted.",
    ],
    examples: ["queue check"],
    positionals: [],
    options: {},
    async run(call) {
      const { tend } = await openKeeper(call);
      const problems = await tend(async (held) => [
        ...held.damage,
        ...await held.queue.check(),
      ], []);
      const ok = problems.length === 0;
      await call.out.data(
        { ok, problems },
        ok ? "sound" : problems.join("\n"),
      );
      return ok ? EXIT.ok : EXIT.notStored;
    },
  },
];

async function stats(call: Call): Promise<number> {
  const { home, settings, read } = await openKeeper(call);
  const { ledger, oldest, newest, by_team } = await (await read()).readStats();
  const { queued, dead, bytes, by_type } = ledger;
  const { accepted, imported, delivered, dropped } = ledger;
  const document = {
    queued,
    dead,
    // If they cannot be read, that was said above.
    spooled: (await home.spool.names().catch(() => [])).length,
    bytes,
    capacity: settings.maxQueueSize,
    capacity_bytes: settings.maxQueueBytes,
    oldest,
    newest,
    by_type: Object.fromEntries(
      Object.entries(by_type).filter(([, count]) => count > 0),
    ),
    by_team,
    totals: {
      accepted,
      imported,
      delivered,
      dropped,
      ...await readTally(home.path),
    },
  };
  await call.out.data(document, tableOf(document));
  return EXIT.ok;
}
