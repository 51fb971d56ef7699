import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Envelope } from "../../lib/contract/contract.ts";
import type { Held } from "../../lib/home/held.ts";
import {
  DOCUMENT_BYTES_MAX,
  EVENT_BYTES_MAX,
  SPOOL_UNFINISHED_MS,
} from "../../lib/base/limits.ts";
import { NOBODY, runCode } from "../support/child.ts";
import { draftOf, eventOf, idOf } from "../support/events.ts";
import {
  emitterAt,
  farDeadline,
  homeAt,
  inHome,
  isThere,
  namesIn,
  tempHome,
} from "../support/home.ts";
import { TestWorld } from "../support/world.ts";
import { MKFIFO, needing, outputOf, SUPERUSER } from "../support/needs.ts";

const NOW = Date.UTC(2026, 1, 3, 12);

/** Drops a file into the spool, as another program does, so long ago. */
async function drop(
  home: string,
  name: string,
  content: unknown,
  ageMs = 60_000,
): Promise<void> {
  const path = `${home}/spool/${name}`;
  await Deno.mkdir(`${home}/spool`, { recursive: true });
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await Deno.writeTextFile(path, text);
  const time = new Date(NOW - ageMs);
  await Deno.utime(path, time, time);
}

/** What an intake did: the queue's events, its result, and what it said. */
interface TakenIn {
  events: Envelope[];
  left: number;
  full: boolean;
  warnings: readonly string[];
}

function takeIn(
  home: string,
  options: Parameters<typeof inHome>[2] = {},
): Promise<TakenIn> {
  return inHome(home, seen, options);
}

async function seen(held: Held): Promise<TakenIn> {
  const events = (await held.queue.peek(1e4)).map(({ event }) =>
    event.document as unknown as Envelope
  );
  return { events, ...held.intake, warnings: held.warnings };
}

const spoolOf = (home: string) => namesIn(`${home}/spool`);
const rejectedOf = (home: string) => namesIn(`${home}/spool/rejected`);

async function reasonOf(
  home: string,
  name: string,
): Promise<{ problems: { path: string }[] }> {
  const path = `${home}/spool/rejected/${name}.reason.json`;
  return JSON.parse(await Deno.readTextFile(path));
}

Deno.test("takeIn: no spool -> nothing, and none is made", async () => {
  await using home = await tempHome();
  const { events, left, full, warnings } = await takeIn(home.path);
  deepStrictEqual({ events, left, full, warnings }, {
    events: [],
    left: 0,
    full: false,
    warnings: [],
  });
  strictEqual(await isThere(`${home.path}/spool`), false);
});

Deno.test("takeIn: drafts -> events in the order of the names, files gone", async () => {
  await using home = await tempHome();
  for (const [name, n] of [["b", 1], ["c", 2], ["a", 3], ["B", 4]] as const) {
    await drop(home.path, `${name}.json`, draftOf({ event_id: idOf(n) }));
  }
  const { events } = await takeIn(home.path);
  deepStrictEqual(
    events.map(({ event_id, lamport_clock }) => [event_id, lamport_clock]),
    [[idOf(4), 1], [idOf(3), 2], [idOf(1), 3], [idOf(2), 4]],
  );
  deepStrictEqual(await spoolOf(home.path), []);
});

Deno.test("takeIn: a draft with all its fields -> the event keeps them", async () => {
  await using home = await tempHome();
  const draft = draftOf({
    event_id: idOf(1),
    causation_id: idOf(2),
    timestamp: "2025-12-31T23:59:59+01:00",
    team_slug: "red",
    project_uuid: "u",
    project_slug: "s",
  });
  await drop(home.path, "a.json", draft);
  const { events: [event] } = await takeIn(home.path, {
    settings: { teamSlug: "blue" },
  });
  deepStrictEqual(event, {
    ...draft,
    payload: { ...draft.payload, changed_by: "user" },
    aggregate_id: "WP01",
    aggregate_type: "WorkPackage",
    node_id: "9f86d081884c",
    lamport_clock: 1,
  } as unknown);
});

