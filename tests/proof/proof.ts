/**
 * The proof on demand: kills, failing and full disks, faults of the network
 * and crowds, over as many seeds as asked; and a report.
 *
 *     deno task proof [--rounds N] [--minutes N] [--seed N] [--only KIND,KIND]
 *                     [--jobs N] [--program FILE] [--report FILE]
 *
 * Ends with 0 only if nothing was lost, doubled or reordered, no clock value
 * came twice, and each receipt was true. Ctrl-C ends it early, with a report
 * of what was done until then.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { bundledProgram } from "../support/bundled.ts";
import { tempFolder } from "../support/home.ts";
import { countOf } from "./findings.ts";
import type { Kind } from "./kinds.ts";
import { type Ended, isClean, machineOf, reportOf } from "./report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    minutes: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    jobs: { type: "string" },
    program: { type: "string" },
    report: { type: "string", default: "docs/reliability.md" },
  },
});

/** A whole number of an option. */
function numberOf(
  name: "rounds" | "minutes" | "seed" | "jobs",
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${name} takes a whole number, not ${text}`);
  Deno.exit(64);
}

const rounds = numberOf("rounds")!;
const endMs = performance.now() + (numberOf("minutes") ?? Infinity) * 60_000;
const seed = numberOf("seed") ?? Math.floor(Math.random() * 2 ** 31);
const jobs = numberOf("jobs") ?? navigator.hardwareConcurrency;

await using folder = await tempFolder();
if (values.program) {
  Deno.env.set("KITTY_EVENTS_PROGRAM", await Deno.realPath(values.program));
} else {
  const entry = await bundledProgram(`${folder.path}/bundle`);
  Deno.env.set("KITTY_EVENTS_BUNDLE", entry);
}
// Only now: what runs the program looks at these when it is loaded.
const { KINDS } = await import("./kinds.ts");
const { runProgram } = await import("../support/program.ts");

const names = values.only?.split(",") ?? KINDS.map(({ name }) => name);
const unknown = names.filter((name) => !KINDS.some((k) => k.name === name));
if (unknown.length > 0) {
  console.error(
    `no such kind: ${unknown.join(", ")}; there are ${
      KINDS.map(({ name }) => name).join(", ")
    }`,
  );
  Deno.exit(64);
}
const chosen = KINDS.filter(({ name }) => names.includes(name));
const kinds = chosen.filter(({ needs }) => needs.every(({ isMet }) => isMet));
const leftOut = chosen.filter((kind) => !kinds.includes(kind)).map((kind) =>
  `\`${kind.name}\`, ${kind.needs.find(({ isMet }) => !isMet)!.reason}`
);
for (const text of leftOut) console.error(`left out: ${text}`);

/** All series, the kinds in turn, so that an early end leaves some of each. */
function planned(): { kind: Kind; seed: number; rounds: number }[] {
  const shares = kinds.reduce((sum, { share }) => sum + share, 0);
  const series = kinds.map((kind) => {
    const wanted = Math.max(1, Math.round(rounds * kind.share / shares));
    const count = Math.ceil(wanted / kind.roundsAtOnce);
    return Array.from({ length: count }, (_, i) => ({
      kind,
      seed: seed + i * 1_000,
      rounds: Math.min(kind.roundsAtOnce, wanted - i * kind.roundsAtOnce),
      // Where in the whole it stands.
      at: i / count,
    }));
  });
  return series.flat().sort((a, b) => a.at - b.at);
}

const plan = planned();
const total = plan.reduce((sum, { rounds }) => sum + rounds, 0);
const ended: Ended[] = [];
const startedMs = Date.now();
let isStopped = false, done = 0;
Deno.addSignalListener("SIGINT", () => {
  isStopped = true;
  console.error("\nending when the running series have ended");
});

async function work(): Promise<void> {
  while (!isStopped && performance.now() < endMs) {
    const next = plan.shift();
    if (!next) return;
    const { kind, seed, rounds } = next;
    let end: Ended;
    try {
      end = { ...next, outcome: await kind.run(seed, rounds) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const said = text.split("\n").slice(0, 6).join(" ").slice(0, 400);
      end = { ...next, outcome: undefined, error: said };
    }
    ended.push(end);
    done += rounds;
    const bad = end.outcome ? countOf(end.outcome.findings) : 1;
    const share = `${done} of ${total} rounds`;
    const words = `${share}: ${kind.name}, seed ${seed}: ${
      bad === 0
        ? "clean"
        : `FAILED ${end.error ?? JSON.stringify(end.outcome?.findings)}`
    }`;
    if (Deno.stderr.isTerminal() && bad === 0) {
      await Deno.stderr.write(new TextEncoder().encode(`\r\x1b[K${words}`));
    } else console.error(words);
  }
}

await Promise.all(Array.from({ length: jobs }, work));

const version = await runProgram(["--version"], {});
const report = reportOf(ended, {
  command: `deno task proof ${Deno.args.join(" ")} --seed ${seed}`
    .replace(/( --seed \d+)(.*)\1$/, "$1$2").trim(),
  startedMs,
  endedMs: Date.now(),
  program: version.stdout.trim().split("\n").join(", "),
  leftOut,
}, await machineOf());
const folderOf = values.report.slice(0, values.report.lastIndexOf("/"));
if (folderOf) await Deno.mkdir(folderOf, { recursive: true });
await Deno.writeTextFile(values.report, report);
console.error(
  `\n${
    isClean(ended) ? "clean" : "NOT CLEAN"
  }; the report is in ${values.report}`,
);
Deno.exit(isClean(ended) && ended.length > 0 ? 0 : 1);
