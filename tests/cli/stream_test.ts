/** `emit --stdin` as other programs use it: groups, waiting, signals, exits. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pause } from "../../lib/base/deadline.ts";
import { EXIT } from "../../lib/base/errors.ts";
import { DOCUMENT_BYTES_MAX, GROUP_EVENTS_MAX } from "../../lib/base/limits.ts";
import { linesOf } from "../support/child.ts";
import { idOf } from "../support/events.ts";
import { isThere, tempHome } from "../support/home.ts";
import { bytesOf } from "../support/bytes.ts";
import { runHere } from "../support/in_process.ts";
import {
  runProgram,
  type RunResult,
  spawnProgram,
} from "../support/program.ts";
import { IS_FULL, LINUX, needing, UNIX } from "../support/needs.ts";

interface Problem {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
  readonly hint?: string;
}

interface Receipt {
  readonly line: number;
  readonly event_type: string | null;
  readonly event_id: string | null;
  readonly lamport_clock: number | null;
  readonly status: string;
  readonly problems?: readonly Problem[];
  readonly warning?: string;
}

interface Event {
  readonly event_id: string;
  readonly lamport_clock: number;
  readonly payload: Record<string, unknown>;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Env = Record<string, string>;

const encoder = new TextEncoder();

/** A note as JSON text; `fields` are put over the draft, as JSON text too. */
function note(content: string, fields = "", payload = ""): string {
  const text = JSON.stringify(content);
  return `{"event_type":"HistoryAdded",${fields}"payload":{"wp_id":"WP01",${payload}"entry_type":"note","entry_content":${text}}}`;
}

function withId(n: number, content = `note ${n}`): string {
  return note(content, `"event_id":"${idOf(n)}",`);
}

