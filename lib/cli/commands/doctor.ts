/**
 * `doctor`: what is well, what is not, and what to do.
 *
 * @module
 */

import { examine } from "../../doctor/doctor.ts";
import type { Check } from "../../doctor/doctor.ts";
import type { CheckStatus } from "../../doctor/finding.ts";
import { type Colour, paint } from "../colour.ts";
import type { Command } from "../command.ts";
import { folderOf } from "../keeper.ts";
import { columns, counted, printable, WIDTH, wrapped } from "../output.ts";

const COLOURS: Readonly<Record<CheckStatus, Colour>> = {
  ok: "green",
  warning: "yellow",
  problem: "red",
};

export const doctor: readonly Command[] = [{
  name: "doctor",
  summary:
    "Look for trouble: home, disk, lock, clock, queue, settings, server.",
  details: [
    "Changes nothing, and asks the server only whether it is there. Exit code 0",
    "when there is no problem (warnings do not count), else that of the first one: 74",
    "events cannot be stored, 75 the queue is full, 78 a setting cannot be used, 77",
    "no one is logged in, 69 the server does not answer.",
  ],
  examples: ["doctor", "doctor --json"],
  positionals: [],
  options: {},
  async run(call) {
    const { world, out, terminal } = call;
    const { checks, notChecked, exit } = await examine(
      await folderOf(call),
      world,
    );
    if (out.mode.json) {
      const isOk = checks.every(({ status }) => status !== "problem");
      const told = checks.map(({ exit: _, ...check }) => check);
      await out.line(JSON.stringify({
        ok: isOk,
        checks: told,
        not_checked: notChecked,
      }));
      return exit;
    }
    const shown = out.mode.quiet
      ? checks.filter(({ status }) => status !== "ok")
      : checks;
    for (const check of shown) {
      await out.line(textOf(check, terminal.hasColours));
    }
    if (notChecked.length > 0) {
      const names = columns([["not checked:", notChecked.join(", ")]]);
      await out.line(names.join("\n"));
    }
    await out.note(summaryOf(checks));
    return exit;
  },
}];

/** A check in lines of a terminal's width. */
function textOf(check: Check, hasColours: boolean): string {
  const { name, status, found } = check;
  const label = status.padEnd(9);
  const head = hasColours ? paint(label, COLOURS[status]) : label;
  const indent = label.length + 14;
  const lines = [found, ...check.try ? [`-> ${check.try}`] : []].flatMap(
    (text) => wrapped(printable(text, Infinity), WIDTH - indent),
  );
  return lines.map((line, i) =>
    i === 0 ? `${head}${name.padEnd(14)}${line}` : " ".repeat(indent) + line
  ).join("\n");
}

function summaryOf(checks: readonly Check[]): string {
  const statuses: readonly CheckStatus[] = ["problem", "warning"];
  return statuses.map((wanted) => {
    const found = checks.filter(({ status }) => status === wanted);
    return counted(found.length, wanted);
  }).join(", ");
}