Deno.test("takeIn: a draft without time, team or project -> the file's time, the taker's team, no project", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf(), 90_000);
  const { emitter } = emitterAt(home.path, {
    settings: { teamSlug: "blue" },
    project: { project_uuid: "mine", project_slug: "mine" },
  });
  using _ = emitter;
  const receipt = await emitter.emit(draftOf());
  strictEqual(receipt.lamport_clock, 2);
  const { events: [taken, own] } = await takeIn(home.path);
  strictEqual(taken?.timestamp, "2026-02-03T11:58:30.000Z");
  strictEqual(taken.team_slug, "blue");
  strictEqual("project_uuid" in taken || "project_slug" in taken, false);
  strictEqual(own?.project_slug, "mine");
});

Deno.test("takeIn: a file from the future -> the event's time is now", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf(), -3_600_000);
  const { events: [event] } = await takeIn(home.path);
  strictEqual(event?.timestamp, "2026-02-03T12:00:00.000Z");
});

Deno.test("takeIn: a byte order mark and line breaks around the draft -> accepted", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", `\ufeff\r\n${JSON.stringify(draftOf())}\r\n`);
  strictEqual((await takeIn(home.path)).events.length, 1);
});

for (const content of ['{"event_type": "WPCrea', "", "\0\0\0"]) {
  Deno.test(`takeIn: ${JSON.stringify(content)}, younger than 10 s -> left for the next time, the others go on`, async () => {
    await using home = await tempHome();
    await drop(home.path, "a.json", content, SPOOL_UNFINISHED_MS - 1);
    await drop(home.path, "b.json", draftOf());
    const { events, left, warnings } = await takeIn(home.path);
    strictEqual(events.length, 1);
    strictEqual(left, 0);
    strictEqual(warnings.length, 1);
    deepStrictEqual(await spoolOf(home.path), ["a.json"]);

    await drop(home.path, "a.json", draftOf({ event_id: idOf(7) }), 0);
    strictEqual((await takeIn(home.path)).events[1]?.event_id, idOf(7));
  });

  Deno.test(`takeIn: ${JSON.stringify(content)}, 10 s old -> rejected with the reason`, async () => {
    await using home = await tempHome();
    await drop(home.path, "a.json", content, SPOOL_UNFINISHED_MS);
    const { warnings } = await takeIn(home.path);
    strictEqual(warnings.length, 1);
    deepStrictEqual(await spoolOf(home.path), ["rejected"]);
    deepStrictEqual(await rejectedOf(home.path), [
      "a.json",
      "a.json.reason.json",
    ]);
    const kept = `${home.path}/spool/rejected/a.json`;
    strictEqual(await Deno.readTextFile(kept), content);
  });
}

Deno.test("takeIn: a draft that breaks the contract, however young -> rejected; the reason names paths, never the payload's text", async () => {
  await using home = await tempHome();
  const secret = "s3cret-t0ken";
  const bad = draftOf({ team_slug: [secret] }, { new_status: secret });
  await drop(home.path, "a.json", bad, 0);
  const { events, warnings } = await takeIn(home.path);
  deepStrictEqual(events, []);
  const reason = await reasonOf(home.path, "a.json");
  deepStrictEqual(reason.problems.map(({ path }) => path), [
    "/payload/new_status",
    "/team_slug",
  ]);
  strictEqual(JSON.stringify([reason, warnings]).includes(secret), false);
});

Deno.test("takeIn: a bad draft between good ones -> the good ones become events, without a gap in the clock", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf({ event_id: idOf(1) }));
  await drop(home.path, "b.json", draftOf({ event_type: "Nothing" }));
  await drop(home.path, "c.json", draftOf({ event_id: idOf(2) }));
  const { events } = await takeIn(home.path);
  deepStrictEqual(events.map((e) => [e.event_id, e.lamport_clock]), [
    [idOf(1), 1],
    [idOf(2), 2],
  ]);
});