function documents<T>(ndjson: string): T[] {
  return ndjson.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** Runs a stream from its first line to its end. */
async function stream(env: Env, stdin: string | Bytes, ...args: string[]) {
  const words = ["emit", "--stdin", ...args];
  return withReceipts(await runProgram(words, env, { stdin }));
}

/** The same in this process, beside or after the stream that is under test. */
async function streamHere(env: Env, stdin: string, ...args: string[]) {
  return withReceipts(await runHere(["emit", "--stdin", ...args], env, stdin));
}

function withReceipts({ code, stdout, stderr }: RunResult) {
  return { code, stderr, receipts: documents<Receipt>(stdout) };
}

async function exported(env: Env): Promise<Event[]> {
  const { stdout, code } = await runHere(["queue", "export"], env);
  strictEqual(code, 0);
  return documents(stdout);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

const BOM = [0xef, 0xbb, 0xbf];
const nested = (levels: number) =>
  `"extra":${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)},`;

/** A line, and the payload that is stored or the places that are wrong. */
type Case = readonly [
  name: string,
  line: readonly (string | readonly number[])[],
  outcome: ((payload: Record<string, unknown>) => void) | readonly string[],
];

const content = (text: string) => (payload: Record<string, unknown>) =>
  strictEqual(payload.entry_content, text);
const extra = (value: unknown) => (payload: Record<string, unknown>) =>
  deepStrictEqual(payload.extra, value);

const CASES: readonly Case[] = [
  ["a byte order mark in front", [BOM, note("first")], content("first")],
  ["no JSON", ["event_type: HistoryAdded"], [""]],
  ["JSON in single quotes", [note("x").replaceAll('"', "'")], [""]],
  ["two documents in one line", [note("x"), note("y")], [""]],
  ["half a document", [note("x").slice(0, 40)], [""]],
  ["null", ["null"], [""]],
  ["a number", ["42"], [""]],
  ["a list of drafts", [`[${note("x")}]`], [""]],
  ["an empty object", ["{}"], ["/event_type", "/payload"]],
  ["a later byte order mark", [BOM, note("x")], [""]],
  ["white space around", [" \t", note("spaces"), "\t "], content("spaces")],
  ["a carriage return inside", [note("cr").replace(",", ",\r")], content("cr")],
  ["a raw NUL", [note("a"), [0]], [""]],
  ["an escaped NUL", [note("a\0b")], content("a\0b")],
  ["invalid UTF-8", [note("a").slice(0, -3), [0xff], '"}}'], [""]],
  [
    "half a character at the end",
    [note("a").slice(0, -3), [0xf0, 0x9f], '"}}'],
    [""],
  ],
  [
    "a surrogate in UTF-8",
    [note("a").slice(0, -3), [0xed, 0xa0, 0x80], '"}}'],
    [""],
  ],
  [
    "a high surrogate alone",
    [note("\ud83d!").replace("\ud83d", "\\ud83d")],
    ["/payload/entry_content"],
  ],
  [
    "a low surrogate alone",
    [note("\udc08!").replace("\udc08", "\\uDC08")],
    ["/payload/entry_content"],
  ],
  [
    "an escaped pair",
    [note("@").replace("@", "\\ud83d\\udc08")],
    content("🐈"),
  ],
  [
    "2 MiB of content",
    [note("x".repeat(2 * 2 ** 20))],
    [""],
  ],
  [
    "2 MiB of white space",
    [note("wide").replace(",", `,${" ".repeat(2 * 2 ** 20)}`)],
    content("wide"),
  ],
  ["9 MiB", [note("x".repeat(9 * 2 ** 20))], [""]],
  [
    "duplicate keys of the payload",
    [note("twice", "", '"extra":1,"extra":2,')],
    extra(2),
  ],
  [
    "duplicate keys of the draft",
    [
      note("last", '"payload":{"wp_id":"no"},"event_type":"Nothing",').replace(
        '"payload":{"wp_id":"WP01"',
        '"event_type":"HistoryAdded","payload":{"wp_id":"WP01"',
      ),
    ],
    content("last"),
  ],
  [
    "a key __proto__ in the payload",
    [note("proto", "", '"__proto__":{"wp_id":"WP99"},')],
    (payload) =>
      deepStrictEqual(
        JSON.stringify(payload["__proto__"]),
        '{"wp_id":"WP99"}',
      ),
  ],
  [
    "a key __proto__ further in",
    [note("proto", "", '"extra":{"__proto__":7,"constructor":null},')],
    (payload) =>
      strictEqual(
        JSON.stringify(payload.extra),
        '{"__proto__":7,"constructor":null}',
      ),
  ],
  [
    "the payload's fields only in __proto__",
    ['{"event_type":"HistoryAdded","payload":{"__proto__":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}}'],
    ["/payload/wp_id", "/payload/entry_type", "/payload/entry_content"],
  ],
  ["1e999", [note("x", "", '"extra":1e999,')], ["/payload/extra"]],
  ["1e308", [note("x", "", '"extra":1.5e3,')], extra(1500)],
  [
    "12345678901234567890",
    [note("x", "", '"extra":[0,12345678901234567890],')],
    ["/payload/extra/1"],
  ],
  [
    "the same as text",
    [note("x", "", '"extra":"12345678901234567890",')],
    extra("12345678901234567890"),
  ],
  ["depth 64", [note("deep", "", nested(62))], content("deep")],
  [
    "depth 65",
    [note("deep", "", nested(63))],
    [`/payload/extra${"/a".repeat(62)}`],
  ],
  [
    "an unknown field",
    [note("x", '"causation":null,')],
    ["/causation"],
  ],
  ["an id", [withId(1, "one")], content("one")],
  ["the last line, without a line break", [note("end")], content("end")],
];

Deno.test("emit --stdin: every kind of line in one stream of CRLF -> one receipt each, in order; what is good is stored, without a gap", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  // Behind each line but the last a blank one, which counts.
  const input = bytesOf(
    ...CASES.flatMap(([, line], i) => [
      ...line,
      ...i < CASES.length - 1 ? ["\r\n", "  \t\r\n"] : [],
    ]),
  );
  const { code, receipts, stderr } = await stream(env, input);
  strictEqual(code, EXIT.ok, stderr);
  deepStrictEqual(
    receipts.map(({ line }) => line),
    CASES.map((_, i) => 2 * i + 1),
  );
  const events = new Map(
    (await exported(env)).map((event) => [event.event_id, event]),
  );
  let clock = 0;
  for (const [i, [name, , outcome]] of CASES.entries()) {
    const { status, event_id, lamport_clock, problems } = receipts[i]!;
    if (typeof outcome === "function") {
      strictEqual(status, "queued", `${name}: ${JSON.stringify(problems)}`);
      strictEqual(lamport_clock, ++clock, name);
      const event = events.get(event_id!)!;
      strictEqual(event.lamport_clock, clock, name);
      outcome(event.payload);
      continue;
    }
    deepStrictEqual(
      [status, event_id, lamport_clock],
      ["discarded", null, null],
      name,
    );
    deepStrictEqual(problems?.map(({ path }) => path), outcome, name);
  }
  strictEqual(events.size, clock);
  const [{ problems }] = receipts.filter((_, i) =>
    CASES[i]![0] === "an unknown field"
  ) as [Receipt];
  match(problems![0]!.hint!, /causation_id/);
});

/** What never comes must fail a test, not stop it: this is far more than it takes. */
const PATIENCE_MS = 30_000;

async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("nothing came")), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** A stream that a test talks to. */
class Talk implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly stderr: Promise<string>;
  readonly #writer: WritableStreamDefaultWriter<Bytes>;
  readonly #lines: AsyncIterableIterator<string>;
  #isOver = false;

  constructor(env: Env, ...args: string[]) {
    this.child = spawnProgram(["emit", "--stdin", ...args], env);
    this.#writer = this.child.stdin.getWriter();
    this.#lines = linesOf(this.child.stdout);
    this.stderr = new Response(this.child.stderr).text();
  }

  /** Writes; what nobody reads any more is dropped. */
  async say(text: string | Bytes): Promise<void> {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    await this.#writer.write(bytes).catch(() => {});
  }

  /** The next receipt, undefined at the end. */
  async hear(): Promise<Receipt | undefined> {
    const { value, done } = await soon(this.#lines.next());
    return done ? undefined : JSON.parse(value);
  }

  async hearAll(): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    for (let one; (one = await this.hear());) receipts.push(one);
    return receipts;
  }

  /** Nobody reads the receipts from here on. */
  async closeOutput(): Promise<void> {
    await this.#lines.return!();
    await this.child.stdout.cancel().catch(() => {});
  }

  /** Ends the input and waits. Returns the exit code. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#writer.close().catch(() => {});
    await soon(this.stderr);
    return (await this.child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.closeOutput();
    await this.end();
  }
}

Deno.test("emit --stdin: bursts, and lines in pieces -> each answered as soon as it is whole, while the input stays open", async () => {
  await using home = await tempHome();
  await using talk = new Talk({ SPEC_KITTY_HOME: home.path });
  let line = 0;
  for (const burst of [1, 1, 3, GROUP_EVENTS_MAX + 1, 1]) {
    await talk.say(`${note("ü")}\n`.repeat(burst));
    for (let i = 0; i < burst; i++) {
      const receipt = (await talk.hear())!;
      deepStrictEqual(
        [receipt.line, receipt.status, receipt.lamport_clock],
        [++line, "queued", line],
      );
    }
  }
  const bytes = encoder.encode(`${note("ü€🐈")}\n`);
  for (let at = 0; at < bytes.length; at += 29) {
    await talk.say(bytes.slice(at, at + 29));
    await pause(5);
  }
  strictEqual((await talk.hear())!.line, line + 1);
  strictEqual(await talk.end(), EXIT.ok);
  match(
    await talk.stderr,
    new RegExp(`^${line + 1} drafts: ${line + 1} queued`),
  );
});

Deno.test("emit --stdin: a stream that waits for input -> keeps nobody out; what it answered is there for all to see", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await using talk = new Talk(env);
  for (const clock of [1, 3, 5]) {
    await talk.say(`${note("stream")}\n`);
    const { event_id, lamport_clock } = (await talk.hear())!;
    strictEqual(lamport_clock, clock);
    strictEqual((await exported(env)).at(-1)!.event_id, event_id);
    const { receipts } = await streamHere(env, note("other"));
    deepStrictEqual(
      receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
      [["queued", clock + 1]],
    );
  }
  strictEqual(await talk.end(), EXIT.ok);
});

Deno.test("emit --stdin: the home's lock is held for longer than the timeout -> that group is spooled in time, the next is queued behind it", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await using talk = new Talk(env, "--timeout", "2s");
  await talk.say(`${note("before")}\n`);
  strictEqual((await talk.hear())!.status, "queued");
  {
    using lock = await Deno.open(`${home.path}/clock.lock`, { write: true });
    await lock.lock(true);
    const startMs = performance.now();
    await talk.say(`${note("one")}\n[]\n${note("two")}\n`);
    const receipts = [await talk.hear(), await talk.hear(), await talk.hear()];
    ok(performance.now() - startMs < 15_000);
    deepStrictEqual(
      receipts.map((one) => [one!.line, one!.status, one!.lamport_clock]),
      [[2, "spooled", null], [3, "discarded", null], [4, "spooled", null]],
    );
  }
  await talk.say(`${note("after")}\n`);
  const after = (await talk.hear())!;
  deepStrictEqual([after.status, after.lamport_clock], ["queued", 4]);
  strictEqual(await talk.end(), EXIT.ok);
  deepStrictEqual(
    (await exported(env)).map(({ payload }) => payload.entry_content),
    ["before", "one", "two", "after"],
  );
});

Deno.test("emit --stdin: the lock is held elsewhere until the first of many groups is spooled -> all events in the order of the lines", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  strictEqual((await streamHere(env, note("before"))).code, EXIT.ok);
  const contents = Array.from(
    { length: 4 * GROUP_EVENTS_MAX },
    (_, i) => `line ${i + 1}`,
  );
  await using talk = new Talk(env, "--timeout", "2s");
  const statuses: string[] = [];
  const hearAll = async () => {
    while (statuses.length < contents.length) {
      statuses.push((await talk.hear())!.status);
    }
  };
  let hearing: Promise<void>;
  {
    using lock = await Deno.open(`${home.path}/clock.lock`, { write: true });
    await lock.lock(true);
    const saying = talk.say(contents.map((text) => `${note(text)}\n`).join(""));
    statuses.push((await talk.hear())!.status);
    hearing = hearAll();
    await saying;
  }
  await hearing;
  strictEqual(await talk.end(), EXIT.ok);
  strictEqual(statuses[0], "spooled");
  strictEqual(statuses.at(-1), "queued");
  strictEqual(
    statuses.every((status) => status === "spooled" || status === "queued"),
    true,
  );
  deepStrictEqual(
    (await exported(env)).map(({ payload }) => payload.entry_content),
    ["before", ...contents],
  );
});

Deno.test("emit --stdin: nobody reads the receipts for a while -> the stream waits after a few groups, and goes on from there", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const LINES = 10 * GROUP_EVENTS_MAX;
  const child = spawnProgram(["emit", "--stdin"], env);
  const writer = child.stdin.getWriter();
  const lines = encoder.encode(`${note("x")}\n`.repeat(LINES));
  const writing = writer.write(lines).then(() => writer.close());
  let before = -1, stored = 0;
  while (stored === 0 || stored > before) {
    await pause(500);
    before = stored;
    const { stdout } = await runHere(["queue", "stats", "--json"], env);
    stored = JSON.parse(stdout).queued;
  }
  // What fits into the pipe, and then two groups whose receipts do not.
  ok(stored <= 6 * GROUP_EVENTS_MAX, `${stored} of ${LINES} were stored`);
  const { stdout, code } = await child.output();
  await writing;
  strictEqual(code, EXIT.ok);
  const receipts = documents<Receipt>(new TextDecoder().decode(stdout));
  deepStrictEqual(
    receipts.map(({ line, lamport_clock }) => [line, lamport_clock]),
    Array.from({ length: LINES }, (_, i) => [i + 1, i + 1]),
  );
});

Deno.test("emit --stdin: ids of earlier groups and of an earlier run -> the same receipts for the same payloads, discarded for others, no clock value used", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const count = GROUP_EVENTS_MAX + 50;
  const lines = upTo(count).map((n) => withId(n));
  const other = upTo(count).map((n) => withId(n, "something else"));
  const input = [...lines, ...lines, ...other, note("new")].join("\n");
  const same = ({ line: _, ...receipt }: Receipt) => receipt;
  for (const run of [1, 2]) {
    const { receipts } = await stream(env, input);
    const first = receipts.slice(0, count).map(same);
    deepStrictEqual(
      first.map(({ event_id, lamport_clock }) => [event_id, lamport_clock]),
      upTo(count).map((n) => [idOf(n), n]),
    );
    deepStrictEqual(receipts.slice(count, 2 * count).map(same), first);
    for (const { status, problems } of receipts.slice(2 * count, -1)) {
      deepStrictEqual([status, problems![0]!.path], ["discarded", "/event_id"]);
    }
    strictEqual(receipts.at(-1)!.lamport_clock, count + run);
  }
  strictEqual((await exported(env)).length, count + 2);
});

Deno.test("emit --stdin: stdout closed before the first line -> all events recorded, exit 0, also with --strict", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const count = 3 * GROUP_EVENTS_MAX;
  for (const args of [[], ["--strict"]]) {
    await using talk = new Talk(env, ...args);
    await talk.closeOutput();
    for (const n of upTo(count)) await talk.say(`${withId(n)}\n`);
    strictEqual(await talk.end(), EXIT.ok);
    match(await talk.stderr, new RegExp(`^${count} drafts: ${count} queued`));
    match(await talk.stderr, /stdout was closed/);
  }
  deepStrictEqual(
    (await exported(env)).map(({ event_id }) => event_id),
    upTo(count).map(idOf),
  );
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(needing(
    [UNIX],
    `emit --stdin: ${signal} in mid-stream, then all of it again -> exit ${code}; a receipt for each stored event, each event once, no gap`,
    async () => {
      await using home = await tempHome();
      const env = { SPEC_KITTY_HOME: home.path };
      // Far more than what the pipes and both sides hold unread.
      const count = (IS_FULL ? 20 : 14) * GROUP_EVENTS_MAX;
      const lines = upTo(count).map((n) => `${withId(n)}\n`);
      await using talk = new Talk(env);
      let said = 0;
      const saying = (async () => {
        for (; said < count; said += 50) {
          await talk.say(lines.slice(said, said + 50).join(""));
        }
      })();
      const receipts: Receipt[] = [];
      while (receipts.length < 3 * GROUP_EVENTS_MAX) {
        receipts.push((await talk.hear())!);
      }
      talk.child.kill(signal);
      receipts.push(...await talk.hearAll());
      const hasStopped = said < count;
      await saying;
      strictEqual(await talk.end(), code);
      ok(hasStopped, "all of the input was read before the signal came");
      ok(receipts.length < count);

      const ids = upTo(receipts.length).map(idOf);
      deepStrictEqual(
        receipts.map(({ line, event_id, status }) => [line, event_id, status]),
        ids.map((id, i) => [i + 1, id, "queued"]),
      );
      deepStrictEqual(
        (await exported(env)).map(({ event_id }) => event_id),
        ids,
      );

      const again = await streamHere(env, lines.join(""));
      deepStrictEqual(again.receipts.slice(0, receipts.length), receipts);
      deepStrictEqual(
        again.receipts.map(({ lamport_clock }) => lamport_clock),
        upTo(count),
      );
      strictEqual((await exported(env)).length, count);
    },
  ));

  Deno.test(needing(
    [UNIX],
    `emit --stdin: ${signal} while it waits, half a line read -> exit ${code}, only whole lines are events`,
    async () => {
      await using home = await tempHome();
      const env = { SPEC_KITTY_HOME: home.path };
      await using talk = new Talk(env);
      // Listens for signals once it has answered.
      await talk.say(`${note("whole")}\n${note("half")}`);
      strictEqual((await talk.hear())!.line, 1);
      talk.child.kill(signal);
      deepStrictEqual(await talk.hearAll(), []);
      strictEqual((await soon(talk.child.status)).code, code);
      match(await talk.stderr, /^1 draft: 1 queued/);
      strictEqual((await exported(env)).length, 1);
      await talk.end();
    },
  ));
}

Deno.test(needing(
  [UNIX],
  "emit --stdin: SIGTERM while the home's lock is held elsewhere -> the group goes to the spool within the timeout, exit 143",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    await using talk = new Talk(env, "--timeout", "2s");
    await talk.say(`${note("before")}\n`);
    await talk.hear();
    {
      using lock = await Deno.open(`${home.path}/clock.lock`, { write: true });
      await lock.lock(true);
      await talk.say(`${note("held up")}\n`);
      await pause(200);
      talk.child.kill("SIGTERM");
      deepStrictEqual(
        (await talk.hearAll()).map(({ status }) => status),
        ["spooled"],
      );
      strictEqual(await talk.end(), 143);
    }
    await streamHere(env, note("after"));
    deepStrictEqual(
      (await exported(env)).map(({ payload }) => payload.entry_content),
      ["before", "held up", "after"],
    );
  },
));

Deno.test(needing(
  [UNIX],
  "emit --stdin: SIGTERM while nobody reads the receipts, and the pipe is full -> ends all the same, exit 143, the queue sound",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    await using talk = new Talk(env);
    let said = 0, saidAtMs = performance.now();
    const saying = (async () => {
      for (; said < 100_000; said++) {
        await talk.say(`${withId(said + 1)}\n`);
        saidAtMs = performance.now();
      }
    })();
    // Until it takes no more.
    while (said < 100 || performance.now() - saidAtMs < 300) await pause(20);
    // What waits to be written is the last of it: each write fails from here on.
    said = Infinity;
    const startMs = performance.now();
    talk.child.kill("SIGTERM");
    strictEqual((await soon(talk.child.status)).code, 143);
    ok(performance.now() - startMs < 10_000);
    await saying;
    match(await talk.stderr, /^\d+ drafts: \d+ queued/);
    const events = await exported(env);
    deepStrictEqual(
      events.map(({ event_id, lamport_clock }) => [event_id, lamport_clock]),
      upTo(events.length).map((n) => [idOf(n), n]),
    );
    strictEqual((await runHere(["queue", "check"], env)).code, EXIT.ok);
  },
));

/** Input, environment, and what `--strict` makes of it. */
const STRICT: Record<string, [string, Env, number]> = {
  "no input": ["", {}, EXIT.ok],
  "blank lines": ["\n \n", {}, EXIT.ok],
  "all queued": [`${note("a")}\n${note("b")}`, {}, EXIT.ok],
  "one of three discarded": [
    `${note("a")}\n{}\n${note("b")}`,
    {},
    EXIT.invalid,
  ],
  "one refused": [
    `${note("a")}\n${note("b")}\n${note("c")}`,
    { SPEC_KITTY_MAX_QUEUE_SIZE: "2" },
    EXIT.full,
  ],
  "one discarded, one refused": [
    `{}\n${note("a")}\n${note("b")}\n${note("c")}`,
    { SPEC_KITTY_MAX_QUEUE_SIZE: "2" },
    EXIT.full,
  ],
  "switched off": [
    `{}\n${note("a")}`,
    { SPEC_KITTY_DISABLED: "1" },
    EXIT.ok,
  ],
  "a setting that cannot be used": [
    note("a"),
    { SPEC_KITTY_MAX_QUEUE_SIZE: "many" },
    EXIT.config,
  ],
  "such a setting, and one discarded": [
    `${note("a")}\n{}`,
    { SPEC_KITTY_MAX_QUEUE_SIZE: "many" },
    EXIT.invalid,
  ],
};

