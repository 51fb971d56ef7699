/**
 * `collector prune`, `quota`, `backup` and `restore`: looking after what a
 * collector has stored.
 *
 * @module
 */

import { EXIT, usageError } from "../../base/errors.ts";
import { settingsOf } from "../../collector/engine.ts";
import { collectorFolder } from "../../collector/folder.ts";
import { prune, type Pruned } from "../../collector/keeping/pruning.ts";
import type { Kept } from "../../collector/operator/operator.ts";
import { openKept } from "../../collector/operator/operator_client.ts";
import type { Call, Command } from "../command.ts";
import { homeOf } from "../keeper.ts";
import { counted, printable } from "../output.ts";
import { sizeText } from "../size.ts";

const TEAM = {
  kind: "text",
  value: "SLUG",
  help: "the team",
  required: true,
} as const;

export const keeping: readonly Command[] = [
  {
    name: "collector prune",
    summary: "Remove a team's old events, into an archive first.",
    details: [
      "Removes events from the first on, up to the first that did not happen before",
      "the date, by its own time; one whose time lies more than a day ahead goes with",
      "those around it. Their ids stay known for ever: sent again they are duplicates.",
      "Positions, counts and states stay. Works while the collector runs. The archive",
      "is gzip of NDJSON, on disk before anything goes, and never written over.",
    ],
    examples: [
      "collector prune --team acme --before 2026-01-01 --dry-run",
      "collector prune --team acme --before 2026-01-01 --archive acme-2025.ndjson.gz",
    ],
    positionals: [],
    options: {
      team: TEAM,
      before: {
        kind: "text",
        value: "DATE",
        help:
          "what happened earlier goes: 2026-01-31, or with a time and a zone",
        required: true,
      },
      archive: {
        kind: "text",
        value: "FILE",
        help: "write them to this new file first",
      },
      "dry-run": { kind: "flag", help: "only say what would go" },
    },
    run: runPrune,
  },
];

/** What those work on who keep a collector: the one place that says where it is. */
export async function keptOf(call: Call): Promise<Kept> {
  return await openKept(await folderOf(call), call.world);
}

/** The folder of a call's collector. */
export async function folderOf(call: Call): Promise<string> {
  return collectorFolder(await homeOf(call));
}

async function runPrune(call: Call): Promise<number> {
  const { args, out, world } = call;
  const beforeMs = momentOf(args.text("before")!, world.nowMs());
  const isDry = args.flag("dry-run");
  await using kept = await keptOf(call);
  const pruned = await prune(kept.events, {
    team: args.text("team")!,
    beforeMs,
    archive: args.text("archive"),
    isDry,
    nowMs: world.nowMs(),
  });
  if (!isDry && pruned.removed > 0) {
    const { team, removed, first } = pruned;
    await settingsOf(await folderOf(call), world).audit.note({
      at: new Date(world.nowMs()).toISOString(),
      what: "events_pruned",
      name: team,
      team,
      details: `${removed} events before position ${first}`,
    });
  }
  await out.data({ ...pruned, dry_run: isDry }, prunedText(pruned, isDry));
  return EXIT.ok;
}

function prunedText(pruned: Pruned, isDry: boolean): string {
  const { team, removed, bytes, left, first, archive, archive_bytes } = pruned;
  const what = `${counted(removed, "event")} (${sizeText(bytes)})`;
  const done = isDry ? "would go" : "removed";
  const at = pruned.first_at === null
    ? ""
    : `, the first of ${pruned.first_at} at position ${first}`;
  const into = archive === null
    ? ""
    : `\n${printable(archive)}: ${sizeText(archive_bytes!)}`;
  return `${printable(team)}: ${what} ${done}, ${left} left${at}${into}`;
}

/** @throws {KittyError} for what is no moment in the past */
function momentOf(text: string, nowMs: number): number {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isMoment =
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = isDate || isMoment ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) {
    throw usageError(
      "--before takes a date, such as 2026-01-31 (UTC) or 2026-01-31T12:00:00Z",
    );
  }
  if (ms > nowMs) throw usageError("--before takes a date in the past");
  return ms;
}