Deno.test("takeIn: the same name rejected twice -> both are kept", async () => {
  await using home = await tempHome();
  for (const content of ["first", "second"]) {
    await drop(home.path, "a.json", content);
    await takeIn(home.path);
  }
  deepStrictEqual(await rejectedOf(home.path), [
    "a-1.json",
    "a-1.json.reason.json",
    "a.json",
    "a.json.reason.json",
  ]);
});

Deno.test("takeIn: ids that lie in the queue or the dead letters -> the files go, nothing is recorded", async () => {
  await using home = await tempHome();
  await inHome(home.path, async ({ queue }) => {
    const events = [eventOf(1), eventOf(2)];
    await queue.append(events, "accepted");
    await queue.deadLetter([idOf(2)], { reason: "x", nowMs: NOW });
  });
  await drop(home.path, "a.json", draftOf({ event_id: idOf(1) }));
  await drop(home.path, "b.json", draftOf({ event_id: idOf(2) }));
  await inHome(home.path, (held) => {
    strictEqual(held.queue.ledger.accepted, 2);
    strictEqual(held.clock, 2);
    deepStrictEqual(held.warnings, []);
  });
  deepStrictEqual(await spoolOf(home.path), []);
});

Deno.test("takeIn: a known id with another payload -> rejected with the reason", async () => {
  await using home = await tempHome();
  await inHome(
    home.path,
    ({ queue }) => queue.append([eventOf(1)], "accepted"),
  );
  const other = draftOf({ event_id: idOf(1) }, { wp_id: "WP02" });
  await drop(home.path, "a.json", other);
  const { events } = await takeIn(home.path);
  strictEqual(events.length, 1);
  const { problems } = await reasonOf(home.path, "a.json");
  deepStrictEqual(problems.map(({ path }) => path), ["/event_id"]);
});

Deno.test("takeIn: two files with one id -> one event; with another payload the second is rejected", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf({ event_id: idOf(1) }));
  await drop(home.path, "b.json", draftOf({ event_id: idOf(1) }));
  const other = draftOf({ event_id: idOf(1) }, { wp_id: "WP02" });
  await drop(home.path, "c.json", other);
  const { events } = await takeIn(home.path);
  strictEqual(events.length, 1);
  strictEqual(events[0]?.aggregate_id, "WP01");
  deepStrictEqual(await spoolOf(home.path), ["rejected"]);
  ok((await rejectedOf(home.path)).includes("c.json"));
});

Deno.test("takeIn: a crash between the commit and the files' removal -> no event twice", async () => {
  await using home = await tempHome();
  // Without an id of its own: whoever takes it in has to find the same one.
  await drop(home.path, "a.json", draftOf());
  const { events: [event] } = await takeIn(home.path);
  // As the crash left it; and whoever comes then may be of another team.
  await drop(home.path, "a.json", draftOf());
  await inHome(home.path, (held) => {
    strictEqual(held.queue.ledger.accepted, 1);
    strictEqual(held.clock, 1);
    deepStrictEqual(held.warnings, []);
  }, { settings: { teamSlug: "blue" } });
  deepStrictEqual(await spoolOf(home.path), []);
  match(event!.event_id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
});

Deno.test("takeIn: the same draft under another name, at another time, or with another content -> events of their own", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf());
  await drop(home.path, "b.json", draftOf());
  await takeIn(home.path);
  await drop(home.path, "a.json", draftOf(), 61_000);
  await takeIn(home.path);
  await drop(home.path, "a.json", `${JSON.stringify(draftOf())} `);
  const { events } = await takeIn(home.path);
  strictEqual(new Set(events.map(({ event_id }) => event_id)).size, 4);
});

