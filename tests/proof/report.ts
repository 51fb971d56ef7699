/** The report of a proof, in Markdown. */

import { addTo, countOf, type Findings, noFindings } from "./findings.ts";
import type { Kind, Outcome } from "./kinds.ts";

/** One series as it ended. */
export interface Ended {
  readonly kind: Kind;
  readonly seed: number;
  readonly rounds: number;
  /** Undefined where it broke off with an error. */
  readonly outcome: Outcome | undefined;
  readonly error?: string;
}

/** What a proof was, beside its series. */
export interface Setting {
  readonly command: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** What was run: version, commit and how. */
  readonly program: string;
  /** Kinds that could not be tried here, with the reason. */
  readonly leftOut: readonly string[];
}

const COLUMNS: readonly (readonly [keyof Findings, string])[] = [
  ["lost", "lost"],
  ["doubled", "doubled"],
  ["clockTwice", "clock values twice"],
  ["reordered", "reordered"],
  ["untrue", "untrue receipts"],
  ["other", "other"],
];

/** All series of a kind together. */
function sumOf(ended: readonly Ended[]) {
  const findings = noFindings();
  const counts: Record<string, number> = {};
  let rounds = 0, broken = 0;
  for (const { outcome, rounds: count } of ended) {
    if (!outcome) {
      broken += 1;
      continue;
    }
    rounds += count;
    addTo(findings, outcome.findings);
    for (const [name, n] of Object.entries(outcome.counts)) {
      counts[name] = (counts[name] ?? 0) + n;
    }
  }
  findings.other += broken;
  return { findings, counts, rounds };
}

/** Whether nothing was found that never may be. */
export function isClean(ended: readonly Ended[]): boolean {
  return countOf(sumOf(ended).findings) === 0;
}

/** The whole report. */
export function reportOf(
  ended: readonly Ended[],
  setting: Setting,
  machine: readonly string[],
): string {
  const kinds = [...new Set(ended.map(({ kind }) => kind))];
  const all = sumOf(ended);
  const minutes = (setting.endedMs - setting.startedMs) / 60_000;
  const rows = kinds.map((kind) => {
    const { findings, rounds } = sumOf(ended.filter((e) => e.kind === kind));
    return row([
      `\`${kind.name}\``,
      String(rounds),
      ...COLUMNS.map(([key]) => String(findings[key])),
    ]);
  });
  const failed = ended.filter(({ outcome }) =>
    !outcome || countOf(outcome.findings) > 0
  );
  return [
    "# Reliability",
    "",
    "What `deno task proof` found on the machine below, as it came out. Real processes, files, sockets and servers;",
    "every number but the first of a row is to be 0.",
    "",
    "```sh",
    setting.command,
    "```",
    "",
    row(["kind", "rounds", ...COLUMNS.map(([, title]) => title)]),
    row(["---", "---", ...COLUMNS.map(() => "---")]),
    ...rows,
    row([
      "**all**",
      `**${all.rounds}**`,
      ...COLUMNS.map(([key]) => `**${all.findings[key]}**`),
    ]),
    "",
    ...kinds.flatMap((kind) => {
      const { counts } = sumOf(ended.filter((e) => e.kind === kind));
      const said = Object.entries(counts).map(([name, n]) => `${n} ${name}`);
      return [`- \`${kind.name}\`: ${kind.about}. Here: ${said.join(", ")}.`];
    }),
    "",
    ...(setting.leftOut.length > 0
      ? [`Left out: ${setting.leftOut.join("; ")}.`, ""]
      : []),
    "## What failed",
    "",
    ...(failed.length === 0
      ? ["Nothing."]
      : failed.map((one) =>
        `- \`deno task proof --only ${one.kind.name} --seed ${one.seed} --rounds ${one.rounds}\`: ${
          one.error ?? JSON.stringify(one.outcome?.findings)
        }`
      )),
    "",
    "## Where and when",
    "",
    `- ${new Date(setting.startedMs).toISOString()}, ${
      minutes.toFixed(1)
    } minutes`,
    `- ${setting.program}`,
    ...machine.map((line) => `- ${line}`),
    "",
  ].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** What can be told of this machine. */
export async function machineOf(): Promise<string[]> {
  const { total } = Deno.systemMemoryInfo();
  const cpu = await Deno.readTextFile("/proc/cpuinfo").then(
    (text) => text.match(/^model name\s*: (.*)$/m)?.[1],
    () => undefined,
  );
  return [
    `${Deno.build.target}, kernel ${Deno.osRelease()}`,
    `${navigator.hardwareConcurrency} cores${cpu ? ` (${cpu})` : ""}, ${
      Math.round(total / 2 ** 30)
    } GiB of memory`,
    `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`,
  ];
}
