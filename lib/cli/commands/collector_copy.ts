/**
 * `collector copy`: what a collector has in a folder, into a store.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { copyFolder } from "../../collector/place.ts";
import type { Copied } from "../../collector/sql/copy.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import type { Command } from "../command.ts";
import { printable } from "../output.ts";
import { withUpgradeShown } from "../upgrade.ts";

/** What was copied of a team, or of records, in a line. */
function textOf(part: Copied): string {
  const already = (count: number, copied: number) =>
    copied < count ? `, ${count - copied} there already` : "";
  if ("team" in part) {
    const { team, events, copied } = part;
    return `${printable(team)}: ${counted(copied, "event")} copied${
      already(events, copied)
    }`;
  }
  const changed = "changed" in part ? part.changed : 0;
  return `${part.records}: ${part.copied} copied${changes(part)}${
    already(part.count, part.copied + changed)
  }`;
}

function changes(part: object): string {
  const { changed = 0, removed = 0 } = part as Partial<
    Record<"changed" | "removed", number>
  >;
  return (changed > 0 ? `, ${changed} changed` : "") +
    (removed > 0 ? `, ${removed} removed` : "");
}

export const collectorCopy: readonly Command[] = [{
  name: "collector copy",
  summary: "Copy a collector's data from its folder into a PostgreSQL.",
  details: [
    "Events keep their positions; users, tokens, sessions and the audit come along,",
    "so that nobody has to log in again. The collector of the folder must not run",
    "meanwhile. It can be done again, and goes on where it was broken off: what was",
    "changed or removed in the folder since is changed and removed in the store.",
    "Nothing is changed where the store has other events of a team, or collectors use",
    "it already with other users, tokens, quotas or sinks.",
  ],
  examples: [
    "collector copy --from ~/.spec-kitty/collector --to postgres://kitty@db/events",
  ],
  positionals: [],
  options: {
    from: {
      kind: "text",
      value: "DIR",
      help: "the folder collector/ of a home",
      required: true,
    },
    to: {
      kind: "text",
      value: "URL",
      help: "the store (default SPEC_KITTY_STORE_URL)",
    },
  },
  async run(call) {
    const { args, world, out } = call;
    const to = args.text("to") ??
      (world.env("SPEC_KITTY_STORE_URL") || undefined);
    if (to === undefined) {
      throw usageError("--to is missing: the URL of a store");
    }
    const from = args.text("from")!;
    await Deno.stat(`${from}/events.kv`).catch(() => {
      throw usageError(
        `${from} holds no events of a collector`,
        "it is the folder collector/ of a home, such as ~/.spec-kitty/collector",
      );
    });
    await withUpgradeShown(call, async (onUpgrade) => {
      for await (const part of copyFolder(from, to, world, onUpgrade)) {
        await out.data(part, textOf(part));
      }
    });
    return EXIT.ok;
  },
}];