for (const [name, [input, changes, code]] of Object.entries(STRICT)) {
  Deno.test(`emit --stdin: ${name} -> exit ${code} with --strict, 0 without`, async () => {
    const codes = await Promise.all(
      [["--strict"], []].map(async (args) => {
        await using home = await tempHome();
        const env = { SPEC_KITTY_HOME: home.path, ...changes };
        // What a process makes of a code, others of these show.
        return (await (args.length > 0 ? stream : streamHere)(
          env,
          input,
          ...args,
        )).code;
      }),
    );
    deepStrictEqual(codes, [code, EXIT.ok]);
  });
}

Deno.test("emit --stdin: a file in the home's place -> a lost receipt for each line; with --strict exit 74, whatever else there is", async () => {
  await using home = await tempHome();
  await Deno.writeTextFile(home.path, "");
  const env = { SPEC_KITTY_HOME: home.path };
  const input = `${note("a")}\n{}\n${note("b")}`;
  for (const [args, code] of [[[], EXIT.ok], [["--strict"], EXIT.notStored]]) {
    const run = await stream(env, input, ...args as string[]);
    strictEqual(run.code, code);
    deepStrictEqual(
      run.receipts.map(({ line, status }) => [line, status]),
      [[1, "lost"], [2, "discarded"], [3, "lost"]],
    );
  }
});

