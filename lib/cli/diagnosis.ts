/**
 * What a doctor says, as it is shown.
 *
 * @module
 */

import { counted } from "../base/amounts.ts";
import type { Check, Diagnosis } from "../doctor/doctor.ts";
import type { CheckStatus } from "../doctor/finding.ts";
import { type Colour, paint } from "./colour.ts";
import type { Call } from "./command.ts";
import { columns, printable, WIDTH, wrapped } from "./output.ts";

const COLOURS: Readonly<Record<CheckStatus, Colour>> = {
  ok: "green",
  warning: "yellow",
  problem: "red",
};

/** Shows all checks; with `--quiet` only what is not well. */
export async function showDiagnosis(
  { out, terminal }: Call,
  { checks, notChecked }: Diagnosis,
): Promise<void> {
  if (out.mode.json) {
    const isOk = checks.every(({ status }) => status !== "problem");
    const told = checks.map(({ exit: _, ...check }) => check);
    await out.line(JSON.stringify({
      ok: isOk,
      checks: told,
      not_checked: notChecked,
    }));
    return;
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
}

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
