/**
 * `collector prune`, `quota`, `backup` and `restore`: looking after what a
 * collector has stored.
 *
 * @module
 */

import { counted, sizeText } from "../../base/amounts.ts";
import type { Args } from "../../base/arguments.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import {
  prune,
  type Pruned,
  type Unsent,
} from "../../collector/keeping/pruning.ts";
import { sinkStates } from "../../collector/sinks/sinks.ts";
import { backUp, restore } from "../../collector/keeping/backup.ts";
import { Quotas } from "../../collector/keeping/quotas.ts";
import { roomOf } from "../../collector/keeping/room.ts";
import type { Quota } from "../../collector/events/event_log.ts";
import { isName } from "../../collector/accounts/names.ts";
import type { Kept } from "../../collector/operator/operator.ts";
import { openKeptAt } from "../../collector/place.ts";
import { parseMoment } from "../../base/moment.ts";
import { type Call, type Command, notFound } from "../command.ts";
import { folderOf, noteChange, withSettings } from "../collector_settings.ts";
import { strangeTeam } from "../known_teams.ts";
import { printable } from "../output.ts";
import { placeOf, STORE_OPTIONS } from "../store.ts";
import { parseSize, SIZE_EXPECTED } from "../size.ts";
import { withUpgradeShown } from "../upgrade.ts";

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
      "Positions, counts and states stay, and what a sink has not had. The archive is",
      "gzip of NDJSON, on disk before anything goes, and never written over. Works",
      "while the collector runs.",
    ],
    examples: [
      "collector prune --team acme --before 2026-01-01 --dry-run",
      "collector prune --team acme --before 2026-01-01 --archive acme.ndjson.gz",
    ],
    positionals: [],
    options: {
      ...STORE_OPTIONS,
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
  {
    name: "collector backup",
    summary: "Write all that a collector has into one file, while it runs.",
    details: [
      "Events, users, tokens, settings, sinks and the audit of one moment: all that was",
      "acknowledged before it began is in it. The file holds the secret that signs",
      "tokens and is for its owner only; each part of it has a checksum. It is never",
      "written over another. With PostgreSQL, take pg_dump.",
    ],
    examples: ["collector backup monday.backup"],
    positionals: [{ name: "FILE", help: "the new file" }],
    options: {},
    run: runBackup,
  },
  {
    name: "collector restore",
    summary: "Make a collector of a backup, in a home that has none.",
    details: [
      "All of the file is checked before anything is written. Clients that have sent",
      "more since then send again what they still have; what is known is a duplicate.",
    ],
    examples: ["collector restore monday.backup --home new-home"],
    positionals: [{ name: "FILE", help: "what collector backup has made" }],
    options: {},
    run: runRestore,
  },
  {
    name: "collector quota set",
    summary: "Bound how much of a team is stored.",
    details: [
      "Collectors take note within seconds, and refuse a batch that would go beyond",
      "(status 507): nothing of it is stored, and clients keep their queue. What is",
      "stored already stays; what is sent again needs no room. 0: nothing new is taken.",
      "Both bounds are given anew; without one of them, that one is none.",
    ],
    examples: ["collector quota set acme --events 1000000 --bytes 2GiB"],
    positionals: [{ name: "TEAM", help: "the team" }],
    options: {
      ...STORE_OPTIONS,
      events: { kind: "text", value: "N", help: "events at most" },
      bytes: {
        kind: "text",
        value: "SIZE",
        help: `size of their documents at most: ${SIZE_EXPECTED}`,
      },
    },
    run: setQuota,
  },
  {
    name: "collector quota list",
    summary: "List how much of each team is stored, and may be.",
    examples: ["collector quota list", "collector quota list --json"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: listQuotas,
  },
  {
    name: "collector quota remove",
    summary: "Let a team store what it likes.",
    examples: ["collector quota remove acme"],
    positionals: [{ name: "TEAM", help: "the team" }],
    options: { ...STORE_OPTIONS },
    run: removeQuota,
  },
];

/** What those work on who keep a collector: the one place that says where it is. */
export async function keptOf(call: Call): Promise<Kept> {
  const place = await placeOf(call);
  return await withUpgradeShown(
    call,
    (onUpgrade) => openKeptAt(place, call.world, onUpgrade),
  );
}

async function runPrune(call: Call): Promise<number> {
  const { args, out, world } = call;
  const beforeMs = momentOf(args.text("before")!, world.nowMs());
  const isDry = args.flag("dry-run"), team = args.text("team")!;
  await using kept = await keptOf(call);
  const pruned = await prune(kept.events, {
    team,
    beforeMs,
    archive: args.text("archive"),
    isDry,
    nowMs: world.nowMs(),
    unsent: await unsentOf(call, kept, team),
  });
  if (!isDry && pruned.removed > 0) {
    const { removed, first } = pruned;
    const details = `${removed} events before position ${first}`;
    await withSettings(call, (all) =>
      noteChange(call, all, {
        what: "events_pruned",
        name: team,
        team,
        details,
      }));
  }
  await out.data({ ...pruned, dry_run: isDry }, prunedText(pruned, isDry));
  if (pruned.held_by !== null) {
    await out.warn(
      `the sink ${pruned.held_by} has not had what comes then, so that stays\n` +
        "  see: kitty-events collector sink status",
    );
  }
  return EXIT.ok;
}

async function runBackup(call: Call): Promise<number> {
  const file = call.args.positionals[0]!;
  const made = await backUp(await folderOf(call), file);
  const { events, teams, bytes } = made;
  await call.out.data(
    { file, ...made },
    `${printable(file, 1_000)}: ${counted(events, "event")} of ${
      counted(teams, "team")
    }, ${sizeText(bytes)}`,
  );
  return EXIT.ok;
}

async function runRestore(call: Call): Promise<number> {
  const file = call.args.positionals[0]!, folder = await folderOf(call);
  const restored = await withUpgradeShown(
    call,
    (onUpgrade) => restore(file, folder, call.world, onUpgrade),
  );
  const { events, teams } = restored;
  await call.out.data(
    { folder, ...restored },
    `${printable(folder, 1_000)}: ${counted(events, "event")} of ${
      counted(teams, "team")
    }`,
  );
  return EXIT.ok;
}

async function setQuota(call: Call): Promise<number> {
  const { args, out } = call;
  const team = args.positionals[0]!;
  const events = boundOf(args, "events", "a whole number", wholeNumber);
  const bytes = boundOf(args, "bytes", SIZE_EXPECTED, parseSize);
  if (events === undefined && bytes === undefined) {
    throw usageError("give --events, --bytes or both");
  }
  const quota = {
    ...events !== undefined && { events },
    ...bytes !== undefined && { bytes },
  };
  const strange = await strangeTeam(call, team);
  await withSettings(call, async (all) => {
    await new Quotas(all.settings, call.world.elapsedMs).set(team, quota);
    const details = quotaText(quota);
    await noteChange(call, all, {
      what: "quota_set",
      name: team,
      team,
      details,
    });
  });
  await out.data({ team, ...quota }, `${printable(team)}: ${quotaText(quota)}`);
  if (strange) await out.warn(strange.words);
  if (events === 0 || bytes === 0) {
    await out.note(`nothing new of ${printable(team)} is taken from now on`);
  }
  return EXIT.ok;
}

async function listQuotas(call: Call): Promise<number> {
  await using kept = await keptOf(call);
  const rooms = await withSettings(call, ({ settings }) => {
    const quotas = new Quotas(settings, call.world.elapsedMs);
    return roomOf(kept.events, quotas);
  });
  for (const { team, usage, quota } of rooms) {
    await call.out.data(
      { team, stored: usage, quota: quota ?? null },
      `${printable(team)}: ${counted(usage.events, "event")}, ${
        sizeText(usage.bytes)
      }; ${quota ? quotaText(quota) : "no quota"}`,
    );
  }
  for (const { team } of rooms) {
    if (isName(team)) continue;
    await call.out.warn(
      `nobody can be of the team "${printable(team)}"
  see: kitty-events collector quota remove TEAM`,
    );
  }
  return EXIT.ok;
}

async function removeQuota(call: Call): Promise<number> {
  const team = call.args.positionals[0]!;
  await withSettings(call, async (all) => {
    const quotas = new Quotas(all.settings, call.world.elapsedMs);
    if (!await quotas.remove(team)) {
      throw notFound(
        `a quota of "${printable(team)}"`,
        "see: kitty-events collector quota list",
      );
    }
    await noteChange(call, all, { what: "quota_removed", name: team, team });
  });
  await call.out.data({ team, quota: null }, `${printable(team)}: no quota`);
  return EXIT.ok;
}

function quotaText({ events, bytes }: Quota): string {
  return [
    ...events === undefined ? [] : [`at most ${counted(events, "event")}`],
    ...bytes === undefined ? [] : [`at most ${sizeText(bytes)}`],
  ].join(", ");
}

function boundOf(
  args: Args,
  name: string,
  expected: string,
  parse: (text: string) => number | undefined,
): number | undefined {
  const given = args.text(name);
  if (given === undefined) return undefined;
  const value = parse(given);
  if (value === undefined) throw usageError(`--${name} takes ${expected}`);
  return value;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The sink of a team that is furthest behind. */
async function unsentOf(
  call: Call,
  kept: Kept,
  team: string,
): Promise<Unsent | undefined> {
  const all = await withSettings(
    call,
    ({ settings }) => sinkStates({ ...kept, settings }),
  );
  const states = all.filter((state) => state.team === team)
    .sort((a, b) => a.position - b.position);
  return states[0] &&
    { sink: states[0].name, position: states[0].position };
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
  const ms = parseMoment(text);
  if (ms === undefined) {
    throw usageError(
      "--before takes a date, such as 2026-01-31 (UTC) or 2026-01-31T12:00:00Z",
    );
  }
  if (ms > nowMs) throw usageError("--before takes a date in the past");
  return ms;
}