Deno.test("emit --stdin: the queue fills up in mid-stream -> the rest is refused, no clock value used; stored once there is room", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const input = upTo(600).map((n) => withId(n)).join("\n");
  const full = await stream(
    { ...env, SPEC_KITTY_MAX_QUEUE_SIZE: "450" },
    input,
  );
  deepStrictEqual(
    full.receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
    upTo(600).map((n) => n <= 450 ? ["queued", n] : ["refused", null]),
  );
  const { receipts } = await streamHere(env, input);
  deepStrictEqual(
    receipts.map(({ event_id, lamport_clock }) => [event_id, lamport_clock]),
    upTo(600).map((n) => [idOf(n), n]),
  );
});

Deno.test("emit --stdin: SPEC_KITTY_DISABLED=1, good, bad and overlong lines -> a disabled receipt for each, nothing on disk", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path, SPEC_KITTY_DISABLED: "1" };
  const overlong = "x".repeat(DOCUMENT_BYTES_MAX + 1);
  const { code, receipts } = await stream(
    env,
    `${note("a")}\n\n{}\n${overlong}\nnothing\n${note("b")}`,
  );
  strictEqual(code, EXIT.ok);
  deepStrictEqual(
    receipts.map(({ line, event_id, lamport_clock, status }) => ({
      line,
      event_id,
      lamport_clock,
      status,
    })),
    [1, 3, 4, 5, 6].map((line) => ({
      line,
      event_id: null,
      lamport_clock: null,
      status: "disabled",
    })),
  );
  strictEqual(await isThere(home.path), false);
});

