/**
 * `verify`: whether an export is whole in itself, without a server.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { EXIT } from "../../base/errors.ts";
import { LineReader } from "../../base/lines.ts";
import {
  isSound,
  type NodeReport,
  type TotalReport,
  Verification,
} from "../../event/verification.ts";
import type { Call, Command } from "../command.ts";
import { openInput } from "../input.ts";
import { printable } from "../output.ts";

export const verifyCommands: readonly Command[] = [
  {
    name: "verify",
    summary: "Read an export, and say of each node what is there, and how.",
    details: [
      "Takes what a collector or queue export has printed, also with --full. Says how",
      "many events each node has in each team, and the lowest and highest clock value.",
      "Exit code 65 where a clock value or an id is there twice, where a node's events",
      "are out of order, or where a line is no event. Gaps between clock values mean",
      "nothing: compare the number of events with what GET /api/v1/nodes/ tells.",
    ],
    examples: ["verify events.ndjson", "verify --json < events.ndjson"],
    positionals: [{
      name: "FILE",
      optional: true,
      help: "file to read; - or nothing: stdin",
    }],
    options: {},
    run: verify,
  },
];

async function verify(call: Call): Promise<number> {
  const { args, out, terminal } = call;
  const verification = new Verification();
  const source = await openInput(call, args.positionals[0]);
  try {
    const reader = new LineReader(source.read);
    for (let lines; (lines = await reader.next()) !== null;) {
      let text = "";
      for (const { number, bytes } of lines) {
        const found = verification.take(bytes);
        if (found === undefined) continue;
        text += out.mode.json
          ? `${JSON.stringify({ line: number, found })}\n`
          : `line ${number}: expected an event, found ${found}\n`;
      }
      if (text !== "" && !await terminal.write(text)) return EXIT.ok;
    }
  } finally {
    source.close();
  }
  const { nodes, total } = verification;
  for (const node of nodes) {
    if (!await out.data(node, lineOf(node))) return EXIT.ok;
  }
  await out.data({ total }, totalOf(total));
  if (total.clocks_repeated > 0) await out.note(REPEATED);
  return isSound(total) ? EXIT.ok : EXIT.invalid;
}

/** Nothing in an event says of which home it is, so that these cannot be told from each other here. */
const REPEATED =
  `a clock value comes twice where two homes have one node: a node is a machine and
a user, and each home has a clock of its own. No event is lost by that, or doubled;
only the order between the two homes is open. Where there was one home alone, an old
copy of it came back. Give each home a node of its own from now on:
  SPEC_KITTY_NODE_ID, 12 hex digits, wherever one of them is used`;

/** One node in words. */
function lineOf(node: NodeReport): string {
  const { team_slug, node_id, events, lowest_clock, highest_clock } = node;
  const team = team_slug === null
    ? "rows without a team"
    : `team ${printable(team_slug)}`;
  const clocks = `clock ${lowest_clock} to ${highest_clock}`;
  const found = [counted(events, "event"), clocks, ...flawsOf(node)];
  return `node ${printable(node_id)}, ${team}: ${found.join(", ")}`;
}

function totalOf(total: TotalReport): string {
  const { nodes, events, no_event } = total;
  const flaws = flawsOf(total);
  if (no_event > 0) flaws.push(`${counted(no_event, "line")} without an event`);
  const found = flaws.length > 0 ? flaws.join(", ") : "nothing wrong";
  return `${counted(nodes, "node")}, ${counted(events, "event")}: ${found}`;
}

/** What is wrong, where anything is. */
function flawsOf(
  { clocks_repeated, ids_repeated, order_broken }: NodeReport | TotalReport,
): string[] {
  return [
    ...clocks_repeated > 0
      ? [`${counted(clocks_repeated, "clock value")} repeated`]
      : [],
    ...ids_repeated > 0 ? [`${counted(ids_repeated, "id")} repeated`] : [],
    ...order_broken > 0 ? [`order broken ${times(order_broken)}`] : [],
  ];
}

function times(n: number): string {
  return n === 1 ? "once" : `${n} times`;
}
