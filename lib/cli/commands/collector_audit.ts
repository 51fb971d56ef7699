/**
 * `collector audit`: who did what to a collector's people and tokens.
 *
 * @module
 */

import type { AuditEntry } from "../../collector/audit/audit.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import { parseMoment } from "../../base/moment.ts";
import { withSettings } from "../collector_settings.ts";
import type { Call, Command } from "../command.ts";
import { strangeTeam } from "../known_teams.ts";
import { printable } from "../output.ts";
import { STORE_OPTIONS } from "../store.ts";

export const collectorAudit: readonly Command[] = [{
  name: "collector audit",
  summary:
    "Show logins, and changes of users and tokens: who, when, from where.",
  details: [
    "Failed logins of one user from one address are counted by the minute. Names that",
    "nobody has are not shown: they may be passwords.",
  ],
  examples: [
    "collector audit --json",
    "collector audit --team acme --since 2026-02-03",
  ],
  positionals: [],
  options: {
    ...STORE_OPTIONS,
    team: { kind: "text", value: "SLUG", help: "only what is of this team" },
    since: {
      kind: "text",
      value: "TIME",
      help: "only from then on, such as 2026-02-03 or 2026-02-03T12:00:00Z",
    },
  },
  run,
}];

async function run(call: Call): Promise<number> {
  const team = call.args.text("team"), since = sinceOf(call);
  let isEmpty = true;
  await withSettings(call, async ({ audit }) => {
    for await (const entry of audit.read({ team, since })) {
      isEmpty = false;
      await call.out.data(entry, textOf(entry));
    }
  });
  const strange = isEmpty && team !== undefined
    ? await strangeTeam(call, team)
    : undefined;
  if (strange) await call.out.warn(strange.words);
  return EXIT.ok;
}

/** @throws {KittyError} for what is no moment */
function sinceOf({ args }: Call): string | undefined {
  const given = args.text("since");
  if (given === undefined) return undefined;
  const ms = parseMoment(given);
  if (ms !== undefined) return new Date(ms).toISOString();
  throw usageError(
    "--since takes a moment such as 2026-02-03 or 2026-02-03T12:00:00Z",
  );
}

function textOf(entry: AuditEntry): string {
  const { at, what, name, team, by, address, details } = entry;
  const words = [
    at,
    what,
    name,
    ...team === undefined ? [] : [`team ${team}`],
    ...by === undefined ? [] : [`by ${by}`],
    ...address === undefined ? [] : [`from ${address}`],
    ...details === undefined ? [] : [`(${details})`],
  ];
  return words.map((word) => printable(word, 200)).join(" ");
}
