/**
 * All that reads from outside takes time in proportion to what it reads: text
 * of eight times the size costs about eight times the time, whatever it says.
 */

import { ok } from "node:assert/strict";
import { splitBatch } from "../lib/collector/split.ts";
import { readArrival } from "../lib/collector/arrival.ts";
import { readConfigFile } from "../lib/config.ts";
import { readDraft, readEnvelope } from "../lib/contract.ts";
import { readAgentState } from "../lib/delivery/agent_file.ts";
import { readCredentials } from "../lib/delivery/credentials.ts";
import { fieldsOf } from "../lib/delivery/http.ts";
import { parseDocument } from "../lib/json.ts";
import { LineReader } from "../lib/lines.ts";
import { findProject } from "../lib/project.ts";
import { tempFolder } from "./support/home.ts";

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

type Bytes = Uint8Array<ArrayBuffer>;

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
const LEAST_MS = 8;
const TRIES = 4;

for (const { name, shapes, read } of READERS) {
  Deno.test(`${name}: text of twice, four, eight times the size -> time in proportion, whatever it says`, async () => {
    await using folder = await tempFolder();
    for (const [shape, make] of Object.entries(shapes)) {
      const best = SIZES.map(() => Infinity);
      const ratio = () => best.at(-1)! / Math.max(best[0]!, LEAST_MS / 8);
      for (let tries = 0; tries < TRIES; tries++) {
        for (const [i, size] of SIZES.entries()) {
          const bytes = encode(make(size));
          const beganMs = performance.now();
          await read(bytes, folder.path);
          best[i] = Math.min(best[i]!, performance.now() - beganMs);
        }
        if (tries > 0 && ratio() < RATIO_MAX) break;
      }
      const times = best.map((ms) => ms.toFixed(1)).join(", ");
      console.log(`${name}: ${shape}: ${times} ms`);
      ok(ratio() < RATIO_MAX, `${shape}: ${times} ms`);
    }
  });
}
