/** What may come down a stream, and what is said of it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { linesOf } from "../support/child.ts";
import { tempHome } from "../support/home.ts";
import { bytesOf } from "../support/bytes.ts";
import { runHere } from "../support/in_process.ts";
import { runProgram, spawnProgram } from "../support/program.ts";

interface Receipt {
  readonly line: number;
  readonly event_id: string | null;
  readonly lamport_clock: number | null;
  readonly status: string;
  readonly problems?: readonly {
    path: string;
    expected: string;
    found: string;
    hint?: string;
  }[];
}

type Bytes = Uint8Array<ArrayBuffer>;

const GOOD = draftText("good");

function draftText(content: string): string {
  const payload = { wp_id: "WP01", entry_type: "note", entry_content: content };
  return JSON.stringify({ event_type: "HistoryAdded", payload });
}

/** A note whose payload holds this JSON text besides. */
function withField(json: string): string {
  return GOOD.replace('"wp_id"', `"extra":${json},"wp_id"`);
}

/** Lines that are no good, each with the path and the kind that is found there. */
const BAD: Record<string, [Bytes, string, string]> = {
  "no JSON": [bytesOf("hello"), "", "invalid"],
  "a list": [bytesOf("[1]"), "", "array"],
  "a text": [bytesOf('"x"'), "", "string"],
  "a byte order mark in mid-stream": [
    bytesOf([0xef, 0xbb, 0xbf], GOOD),
    "",
    "invalid",
  ],
  "a raw NUL": [bytesOf(GOOD.slice(0, -3), [0], '"}}'), "", "invalid"],
  "no UTF-8": [bytesOf(GOOD.slice(0, -3), [0xc3, 0x28], '"}}'), "", "invalid"],
  "half a surrogate pair": [
    bytesOf(draftText("x").replace('"x"', '"\\ud83d"')),
    "/payload/entry_content",
    "string",
  ],
  "a number too large for any double": [
    bytesOf(withField("1e999")),
    "/payload/extra",
    "number",
  ],
  "an integer that parsing would round": [
    bytesOf(withField("12345678901234567890")),
    "/payload/extra",
    "number",
  ],
  "a number that would become 0": [
    bytesOf(withField("1e-400")),
    "/payload/extra",
    "number",
  ],
  "too deep": [
    bytesOf(withField("[".repeat(63) + "]".repeat(63))),
    `/payload/extra${"/0".repeat(62)}`,
    "array",
  ],
  "an unknown top-level field": [
    bytesOf(GOOD.replace("{", '{"event_idd":"x",')),
    "/event_idd",
    "string",
  ],
  "an event over 1 MiB": [
    bytesOf(draftText("x".repeat(2 ** 20))),
    "",
    "object",
  ],
  "a line over 8 MiB": [
    bytesOf(draftText("x".repeat(9 * 2 ** 20))),
    "",
    "object",
  ],
};

/** Lines that are good, although they look odd. */
const ODD: Record<string, [Bytes, (payload: Record<string, unknown>) => void]> =
  {
    "an escaped NUL": [
      bytesOf(draftText("a\u0000b")),
      ({ entry_content }) => strictEqual(entry_content, "a\u0000b"),
    ],
    "a carriage return at the end": [bytesOf(GOOD, "\r"), () => {}],
    "a duplicate key": [
      bytesOf(withField("1").replace('"extra":1', '"extra":1,"extra":2')),
      ({ extra }) => strictEqual(extra, 2),
    ],
    "a key __proto__": [
      bytesOf(GOOD.replace('"wp_id"', '"__proto__":{"x":1},"wp_id"')),
      (payload) => ok(Object.hasOwn(payload, "__proto__")),
    ],
    "as deep as allowed": [
      bytesOf(withField("[".repeat(62) + "]".repeat(62))),
      () => {},
    ],
    "the largest safe integer": [
      bytesOf(withField("9007199254740991")),
      ({ extra }) => strictEqual(extra, Number.MAX_SAFE_INTEGER),
    ],
    "a large event": [bytesOf(draftText("y".repeat(900_000))), () => {}],
    "letters of many kinds": [
      bytesOf(draftText("ünï — 🐈 \u2028")),
      ({ entry_content }) => strictEqual(entry_content, "ünï — 🐈 \u2028"),
    ],
  };

function joined(lines: readonly Bytes[]): Bytes {
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const all = new Uint8Array(size);
  let at = 0;
  for (const line of lines) {
    all.set(line, at);
    all[at + line.length] = 0x0a;
    at += line.length + 1;
  }
  return all;
}

