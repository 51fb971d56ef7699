/** The proof sees what it looks for: each finding is made on purpose once. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempFolder, tempHome } from "../support/home.ts";
import { runProgram } from "../support/program.ts";
import { ALL_TRUE, compare, type Told } from "../support/stored.ts";
import { mulberry32 } from "../support/world.ts";
import { EmitKills } from "./emit_kills.ts";
import { countOf, findingOf, noFindings } from "./findings.ts";
import { KINDS, type Outcome } from "./kinds.ts";
import { type Ended, isClean, reportOf } from "./report.ts";

function told(
  ...receipts: readonly (readonly [string, number, string])[]
): Told {
  return {
    receipts: receipts.map(([event_id, lamport_clock, status]) => ({
      event_id,
      lamport_clock,
      status,
    })),
    counts: {},
  };
}

Deno.test("compare: true receipts -> nothing; each kind of untruth -> counted as that", () => {
  const [a, b] = [
    { event_id: "a", lamport_clock: 1 },
    { event_id: "b", lamport_clock: 2 },
  ];
  const kept = told(["a", 1, "queued"], ["b", 2, "queued"]);
  deepStrictEqual(compare(kept, 2, [a!, b!]), ALL_TRUE);
  const seen = (one: Told, drafts: number, events: (typeof a)[]) =>
    Object.entries(compare(one, drafts, events as never))
      .filter(([, count]) => count > 0).map(([name]) => name);
  deepStrictEqual(seen(kept, 2, [a]), ["missing"]);
  deepStrictEqual(seen(told(["a", 1, "queued"], ["b", 2, "lost"]), 2, [a, b]), [
    "untold",
  ]);
  deepStrictEqual(seen(kept, 2, [a, b, b]), ["doubled"]);
  deepStrictEqual(seen(kept, 2, [a, { ...b!, lamport_clock: 1 }]), [
    "doubled",
    "otherClock",
  ]);
  deepStrictEqual(seen(kept, 3, [a, b]), ["unanswered"]);
});

Deno.test("EmitKills: an event is taken away, a file of the spool too -> lost; nothing else is", async () => {
  await using home = await tempHome();
  const kills = new EmitKills(home.path, mulberry32(1));
  // The first of each kind is not killed.
  for (const round of [1, 2, 3]) await kills.round(round);
  deepStrictEqual(await kills.verify(), noFindings());
  const env = { SPEC_KITTY_HOME: home.path };
  const { stdout } = await runProgram(["queue", "export"], env);
  const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const spooled = events.find(({ payload }) =>
    payload.entry_content.startsWith("spool-")
  );
  const streamed = events.find(({ payload }) =>
    payload.entry_content.startsWith("stream-")
  );
  const ids = [spooled.event_id, streamed.event_id];
  await runProgram(["queue", "drop", ...ids, "--yes"], env);
  const findings = await kills.verify();
  strictEqual(findings.lost, 2);
  strictEqual(findings.doubled, 0);
});

Deno.test("findingOf: what a trial's assertion was about -> that finding", () => {
  const of = (words: string) =>
    Object.entries(findingOf(new Error(words)))
      .find(([, count]) => count > 0)![0];
  strictEqual(of("acknowledged, but not at the collector"), "lost");
  strictEqual(of("01ABC is twice at the collector"), "doubled");
  strictEqual(of("exit 74"), "other");
});

const [KIND] = KINDS;

function ended(outcome: Outcome | undefined, error?: string): Ended {
  return {
    kind: KIND!,
    seed: 7,
    rounds: 3,
    outcome,
    ...error !== undefined && { error },
  };
}

Deno.test("reportOf: findings, a series that broke off -> not clean, named with the command that repeats them", () => {
  const setting = {
    command: "deno task proof",
    startedMs: 0,
    endedMs: 60_000,
    program: "kitty-events 0.1.0",
    leftOut: ["`full-disk`, no root"],
  };
  const clean = ended({ findings: noFindings(), counts: { killed: 3 } });
  ok(isClean([clean]));
  match(reportOf([clean], setting, ["here"]), /## What failed\n\nNothing\./);
  const bad = ended({ findings: { ...noFindings(), lost: 2 }, counts: {} });
  ok(!isClean([clean, bad]));
  const report = reportOf([clean, bad], setting, []);
  match(report, /`emit` \| 6 \| 2 \| 0/);
  match(report, /proof --only emit --seed 7 --rounds 3`: \{"lost":2/);
  match(report, /Left out: `full-disk`, no root/);
  ok(!isClean([clean, ended(undefined, "no answer")]));
  strictEqual(countOf({ ...noFindings(), other: 4 }), 4);
});

Deno.test("deno task proof: a few rounds -> exit 0 and a report; a kind that there is not -> 64", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/deep/report.md`;
  const run = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--no-check"],
        new URL("./proof.ts", import.meta.url).href,
        ...args,
      ],
      stdin: "null",
    }).output();
  const { code, stderr } = await run(
    ...["--only", "emit", "--rounds", "4", "--seed", "3", "--report", path],
  );
  strictEqual(code, 0, new TextDecoder().decode(stderr));
  const report = await Deno.readTextFile(path);
  match(report, /\| `emit` \| 4 \| 0 \| 0 \| 0 \| 0 \| 0 \| 0 \|/);
  match(report, /deno task proof --only emit --rounds 4 --seed 3/);
  strictEqual((await run("--only", "emti")).code, 64);
});
