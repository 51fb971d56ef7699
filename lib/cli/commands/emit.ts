/**
 * `emit <type>` records one event; `emit --stdin` a stream of them.
 *
 * @module
 */

import { joined } from "../../base/bytes.ts";
import type { Settings } from "../../base/config.ts";
import { Deadline } from "../../base/deadline.ts";
import { CONNECTION_LABELS } from "../../route/route.ts";
import type { EventEmitter } from "../../emit/emitter.ts";
import {
  EXIT,
  type ExitCode,
  KittyError,
  reasonOf,
  usageError,
} from "../../base/errors.ts";
import { DOCUMENT_BYTES_MAX, TELLING_MS_MAX } from "../../base/limits.ts";
import { lostReceipt, type Receipt, strictExit } from "../../event/receipt.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import type { EmitCommand, Given } from "../../event/types/definition.ts";
import { briefOf, EMIT_COMMANDS } from "../../event/types/types.ts";
import {
  type Call,
  type Command,
  EMIT_OPTIONS,
  timeoutOf,
} from "../command.ts";
import { receiptAccent } from "../colour.ts";
import { STDIN } from "../input.ts";
import { printable, problemText } from "../output.ts";
import type { Terminal } from "../terminal.ts";

const EVENT_OPTIONS = {
  "causation-id": {
    kind: "text",
    value: "ULID",
    help: "ties the events of one batch together",
  },
  "event-id": {
    kind: "text",
    value: "ULID",
    help: "id of the event; the same again makes a retry safe",
  },
  timestamp: {
    kind: "text",
    value: "TIME",
    help: "when it happened, RFC 3339 (default now)",
  },
} as const;

/** `emit` and its eight event types. */
export const emit: readonly Command[] = [
  {
    name: "emit",
    summary: "Record events: one of a type, or a stream of drafts.",
    details: [
      "With --stdin every input line is a draft in JSON:",
      '  {"event_type", "payload", "event_id"?, "causation_id"?, "timestamp"?,',
      '   "team_slug"?, "project_uuid"?, "project_slug"?}',
      "and is answered by a receipt in JSON, in order, once it is on disk.",
      "",
      "To record a single event, name its type:",
      ...EMIT_COMMANDS.map(({ word, summary }) =>
        `  ${word.padEnd(20)} ${summary}`
      ),
    ],
    examples: ["emit --stdin < drafts.ndjson"],
    positionals: [],
    options: {
      stdin: { kind: "flag", help: "read drafts from stdin, a line each" },
      ...EMIT_OPTIONS,
    },
    async run(call) {
      if (!call.args.flag("stdin")) {
        throw usageError(
          "emit what? Name an event type, or --stdin",
          `one of: ${EMIT_COMMANDS.map(({ word }) => word).join(", ")}`,
        );
      }
      return await atNoCost(call, async () => {
        const { emitStream } = await import("./emit_stream.ts");
        return await emitStream(call);
      });
    },
  },
  ...EMIT_COMMANDS.map((type): Command => ({
    name: `emit ${type.word}`,
    summary: type.summary,
    examples: [type.example],
    positionals: type.positionals,
    options: { ...type.options, ...EVENT_OPTIONS, ...EMIT_OPTIONS },
    run: (call) => atNoCost(call, () => emitOne(call, type)),
  })),
];

/** A mistake of this program must not become the caller's: only wrong usage ends in an error. */
export async function atNoCost(
  call: Call,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KittyError && error.exit === EXIT.usage) throw error;
    const { args, out } = call;
    const { warning, ...receipt } = lostReceipt(error);
    if (out.mode.json || args.flag("stdin")) {
      await out.line(JSON.stringify({ ...receipt, warning }));
    }
    await out.warn(`lost: ${warning}`);
    return args.flag("strict") ? EXIT.notStored : EXIT.ok;
  }
}

async function emitOne(call: Call, type: EmitCommand): Promise<number> {
  const { world } = call;
  const startedMs = world.elapsedMs();
  const input = await inputOf(call, type);
  const readingMs = world.elapsedMs() - startedMs;
  const draft = type.draft(given(call, type, input?.text));
  return await emitDraft(call, {
    draft,
    eventType: draft.event_type,
    brief: () => briefOf(draft),
    trouble: input?.trouble,
    readingMs,
  });
}

/** A draft that a command line made. */
export interface GivenDraft {
  readonly draft: unknown;
  readonly eventType: string;
  /** What it is about, in a few words; of one that keeps its contract. */
  brief(): string;
  /** Why a part of it could not be read, if it could not. */
  readonly trouble?: Error | undefined;
  /** How long reading it took. */
  readonly readingMs?: number;
}

/** Records a draft, and tells what became of it. */
export async function emitDraft(
  call: Call,
  given: GivenDraft,
): Promise<number> {
  const { world, args, out } = call;
  const { receipt, emitter, settings, warnings } = await record(call, given);
  if (!args.flag("quiet")) {
    for (const text of warnings) {
      await out.warn(text);
    }
  }
  // A caller that waits for the exit before it reads must not wait for ever.
  const telling = tell(call, given, receipt, emitter);
  await Deadline.in(world.elapsedMs, TELLING_MS_MAX)
    .race(telling, "tell the receipt").catch(() => {});
  return args.flag("strict")
    ? exitOf(call, receipt, settings?.problems ?? [])
    : EXIT.ok;
}

/** How an event was recorded; without emitter and settings where nothing could be set up. */
interface Recording {
  readonly receipt: Receipt;
  readonly emitter?: EventEmitter;
  readonly settings?: Settings;
  readonly warnings: readonly string[];
}