Deno.test("takeIn: a full queue -> files wait; taken in once there is room", async () => {
  await using home = await tempHome();
  for (const name of ["a", "b", "c"]) {
    await drop(home.path, `${name}.json`, draftOf());
  }
  const settings = { maxQueueSize: 2 };
  const first = await takeIn(home.path, { settings });
  strictEqual(first.events.length, 2);
  deepStrictEqual([first.left, first.full], [1, true]);

  const again = await takeIn(home.path, { settings });
  deepStrictEqual([again.events.length, again.full], [2, true]);
  await inHome(home.path, async ({ queue }) => {
    await queue.acknowledge([first.events[0]!.event_id]);
  }, { settings });
  const last = await takeIn(home.path, { settings });
  deepStrictEqual([last.left, last.full], [0, false]);
  strictEqual(last.events[1]?.timestamp, "2026-02-03T11:59:00.000Z");
  strictEqual(last.events[1]?.lamport_clock, 3);
});

Deno.test("takeIn: links, pipes, folders, hidden and other files -> not opened, stay", async () => {
  await using home = await tempHome();
  const spool = `${home.path}/spool`;
  await drop(home.path, ".hidden.json", draftOf());
  await drop(home.path, ".a.json.tmp", draftOf());
  await drop(home.path, "a.txt", draftOf());
  await drop(home.path, "a.JSON", draftOf());
  await Deno.mkdir(`${spool}/folder.json`);
  await Deno.writeTextFile(`${home.path}/target`, JSON.stringify(draftOf()));
  if (Deno.build.os !== "windows") {
    await Deno.symlink(`${home.path}/target`, `${spool}/link.json`);
    if (MKFIFO.isMet) await outputOf("mkfifo", [`${spool}/pipe.json`]);
  }
  const before = await spoolOf(home.path);
  const { events, left, warnings } = await takeIn(home.path);
  deepStrictEqual({ events, left, warnings }, {
    events: [],
    left: 0,
    warnings: [],
  });
  deepStrictEqual(await spoolOf(home.path), before);
});

Deno.test("takeIn: more files than the bound -> the first ones, the rest is left", async () => {
  await using home = await tempHome();
  for (let i = 0; i < 7; i++) {
    await drop(home.path, `${i}.json`, draftOf({ event_id: idOf(i) }));
  }
  using opened = homeAt(home.path);
  for (const [left, taken] of [[4, 3], [1, 6], [0, 7]]) {
    await opened.hold(farDeadline(), { files: 3, ms: Infinity }, (held) => {
      strictEqual(held.intake.left, left);
      strictEqual(held.queue.ledger.queued, taken);
      return Promise.resolve();
    });
  }
});

Deno.test("takeIn: no time -> one file all the same, so that there is progress", async () => {
  await using home = await tempHome();
  for (let i = 0; i < 3; i++) {
    await drop(home.path, `${i}.json`, draftOf({ event_id: idOf(i) }));
  }
  using opened = homeAt(home.path);
  await opened.hold(farDeadline(), { files: Infinity, ms: 0 }, (held) => {
    deepStrictEqual(held.intake, { left: 2, full: false });
    strictEqual(held.queue.ledger.queued, 1);
    return Promise.resolve();
  });
});

Deno.test("takeIn: more files than a commit holds, some large -> all, in order", async () => {
  await using home = await tempHome();
  for (let i = 0; i < 600; i++) {
    const pad = i % 100 === 50 ? "x".repeat(300_000) : "";
    const name = String(i).padStart(4, "0");
    await drop(home.path, `${name}.json`, draftOf({}, { i, pad }));
  }
  const { events } = await takeIn(home.path);
  deepStrictEqual(
    events.map(({ payload }) => (payload as unknown as { i: number }).i),
    Array.from({ length: 600 }, (_, i) => i),
  );
});

Deno.test("takeIn: a file beyond the document's limit, an event beyond its own -> rejected", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", " ".repeat(DOCUMENT_BYTES_MAX));
  const large = draftOf({}, { pad: "x".repeat(EVENT_BYTES_MAX) });
  await drop(home.path, "b.json", large);
  const escaped = JSON.stringify(draftOf({}, { pad: "PAD" }))
    .replace("PAD", "\\u0061".repeat(EVENT_BYTES_MAX - 1_000));
  await drop(home.path, "c.json", escaped);
  const { events } = await takeIn(home.path);
  strictEqual(events.length, 1);
  for (const name of ["a.json", "b.json"]) {
    deepStrictEqual(
      (await reasonOf(home.path, name)).problems.map(({ path }) => path),
      [""],
    );
  }
});

