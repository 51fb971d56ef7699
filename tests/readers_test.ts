/**
 * All that reads from outside takes time in proportion to what it reads: text
 * of eight times the size costs about eight times the time, whatever it says.
 */

import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { splitBatch } from "../lib/collector/events/split.ts";
import { TestWorld } from "./support/world.ts";
import { SigningKeys } from "../lib/collector/accounts/signing_keys.ts";
import { MemoryRecords } from "../lib/collector/records/memory_records.ts";
import { Tokens } from "../lib/collector/accounts/tokens.ts";
import { readSettings } from "../lib/collector/records/file_records.ts";
import { readArrival } from "../lib/collector/events/arrival.ts";
import { readConfigFile } from "../lib/base/config.ts";
import { readDraft, readEnvelope } from "../lib/contract/read.ts";
import { readAgentState } from "../lib/route/agent_file.ts";
import { readCredentials } from "../lib/login/credentials.ts";
import { fieldsOf } from "../lib/login/http.ts";
import { claimsOf } from "../lib/login/tokens.ts";
import type { KittyError } from "../lib/base/errors.ts";
import { envelopeOf } from "../lib/home/salvage.ts";
import { parseDocument } from "../lib/base/json.ts";
import { LineReader } from "../lib/base/lines.ts";
import { findProject } from "../lib/emit/project.ts";
import { cpuMs } from "./support/cpu_time.ts";
import { tempFolder } from "./support/home.ts";
import { IS_FULL } from "./support/needs.ts";

const KIB = 1024;

/** JSON texts of about so many bytes, each of a shape that costs a careless reader most. */
const JSON_SHAPES: Readonly<Record<string, (bytes: number) => string>> = {
  "a long name over many flaws": (n) =>
    `{"event_type":"HistoryAdded","payload":{"${"a".repeat(n / 2)}":[${
      list("1e999", n / 2)
    }]}}`,
  "a name again and again, each time with a flaw": (n) =>
    object('"a":1e999', n),
  "a long name, its member again and again": (n) =>
    `{"${"a".repeat(n / 2)}":${object('"a":[1e999]', n / 2)}}`,
  "many names with flaws": (n) =>
    `{${Array.from({ length: n / 14 }, (_, i) => `"k${i}":1e999`).join()}}`,
  "many unknown fields": (n) =>
    `{"event_type":"WPCreated",${
      Array.from({ length: n / 10 }, (_, i) => `"k${i}":1`).join()
    }}`,
  "a list of bad items": (n) =>
    `{"event_type":"WPCreated","payload":{"dependencies":[${list("1", n)}]}}`,
  "numbers behind a doubtful one": (n) =>
    `{"event_type":"HistoryAdded","payload":{"x":[1e5,${list("1", n)}]}}`,
  "halves of surrogate pairs": (n) => `{"x":[${list('"\\ud800"', n)}]}`,
  "one text of halves": (n) => `{"x":"${"\\udfff".repeat(n / 6)}"}`,
  "escapes": (n) => `{"x":"${"\\u0000".repeat(n / 6)}"}`,
  "deep": (n) => `{"x":${"[".repeat(n / 2)}${"]".repeat(n / 2)}}`,
  "deep objects": (n) => `${'{"a":'.repeat(n / 6)}1${"}".repeat(n / 6)}`,
  "wide": (n) => `{"x":[${list("[]", n)}]}`,
  "white space": (n) => `{"event_type":${" ".repeat(n)}1}`,
  "a long word for a short one": (n) =>
    `{"event_type":"${"for_reviem".repeat(n / 10)}"}`,
  "digits": (n) => `{"x":${"1".repeat(n)}}`,
  "quotes that never end": (n) => `{"x":"${"\\\\".repeat(n / 2)}`,
  "brackets that never end": (n) => "[{".repeat(n / 2),
};

function list(item: string, bytes: number): string {
  return `${`${item},`.repeat(bytes / (item.length + 1))}1`;
}

function object(member: string, bytes: number): string {
  return `{${`${member},`.repeat(bytes / (member.length + 1))}"z":1}`;
}

const YAML_SHAPES: typeof JSON_SHAPES = {
  "spaces in a value": (n) => `project:\n  slug: a${" ".repeat(n)}b\n`,
  "spaces before a comment": (n) => `project:\n  slug: a${" #".repeat(n / 2)}`,
  "a line break of another alphabet": (n) =>
    `project:\n  slug:${" ".repeat(n)}a\u2028b\n`,
  "blank lines": (n) => `project:\n${"\n".repeat(n)}  slug: x\n`,
  "quotes": (n) => `project:\n  slug: '${"''".repeat(n / 2)}\n`,
  "brackets": (n) => `project: ${"[".repeat(n)}`,
  "names": (n) =>
    Array.from({ length: n / 8 }, (_, i) => `k${i}: [${i}]`).join("\n"),
  "tags": (n) => "!a ".repeat(n / 3),
  "colons": (n) => `project:${" ".repeat(n)}:`,
};

