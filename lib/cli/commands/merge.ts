/**
 * `merge`: any number of logs become one, in the published total order.
 *
 * @module
 */

import { EXIT, KittyError, reasonOf, usageError } from "../../base/errors.ts";
import { writeDurably } from "../../base/files.ts";
import {
  isJsonObject,
  type JsonObject,
  parseDocument,
} from "../../base/json.ts";
import { parseExact } from "../../contract/rows/canonical.ts";
import { joinLines } from "../../base/line_bytes.ts";
import { linesIn } from "../../base/lines.ts";
import { lift, type LogPlace } from "../../contract/rows/lift.ts";
import {
  type Order,
  type OrderedLine,
  orderLines,
} from "../../contract/rows/order.ts";
import { readMission } from "../../follow/mission.ts";
import type { Call, Command } from "../command.ts";
import { openInput } from "../input.ts";

export const mergeCommands: readonly Command[] = [
  {
    name: "merge",
    summary: "Make one log of several, in the published order of events.",
    details: [
      "Takes rows and lines of status logs. Lines of one event become one. The same",
      "result for any order of the files and their lines. Exit code 65 where lines",
      "were set aside, or lines of one event differ.",
      "",
      "As a merge driver of git, in .git/config:",
      '  [merge "kitty-events"]',
      "    driver = kitty-events merge --output %A %O %A %B",
      "and in .gitattributes:",
      "  status.events.jsonl merge=kitty-events",
    ],
    examples: [
      "merge a.jsonl b.jsonl > both.jsonl",
      "merge --report report.json --output log.jsonl a.jsonl b.jsonl",
    ],
    positionals: [{
      name: "FILE",
      rest: true,
      help: "a log; - is standard input",
    }],
    options: {
      output: {
        kind: "text",
        value: "FILE",
        help:
          "replace this file with the result, what was set aside at its end",
      },
      report: {
        kind: "text",
        value: "FILE",
        help: "write counts, set-aside lines and conflicts there, as JSON",
      },
    },
    run: merge,
  },
];

/** Where a line stands. */
interface Place {
  readonly file: string;
  readonly line: number;
  readonly bytes: Uint8Array;
  readonly log: LogPlace;
  readonly status: StatusLine | undefined;
}

/** What a line of a status log says. */
interface StatusLine {
  readonly value: JsonObject;
  /** Whether the value is all that the text says, and can become a row. */
  readonly isExact: boolean;
}

async function merge(call: Call): Promise<number> {
  const { args, out, terminal } = call;
  if (args.positionals.length === 0) {
    throw usageError("merge what? Name the logs", "merge a.jsonl b.jsonl");
  }
  const lines: OrderedLine<Place>[] = [];
  for (const file of args.positionals) lines.push(...await readLog(call, file));
  const only = onlyMission(lines);
  const order = orderLines(lines, (line) => upcast(line, only));
  const output = args.text("output");
  if (output === undefined) {
    for (const text of textsOf(order.ordered)) {
      if (!await terminal.write(text)) return EXIT.ok;
    }
  } else {
    const aside = order.errors.map(({ line }) => line);
    await replace(output, joined([...order.ordered, ...onceEach(aside)]));
  }
  const report = args.text("report");
  if (report !== undefined) {
    const text = JSON.stringify(reportOf(order)) + "\n";
    await replace(report, new TextEncoder().encode(text));
  }
  const { read, ordered, collapsed, errors, conflicts } = order;
  for (const { line: { file, line }, reason } of errors) {
    await out.warn(`${file}:${line}: ${reason}`);
  }
  for (const { source, id } of conflicts) {
    await out.warn(`lines of the event ${id} of ${source || "-"} differ`);
  }
  await out.note(
    `${read} lines: ${ordered.length} in order, ${collapsed} told twice, ` +
      `${errors.length} set aside, ${conflicts.length} in conflict`,
  );
  return errors.length + conflicts.length > 0 ? EXIT.invalid : EXIT.ok;
}

/** Lines with the same bytes once: git merges three copies of a log, again and again. */
function onceEach(places: readonly Place[]): Place[] {
  const decoder = new TextDecoder("latin1");
  const byText = Map.groupBy(places, ({ bytes }) => decoder.decode(bytes));
  return [...byText.values()].map(([first]) => first!);
}

function reportOf(order: Order<Place>): object {
  return {
    read: order.read,
    ordered: order.ordered.length,
    collapsed: order.collapsed,
    errors: order.errors.map(({ line: { file, line }, reason }) => ({
      file,
      line,
      reason,
    })),
    conflicts: order.conflicts,
  };
}

