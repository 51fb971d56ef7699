/** Teams that a collector's keeper names, and that nobody there is of. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import {
  ADA,
  addKey,
  inEventsFile,
  TestCollector,
} from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { isThere, tempHome } from "../../support/home.ts";
import { Deadline } from "../../../lib/base/deadline.ts";
import { EXIT } from "../../../lib/base/errors.ts";
import { lockFile } from "../../../lib/base/files.ts";
import { toBytes } from "../../../lib/home/queue_layout.ts";
import { runIn } from "../../support/program.ts";

/** Commands that have been run as a process: the first of each kind is. */
const known = new Set<string>();

/** Runs `collector ...` for a home. */
function command(home: string, words: string[], stdin = "") {
  const kind = words[0] === "audit" ? "audit" : words.slice(0, 2).join(" ");
  const run = runIn(home), isFirst = !known.has(kind);
  known.add(kind);
  return (isFirst ? run : run.here)(["collector", ...words], { stdin });
}

/** The same, which has to end well. @returns what it said on stderr */
async function said(home: string, ...words: string[]): Promise<string> {
  const { code, stderr } = await command(home, words);
  strictEqual(code, 0, stderr);
  return stderr;
}

/** Each command that names a team which may be of nobody yet. */
const naming = (team: string): string[][] => [
  ["quota", "set", team, "--events", "5"],
  ["sink", "add", `to-${team}`, "http://127.0.0.1:9", "--team", team],
  ["token", "create", `of-${team}`, "--team", team],
];

Deno.test("quota set, sink add, token create: a team that nothing is of -> done, with a warning and the name that was meant; running or stopped", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  const { envelope } = eventOf(1, { team: ADA.team });
  strictEqual((await collector.send(access, [envelope])).status, 200);
  for (const words of naming("amce")) {
    match(
      await said(collector.home, ...words),
      /no user, token or event is of the team amce yet\n {2}did you mean acme\?/,
      words.join(" "),
    );
  }
  await collector.stop();
  for (const words of naming("somebody-else")) {
    match(
      await said(collector.home, ...words),
      /no user, token or event is of the team somebody-else yet$/m,
    );
  }
});

Deno.test("quota set, sink add, token create: a team of a user, of a token alone, of events alone -> no warning", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  const { envelope } = eventOf(1, { team: ADA.team });
  strictEqual((await collector.send(access, [envelope])).status, 200);
  await said(collector.home, "user", "remove", ADA.name);
  await said(collector.home, "user", "remove", "bob");
  await addKey(collector.home, { name: "job", team: "jobs" });
  for (const team of [ADA.team, "jobs", "evil"]) {
    for (const words of naming(team)) {
      const stderr = await said(collector.home, ...words);
      strictEqual(stderr.includes("no user"), false, stderr);
    }
  }
});

Deno.test("token create, quota set: where nobody is yet -> no warning, and no store is made for it", async () => {
  await using home = await tempHome();
  for (const words of [naming("acme")[2]!, naming("acme")[0]!]) {
    const stderr = await said(home.path, ...words);
    strictEqual(stderr.includes("no user"), false, stderr);
  }
  const made = await Deno.stat(`${home.path}/collector/events.kv`)
    .then(() => true, () => false);
  strictEqual(made, false);
});

Deno.test("audit, user add: a team that nothing is of -> a warning; a note where another was probably meant", async () => {
  await using home = await tempHome();
  const run = (words: string[], stdin?: string) =>
    command(home.path, words, stdin);
  const add = async (name: string, team: string) => {
    const words = ["user", "add", name, "--team", team, "--password-stdin"];
    const { code, stderr } = await run(words, "a long password\n");
    strictEqual(code, 0, stderr);
    return stderr;
  };
  // Where nobody is yet, any name is as good.
  const first = await add("ada", "acme");
  strictEqual(first.includes("no user"), false, first);
  match(
    await add("bob", "amce"),
    /of the team amce yet\n {2}did you mean acme/,
  );
  strictEqual((await add("eve", "evil")).includes("no user"), false);

  match(
    (await run(["audit", "--team", "evli"])).stderr,
    /of the team evli yet\n {2}did you mean evil\?/,
  );
  const known = await run(["audit", "--team", "evil"]);
  match(known.stdout, /user_added eve/);
  strictEqual(known.stderr, "");
});

Deno.test("user add, token create, quota set, audit: a stopped collector with a folder of an older program -> the teams of its events are known, and they stay as they are", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  const { envelope } = eventOf(1, { team: ADA.team });
  strictEqual((await collector.send(access, [envelope])).status, 200);
  await said(collector.home, "user", "remove", ADA.name);
  await said(collector.home, "user", "remove", "bob");
  await collector.stop();
  const folder = `${collector.home}/collector`;
  await inEventsFile(folder, async (kv) => {
    await kv.set(["layout"], toBytes(2));
    await kv.set(["id", ADA.team, envelope.event_id], toBytes([0, 0]));
  });
  const events = () => Deno.readFile(`${folder}/events.kv`);
  const before = await events();
  // As another that is about to run has it.
  using _taken = await lockFile(
    `${folder}/collector.lock`,
    Deadline.in(() => performance.now(), 5_000),
    "the lock",
  );
  for (
    const words of [
      ["quota", "set", ADA.team, "--events", "5"],
      ["audit", "--team", ADA.team, "--since", "2999-01-01"],
      ["user", "add", "cy", "--team", ADA.team, "--password-stdin"],
      ["user", "remove", "cy"],
      ["token", "create", "job", "--team", ADA.team],
    ]
  ) {
    const { code, stderr } = await command(
      collector.home,
      words,
      "a long password\n",
    );
    strictEqual(code, 0, stderr);
    strictEqual(stderr.includes("no user"), false, stderr);
  }
  deepStrictEqual(await events(), before);
});

Deno.test("quota set, sink add, token create: what no team can be called -> refused, and nothing is changed", async () => {
  await using home = await tempHome();
  for (const team of ["", " ", "a b", "x\ny", "x".repeat(3_000)]) {
    const all = naming(team).map((words) =>
      words[0] === "quota"
        ? words
        : [...words.slice(0, 2), "x", ...words.slice(3)]
    );
    for (const words of all) {
      const { code, stderr } = await command(home.path, words);
      strictEqual(code, EXIT.invalid, `${words.slice(0, 2)}: ${stderr}`);
      match(stderr, /a team has 1 to 128 letters/);
    }
  }
  strictEqual(await isThere(`${home.path}/collector/quotas.json`), false);
});

for (const since of ["5", "2026-02-30", "2026-02-03T12:00:00"]) {
  Deno.test(`audit: --since ${since}, which is no moment -> refused`, async () => {
    await using home = await tempHome();
    const { code } = await command(home.path, ["audit", "--since", since]);
    strictEqual(code, EXIT.usage);
  });
}