const TOML_SHAPES: typeof JSON_SHAPES = {
  "brackets": (n) => `a=${"[".repeat(n)}`,
  "names": (n) =>
    Array.from({ length: n / 8 }, (_, i) => `k${i} = ${i}`).join("\n"),
  "dots": (n) => `a.${"b.".repeat(n / 2)}c=1`,
  "tables": (n) =>
    Array.from({ length: n / 8 }, (_, i) => `[t${i}]`).join("\n"),
  "spaces": (n) => `a = 1${" ".repeat(n)}b`,
  "quotes": (n) => `a = "${'\\"'.repeat(n / 2)}`,
};

/** Tokens as a server might make them up. */
const TOKEN_SHAPES: typeof JSON_SHAPES = {
  "dots": (n) => ".".repeat(n),
  "one long part": (n) => `a.${"A".repeat(n)}.a`,
  "claims of flaws": (n) => `a.${btoa(`{"a":[${list("1e999", n / 2)}]}`)}.a`,
  "no base64": (n) => `a.${"=".repeat(n)}.a`,
};

/** Values that stand for an event in a queue: itself, or how many chunks of how many bytes it has. */
const ROW_SHAPES: typeof JSON_SHAPES = {
  "an event": (n) => `{"a":"${"x".repeat(n)}"}`,
  "chunks without end": () => "[1e12,1000000]",
  "a size that no event has": () => "[1,1e12]",
  "no numbers": (n) => `[${list('"a"', n)}]`,
  "brackets": (n) => "[".repeat(n),
};
const ROW_KEY = Uint8Array.of(2, 97, 0);
const CHUNK = new Uint8Array(60 * KIB);

type Bytes = Uint8Array<ArrayBuffer>;

const world = new TestWorld();
const keys = new SigningKeys(new MemoryRecords(), world);
const tokens = new Tokens(keys, () => 0);

/** Whoever reads it is told that it is not as it should be. */
function isToldUnusable(error: unknown): void {
  strictEqual((error as KittyError).code, "settings_damaged");
}

/** A reader, and what makes it read so many bytes. */
interface Reader {
  readonly name: string;
  readonly shapes: typeof JSON_SHAPES;
  readonly read: (bytes: Bytes, folder: string) => unknown;
}

/** A reader of a file of this name in a home or project. */
function ofFile(
  name: string,
  shapes: typeof JSON_SHAPES,
  read: (folder: string) => Promise<unknown>,
): Reader {
  return {
    name,
    shapes,
    async read(bytes, folder) {
      await Deno.mkdir(`${folder}/.kittify`, { recursive: true });
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await read(folder);
      await Deno.remove(`${folder}/${name}`);
    },
  };
}

const READERS: readonly Reader[] = [
  { name: "draft", shapes: JSON_SHAPES, read: (bytes) => readDraft(bytes) },
  {
    name: "envelope",
    shapes: JSON_SHAPES,
    read: (bytes) => readEnvelope(bytes),
  },
  {
    name: "event of a batch or frame",
    shapes: JSON_SHAPES,
    read: (bytes) => readArrival(bytes),
  },
  {
    name: "batch",
    shapes: JSON_SHAPES,
    read(bytes) {
      const [before, after] = ['{"events":[', "]}"];
      const batch = concat(encode(before), bytes, encode(after));
      try {
        splitBatch(batch)?.forEach(readArrival);
      } catch {
        // More events than a batch may have.
      }
    },
  },
  {
    name: "answer of a server",
    shapes: JSON_SHAPES,
    read: (bytes) => fieldsOf(parseDocument(bytes).value),
  },
  {
    name: "lines of a stream, import, or export",
    shapes: JSON_SHAPES,
    async read(bytes) {
      let at = 0;
      const lines = new LineReader((buffer) => {
        if (at === bytes.length) return Promise.resolve(null);
        const part = bytes.subarray(at, at + buffer.length);
        buffer.set(part);
        at += part.length;
        return Promise.resolve(part.length);
      });
      while (await lines.next());
    },
  },
  ofFile("config.toml", TOML_SHAPES, (home) => readConfigFile(home)),
  ofFile("credentials", TOML_SHAPES, (home) => readCredentials(home)),
  ofFile(
    "users.json",
    JSON_SHAPES,
    (folder) => readSettings(folder, "users").catch(isToldUnusable),
  ),
  {
    name: "token of a server",
    shapes: TOKEN_SHAPES,
    read: (bytes) => claimsOf(new TextDecoder().decode(bytes)),
  },
  {
    name: "access token of a client",
    shapes: TOKEN_SHAPES,
    read: (bytes) => tokens.read("access", new TextDecoder().decode(bytes)),
  },
  {
    name: "row of a damaged queue",
    shapes: ROW_SHAPES,
    read: (bytes) => envelopeOf({ k: ROW_KEY, v: bytes }, () => CHUNK),
  },
  ofFile("agent.json", JSON_SHAPES, (home) => readAgentState(home, 0)),
  ofFile(
    ".kittify/config.yaml",
    YAML_SHAPES,
    (project) => findProject(project),
  ),
];