/**
 * When a call ends that began to do something after `loadedMs`. Where loading
 * alone took the time, as the first run from source may, it has half of it again:
 * late rather than lost.
 */
function endOf(timeoutMs: number, loadedMs: number): number {
  return Math.max(timeoutMs, loadedMs + timeoutMs / 2);
}

/** Records the draft. Whatever goes wrong is a receipt: the caller never pays. */
async function record(
  call: Call,
  { draft, eventType, trouble, readingMs = 0 }: GivenDraft,
): Promise<Recording> {
  const timeoutMs = timeoutOf(call.args);
  const { world, args } = call;
  const warnings: string[] = [];
  const loadedMs = world.elapsedMs() - readingMs;
  try {
    const { emitter, settings } = await setUpEmitter(world, {
      home: args.text("home"),
      timeoutMs,
      contract: args.text("contract"),
      isForOne: true,
      warn: (text) => warnings.push(text),
    });
    const deadline = new Deadline(
      world.elapsedMs,
      readingMs + endOf(settings.timeoutMs, loadedMs),
    );
    const group = [
      trouble
        ? { receipt: lostReceipt(trouble, eventType) }
        : emitter.prepareValue(draft),
    ];
    const wait = args.text("wait") === "server";
    const [receipt] = await emitter.recordGroup(group, deadline, { wait });
    return {
      receipt: receipt!,
      emitter,
      settings,
      warnings,
    };
  } catch (error) {
    return { receipt: lostReceipt(error, eventType), warnings };
  }
}

function exitOf(
  call: Call,
  receipt: Receipt,
  problems: readonly string[],
): ExitCode {
  const waited = call.args.text("wait") === "server";
  const code = strictExit(new Set([receipt.status]), waited);
  return code || (problems.length > 0 ? EXIT.config : EXIT.ok);
}

async function tell(
  { out }: Call,
  given: GivenDraft,
  receipt: Receipt,
  emitter: EventEmitter | undefined,
): Promise<void> {
  const { status, event_type, event_id, lamport_clock, problems, warning } =
    receipt;
  const data = out.mode.json ? JSON.stringify(receipt) : event_id;
  const telling = data === null ? undefined : out.line(data);
  const accent = receiptAccent(status);
  // What is for people need not wait until the data was read.
  for (const problem of problems ?? []) {
    await out.warn(`${event_type} ${status}: ${problemText(problem)}`, accent);
  }
  if (warning && !(event_id !== null && out.mode.quiet)) {
    await out.warn(`${event_type} ${status}: ${warning}`, accent);
  }
  if (event_id !== null) {
    const label = receipt.via === undefined
      ? CONNECTION_LABELS[emitter?.connectionStatus ?? "Offline"]
      : `via ${receipt.via}`;
    const clock = lamport_clock === null ? "" : ` (clock ${lamport_clock})`;
    await out.note(
      `[${label}] ${status} ${event_type} ${printable(given.brief())}${clock}`,
      accent,
    );
    if (out.mode.verbose) {
      const node = emitter?.handOver === undefined
        ? `node ${emitter?.nodeId}`
        : "node and clock of the agent";
      await out.note(
        `  id ${event_id}, ${node}, home ${emitter?.home?.path ?? "none"}`,
      );
    }
  }
  await telling;
}

/** Names of the texts that are asked of standard input. */
function asking({ args }: Call, type: EmitCommand): string[] {
  const names = type.positionals.map(({ name }) => name);
  return (type.fromStdin ?? []).filter((name) =>
    (args.text(name) ?? args.positionals[names.indexOf(name)]) === "-"
  );
}

/** What came from standard input, and why it is not all, if it is not. */
interface Input {
  readonly text: string;
  readonly trouble?: Error;
}

/** Reads standard input where it is asked for. Never rejects. */
async function inputOf(
  call: Call,
  type: EmitCommand,
): Promise<Input | undefined> {
  if (asking(call, type).length === 0) return undefined;
  try {
    return { text: await readText(call.terminal) };
  } catch (error) {
    const trouble = new Error(`cannot read ${STDIN}: ${reasonOf(error)}`);
    return { text: "", trouble };
  }
}

/** What was given, with texts from standard input filled in. */
function given(
  call: Call,
  type: EmitCommand,
  input: string | undefined,
): Given {
  const { args } = call;
  const names = type.positionals.map(({ name }) => name);
  const asked = asking(call, type);
  const fill = (name: string, text: string | undefined) =>
    asked.includes(name) ? input : text;
  return {
    args,
    options: {
      causationId: args.text("causation-id"),
      eventId: args.text("event-id"),
      timestamp: args.text("timestamp"),
    },
    word: (n) => fill(names[n]!, args.positionals[n])!,
    text: (option) => fill(option, args.text(option)),
  };
}

/**
 * Reads a text from standard input, less the line break at its end. Bytes that
 * are not valid UTF-8 become halves of surrogate pairs, which the contract refuses:
 * they must neither be changed silently nor end the call.
 */
async function readText(terminal: Terminal): Promise<string> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  let length = 0;
  while (length <= DOCUMENT_BYTES_MAX) {
    const count = await terminal.read(buffer);
    if (count === null) break;
    chunks.push(buffer.slice(0, count));
    length += count;
  }
  const bytes = joined(chunks);
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes).replace(/\r?\n$/, "");
  } catch {
    return "\ud800";
  }
}