/** The lines of a file, blank ones left out. */
async function readLog(
  call: Call,
  file: string,
): Promise<OrderedLine<Place>[]> {
  const bytes = await readWhole(call, file);
  const found = { path: file, within: undefined };
  const { place: log = {} } = file === "-"
    ? {}
    : await readMission(found, undefined);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: OrderedLine<Place>[] = [];
  for (const { number, bytes: own } of linesIn(bytes)) {
    if (own.every((byte) => byte <= SPACE)) continue;
    let text: string | undefined;
    try {
      text = decoder.decode(own);
    } catch {
      // It stays as it is, and is set aside.
    }
    const status = statusLine(text, own);
    const line = { file, line: number, bytes: own, log, status };
    lines.push({ line, text });
  }
  return lines;
}

const SPACE = 0x20;

async function readWhole(call: Call, file: string): Promise<Uint8Array> {
  const input = await openInput(call, file, "name the logs in it");
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    const buffer = new Uint8Array(64 * 1024);
    for (let count; (count = await input.read(buffer)) !== null;) {
      chunks.push(buffer.slice(0, count));
    }
  } finally {
    input.close();
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * The mission that all is about, where files and lines name one only: copies
 * of a log may lie where no `meta.json` is, and older lines name no mission.
 */
function onlyMission(lines: readonly OrderedLine<Place>[]): LogPlace {
  const ids = new Set<unknown>(), slugs = new Set<unknown>();
  for (const { line: { log, status } } of lines) {
    const { mission_id, mission_slug, payload } = status?.value ?? {};
    const inner = isJsonObject(payload) ? payload : {};
    for (const id of [log.missionId, mission_id, inner.mission_id]) ids.add(id);
    for (const slug of [log.missionSlug, mission_slug, inner.mission_slug]) {
      slugs.add(slug);
    }
  }
  return { missionId: onlyText(ids), missionSlug: onlyText(slugs) };
}

function onlyText(values: ReadonlySet<unknown>): string | undefined {
  const texts = [...values].filter((value) => typeof value === "string");
  return texts.length === 1 ? texts[0] : undefined;
}

/** A line of a status log; undefined where it is a row, or none of both. */
function statusLine(
  text: string | undefined,
  bytes: Uint8Array,
): StatusLine | undefined {
  if (text === undefined || !text.includes('"event_id"')) return undefined;
  const { value, problems } = parseDocument(bytes);
  const isLine = value && Object.hasOwn(value, "event_id") &&
    !Object.hasOwn(value, "id") && !Object.hasOwn(value, "specversion");
  if (!isLine) return undefined;
  const isExact = !problems && !Object.hasOwn(value, "lamportclock");
  return { value, isExact };
}

/** The row that a line of a status log would become; undefined for a row. */
function upcast(
  { text, line: { log, status } }: OrderedLine<Place>,
  only: LogPlace,
): JsonObject | undefined {
  if (!status) return undefined;
  const place = {
    missionId: log.missionId ?? only.missionId,
    missionSlug: log.missionSlug ?? only.missionSlug,
  };
  const row = status.isExact ? lift(status.value, place).row : undefined;
  if (row) return row;
  // What fits no shape has its place nevertheless, and so has what would not be the same as a value.
  const { event_id, at, timestamp, ...rest } = parseExact(text!) as JsonObject;
  return { ...rest, id: event_id, time: at ?? timestamp };
}

/** Lines, some at a time. */
function* textsOf(places: readonly Place[]): Generator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < places.length; at += LINES_AT_ONCE) {
    yield decoder.decode(joined(places.slice(at, at + LINES_AT_ONCE)));
  }
}

const LINES_AT_ONCE = 500;

function joined(places: readonly Place[]): Uint8Array {
  return joinLines(places.map(({ bytes }) => bytes));
}

/** Replaces a file as a whole, or not at all; a link stays one. */
async function replace(path: string, content: Uint8Array): Promise<void> {
  try {
    const real = await Deno.realPath(path).catch(() => path);
    const mode = await Deno.stat(real).then(({ mode }) => mode, () => null);
    await writeDurably(real, `${real}.kitty-events.tmp`, content);
    if (mode !== null && Deno.build.os !== "windows") {
      await Deno.chmod(real, mode & 0o777);
    }
  } catch (error) {
    throw new KittyError(
      "output_failed",
      `cannot write ${path}: ${reasonOf(error)}`,
      {
        hint: "check the folder's owner, mode and free space",
      },
    );
  }
}