function receiptsOf(stdout: string): Receipt[] {
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function exported(
  env: Record<string, string>,
): Promise<{ payload: Record<string, unknown>; lamport_clock: number }[]> {
  const { stdout } = await runHere(["queue", "export"], env);
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

Deno.test("emit --stdin: bad lines among good ones -> each its receipt with the place, the neighbours stored, no gap", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const good = bytesOf(GOOD);
  const lines = Object.values(BAD).flatMap(([line]) => [good, line]);
  const { stdout, stderr, code } = await runProgram(
    ["emit", "--stdin", "--json"],
    env,
    { stdin: joined([...lines, good]) },
  );
  strictEqual(code, 0, stderr);
  const receipts = receiptsOf(stdout);
  deepStrictEqual(
    receipts.map(({ line }) => line),
    Array.from({ length: lines.length + 1 }, (_, i) => i + 1),
  );
  for (const [i, [name, [, path, found]]] of Object.entries(BAD).entries()) {
    const receipt = receipts[2 * i + 1]!;
    strictEqual(receipt.status, "discarded", name);
    strictEqual(receipt.event_id, null, name);
    const [problem] = receipt.problems!;
    deepStrictEqual([problem!.path, problem!.found], [path, found], name);
  }
  const stored = receipts.filter((_, i) => i % 2 === 0);
  deepStrictEqual(
    stored.map(({ status, lamport_clock }) => [status, lamport_clock]),
    stored.map((_, i) => ["queued", i + 1]),
  );
  strictEqual((await exported(env)).length, stored.length);
  const strict = await runProgram(["emit", "--stdin", "--strict"], env, {
    stdin: "[]\n",
  });
  strictEqual(strict.code, 65);
});

Deno.test("emit --stdin: odd but good lines -> stored as they were meant", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const mark: Bytes = bytesOf([0xef, 0xbb, 0xbf]);
  const input = joined(Object.values(ODD).map(([line]) => line));
  const { stdout, code } = await runProgram(["emit", "--stdin"], env, {
    stdin: new Uint8Array([...mark, ...input]),
  });
  strictEqual(code, 0);
  deepStrictEqual(
    receiptsOf(stdout).map(({ status }) => status),
    Object.keys(ODD).map(() => "queued"),
  );
  const events = await exported(env);
  for (const [i, [, check]] of Object.values(ODD).entries()) {
    check(events[i]!.payload);
  }
});

Deno.test("emit --stdin: blank lines, last line without a line break -> counted, answered", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const { stdout } = await runProgram(["emit", "--stdin"], env, {
    stdin: `\n${GOOD}\n \t\n\r\n${GOOD}`,
  });
  deepStrictEqual(
    receiptsOf(stdout).map(({ line, status }) => [line, status]),
    [[2, "queued"], [5, "queued"]],
  );
});

Deno.test("emit --stdin: an id given twice -> the same receipt for the same payload, discarded for another; also in a later run", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const withId = (content: string) =>
    draftText(content).replace(
      "{",
      '{"event_id":"01KHEXAMPXE0000000000000AA",',
    );
  const stdin = [withId("a"), withId("a"), withId("b"), ""].join("\n");
  for (let run = 0; run < 2; run++) {
    const { stdout } = await runProgram(["emit", "--stdin"], env, { stdin });
    const [first, again, other] = receiptsOf(stdout);
    deepStrictEqual([first!.status, first!.lamport_clock], ["queued", 1]);
    deepStrictEqual({ ...again, line: 1 }, first);
    strictEqual(other!.status, "discarded");
    strictEqual(other!.problems![0]!.path, "/event_id");
  }
  strictEqual((await exported(env)).length, 1);
});

Deno.test("emit --stdin: a program that writes one line and waits -> gets its receipt, also after longer than the timeout", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const child = spawnProgram(["emit", "--stdin", "--timeout", "1s"], env);
  const writer = child.stdin.getWriter();
  const receipts = linesOf(child.stdout);
  for (let i = 1; i <= 5; i++) {
    await writer.write(new TextEncoder().encode(GOOD + "\n"));
    const receipt: Receipt = JSON.parse((await receipts.next()).value!);
    deepStrictEqual([receipt.line, receipt.status], [i, "queued"]);
    if (i === 3) await new Promise((done) => setTimeout(done, 1_200));
  }
  await writer.close();
  await child.stderr.cancel();
  strictEqual((await child.status).code, 0);
});

Deno.test("emit --stdin: nobody reads the receipts any more -> all events recorded, said on stderr", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const child = spawnProgram(["emit", "--stdin"], env);
  const writer = child.stdin.getWriter();
  const line = new TextEncoder().encode(GOOD + "\n");
  await writer.write(line);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  for (let i = 0; i < 2_000; i++) await writer.write(line);
  await writer.close();
  const stderr = await new Response(child.stderr).text();
  strictEqual((await child.status).code, 0);
  match(stderr, /stdout was closed/);
  strictEqual((await exported(env)).length, 2_001);
});