function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function concat(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const SIZES = [1, 2, 4, 8].map((times) => times * 32 * KIB);

/** What quadratic time would take is 64. Below the least time, nothing is measured but noise. */
const RATIO_MAX = 24;
const LEAST_MS = 40;
const TRIES = 6;

/**
 * Best times of a reader over texts of all sizes, and whether they are in
 * proportion. The largest comes first: what is slow for being new to the
 * machine counts against the reader, so that what is in proportion at once is.
 */
async function measured(
  make: (bytes: number) => string,
  read: (bytes: Bytes) => unknown,
): Promise<{ times: string; isLinear: boolean }> {
  const best = SIZES.map(() => Infinity);
  const ratio = () => best.at(-1)! / Math.max(best[0]!, LEAST_MS / 8);
  for (let tries = 0; tries < TRIES; tries++) {
    for (let i = SIZES.length - 1; i >= 0; i--) {
      const bytes = encode(make(SIZES[i]!));
      const beganMs = cpuMs();
      await read(bytes);
      best[i] = Math.min(best[i]!, cpuMs() - beganMs);
    }
    if (ratio() < RATIO_MAX) break;
  }
  const times = best.map((ms) => ms.toFixed(1)).join(", ");
  return { times: `${times} ms`, isLinear: ratio() < RATIO_MAX };
}

/** Pieces that texts are put together of, whole or cut off, in any order. */
const PIECES = [
  ...['"a":', '"a":1e999,', "1e999,", "1.5,", "0.1e5,", "123456789012345678,"],
  ...["[", "]", "{", "}", ",", ":", '"', "\\", "\\u", '\\"', " ", "\n", "\t"],
  ...['"\\ud800",', '"\\udc00\\ud800"', "\ud83d\ude00", "\u2028", "\u202e"],
  ...['{"a":[', "[[", "]]", "}}", '"__proto__":{', '"event_type":"WPCreated",'],
  ...[
    "-",
    "=",
    "#",
    "'",
    "a.",
    "!x ",
    "key: ",
    "- ",
    "a = 1\n",
    "[t]\n",
    '"""',
  ],
];

/** What stands before and behind them, so that some get far. */
const FRAMES = [
  ["", ""],
  ['{"event_type":"HistoryAdded","payload":{"x":[', "1]}}"],
  ['{"event_type":"HistoryAdded","payload":{', '"z":1}}'],
  ['{"a":"', '"}'],
  ["a = [", "1]\n"],
  ["project:\n  slug: ", "\n"],
] as const;

/** What a text is made of: a frame, pieces, and whether these take turns. */
const TEXTS = fc.tuple(
  fc.constantFrom(...FRAMES),
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
    ),
    { minLength: 1, maxLength: 4 },
  ),
  fc.boolean(),
);

/** A text of any size: each piece fills its share of it. */
function textOf(
  [[before, after], pieces, areMixed]: typeof TEXTS extends
    fc.Arbitrary<infer T> ? T
    : never,
  bytes: number,
): string {
  const filled = (piece: string, size: number) =>
    piece.repeat(Math.ceil(size / piece.length));
  const body = areMixed
    ? filled(pieces.join(""), bytes)
    : pieces.map((piece) => filled(piece, bytes / pieces.length)).join("");
  return before + body + after;
}

/** Texts that each reader has to read. */
const TEXTS_EACH = IS_FULL ? 12 : 6;

for (const { name, read } of READERS) {
  Deno.test(`${name}: any pieces, as often as one likes -> time in proportion`, async () => {
    await using folder = await tempFolder();
    const property = fc.asyncProperty(TEXTS, async (text) => {
      const { times, isLinear } = await measured(
        (bytes) => textOf(text, bytes),
        (bytes) => read(bytes, folder.path),
      );
      ok(isLinear, times);
    });
    await fc.assert(property, { numRuns: TEXTS_EACH });
  });
}

for (const { name, shapes, read } of READERS) {
  Deno.test(`${name}: text of twice, four, eight times the size -> time in proportion, whatever it says`, async () => {
    await using folder = await tempFolder();
    for (const [shape, make] of Object.entries(shapes)) {
      const { times, isLinear } = await measured(
        make,
        (bytes) => read(bytes, folder.path),
      );
      console.log(`${name}: ${shape}: ${times}`);
      ok(isLinear, `${shape}: ${times}`);
    }
  });
}