Deno.test("takeIn: a spool that cannot be written -> its drafts wait, others are recorded", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf());
  // A folder where the probe would be written stands for all reasons.
  await Deno.mkdir(`${home.path}/spool/.probe/x`, { recursive: true });
  using at = emitterAt(home.path);
  strictEqual((await at.emitter.emit(draftOf())).status, "queued");
  ok(at.warnings.some((text) => text.includes("cannot be written")));
  deepStrictEqual(await spoolOf(home.path), [".probe", "a.json"]);
});

Deno.test("takeIn: a rejected draft that cannot be moved -> it stays with a warning, others are recorded", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", "no draft");
  await drop(home.path, "b.json", draftOf());
  await Deno.writeTextFile(`${home.path}/spool/rejected`, "in the way");
  const { events, warnings } = await takeIn(home.path);
  strictEqual(events.length, 1);
  strictEqual(warnings.length, 1);
  deepStrictEqual(await spoolOf(home.path), ["a.json", "rejected"]);
});

Deno.test(needing(
  [SUPERUSER],
  "takeIn: a file that may not be read -> it stays with a warning, others are recorded",
  async () => {
    await using home = await tempHome();
    await drop(home.path, "a.json", draftOf());
    await drop(home.path, "b.json", draftOf());
    await Deno.chmod(`${home.path}/spool/a.json`, 0o600);
    for (const path of ["", "/home", "/home/spool", "/home/spool/b.json"]) {
      await Deno.chown(home.path.replace(/\/home$/, path), NOBODY, null);
    }
    const output = await runCode(
      `const { Home } = await import(lib + "home/home.ts");
       const { Deadline } = await import(lib + "base/deadline.ts");
       const { SettingsSource } = await import(lib + "base/config.ts");
       const { realWorld } = await import(lib + "base/world.ts");
       const world = realWorld();
       const settings = new SettingsSource({ maxQueueSize: 9, maxQueueBytes: 1e6, teamSlug: "local" });
       const home = new Home(args[0], world, {
         nodeId: "n", settings, newId: () => "${idOf(1)}", nowMs: world.nowMs,
       });
       const bounds = { files: Infinity, ms: Infinity };
       const deadline = Deadline.in(world.elapsedMs, 60_000);
       console.log(await home.hold(deadline, bounds, (held) =>
         Promise.resolve(held.queue.ledger.queued + " " + held.warnings.length)
       ).catch((e) => e.message));
       Deno.exit();`,
      { uid: NOBODY, args: [home.path] },
    );
    strictEqual(output.trim(), "1 1");
    deepStrictEqual(await spoolOf(home.path), ["a.json"]);
  },
));

Deno.test("takeIn: the queue cannot store -> throws, the files stay for the next time", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf({ event_id: idOf(1) }));
  // A folder where the clock's temporary file would be written.
  await Deno.mkdir(`${home.path}/.clock.json.tmp/x`, { recursive: true });
  const error = await takeIn(home.path).catch((error) => error);
  ok(error instanceof Error);
  deepStrictEqual(await spoolOf(home.path), ["a.json"]);
  await Deno.remove(`${home.path}/.clock.json.tmp`, { recursive: true });
  strictEqual((await takeIn(home.path)).events[0]?.event_id, idOf(1));
});

Deno.test("takeIn: the wall clock set back below the files' times -> nothing is lost", async () => {
  await using home = await tempHome();
  await drop(home.path, "a.json", draftOf(), 0);
  await drop(home.path, "b.json", "{", 0);
  const world = new TestWorld({ nowMs: NOW - 86_400_000 });
  const { events: [event] } = await takeIn(home.path, { world });
  strictEqual(event?.timestamp, "2026-02-02T12:00:00.000Z");
  ok((await rejectedOf(home.path)).includes("b.json"));
});