/** The most memory that a stream has taken up to now. */
async function peakKiB({ child }: Talk): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
  return Number(status.match(/VmHWM:\s+(\d+)/)![1]);
}

for (
  const [name, input, times] of [
    [
      "small events",
      bytesOf(`${note("small")}\n`.repeat(500)),
      IS_FULL ? 40 : 20,
    ],
    [
      "events of nearly 1 MiB",
      bytesOf(note("x".repeat(1_000_000)), "\n"),
      IS_FULL ? 40 : 20,
    ],
    ["overlong lines", bytesOf("x".repeat(DOCUMENT_BYTES_MAX), "xx\n"), 12],
  ] as const
) {
  Deno.test(needing(
    [LINUX],
    `emit --stdin: three times as many ${name} -> at most 1.6 times the memory`,
    async () => {
      await using home = await tempHome();
      await using talk = new Talk({
        SPEC_KITTY_HOME: home.path,
        SPEC_KITTY_MAX_QUEUE_SIZE: "1000000",
      }, "--quiet");
      const hearing = talk.hearAll();
      const peaks: number[] = [];
      for (let i = 1; i <= 3 * times; i++) {
        await talk.say(input);
        // All but the last of it is through when the pipe takes no more.
        if (i % times === 0) peaks.push(await peakKiB(talk));
      }
      strictEqual(await talk.end(), EXIT.ok);
      await hearing;
      const few = peaks[0]!, many = peaks[2]!;
      ok(many <= 1.6 * few, `${few} KiB, then ${many} KiB`);
    },
  ));
}
