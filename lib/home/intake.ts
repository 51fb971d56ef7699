/**
 * Taking in the spool: its drafts become events in the queue, in the order of
 * their names. Done by every holder of the home's lock before its own work.
 *
 * @module
 */

import {
  idTaken,
  noClockLeft,
  type Problem,
  tooLarge,
} from "../contract/contract.ts";
import { merged, readDraft } from "../contract/read.ts";
import type { SettingsSource } from "../base/config.ts";
import { isJsonObject, type JsonObject } from "../base/json.ts";
import type { Deadline } from "../base/deadline.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { complete, render, type RenderedDraft } from "../event/event.ts";
import {
  COMMIT_BYTES_MAX,
  COMMIT_EVENTS_MAX,
  DOCUMENT_BYTES_MAX,
  EVENT_BYTES_MAX,
  SPOOL_READ_AHEAD,
  SPOOL_READING_MS_MIN,
  SPOOL_UNFINISHED_MS,
} from "../base/limits.ts";
import { record, type Recorded } from "./record.ts";
import { ulidOf } from "../event/ulid.ts";
import type { Held, IntakeResult } from "./held.ts";
import { isHandedName, type Spool, type SpoolFile } from "./spool.ts";

/** How far an intake goes at most. */
export interface IntakeBounds {
  readonly files: number;
  readonly ms: number;
}

/** What the intake needs to know to make events of drafts. */
export interface IntakeContext {
  readonly home: string;
  readonly nodeId: string;
  readonly settings: SettingsSource;
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** Whether the spool is for an agent elsewhere, and never for the queue here. */
  readonly leavesSpool?: boolean;
  /** Takes what a person should know of the home, unasked. */
  readonly warn?: (text: string) => void;
}

/** A file that holds a draft. */
export interface Drafted {
  readonly file: SpoolFile;
  readonly draft: RenderedDraft;
}

/** What is to be done with a file. */
export type Verdict =
  | Drafted
  | { readonly file: SpoolFile; readonly problems: Problem[] }
  | "unfinished"
  | "gone";

/** Said of a file that would hold up every call until one has so much time. */
const tooSlow: Problem = {
  path: "",
  expected:
    "a draft that can be read within a call's time; write it without needless white space and escapes, and move it back",
  found: "object",
};

/** Takes in drafts until none is left, a bound is reached, or the queue or the clock is full. */
export async function takeIn(
  held: Held,
  spool: Spool,
  names: readonly string[],
  context: IntakeContext,
  bounds: IntakeBounds,
): Promise<IntakeResult> {
  try {
    return await takeInSome(held, spool, names, context, bounds);
  } catch (error) {
    const isOutOfValues = error instanceof KittyError &&
      error.code === "clock_exhausted";
    if (!isOutOfValues) throw error;
    // The commands that look after the queue still have to work.
    held.warn(`the drafts in ${spool.path} wait: ${error.message}`);
    return { left: names.length, full: false };
  }
}

async function takeInSome(
  held: Held,
  spool: Spool,
  names: readonly string[],
  context: IntakeContext,
  bounds: IntakeBounds,
): Promise<IntakeResult> {
  if (!await spool.isWritable()) {
    held.warn(`${spool.path} cannot be written: its drafts wait`);
    return { left: 0, full: false };
  }
  const stopAtMs = held.deadline.elapsedMs() + bounds.ms;
  const limit = Math.min(names.length, bounds.files);
  await using inspected = new ReadAhead(
    names.slice(0, limit),
    (name) => inspect(spool, name, context, held.deadline),
  );
  let at = 0, unfinished = 0, group: Drafted[] = [], bytes = 0;
  const isOver = () => held.deadline.elapsedMs() >= stopAtMs;
  while (at < limit && !(isOver() && at > 0)) {
    held.deadline.check("take in the spool");
    const verdict = await inspected.next();
    at += 1;
    if (verdict === "unfinished") unfinished += 1;
    if (typeof verdict === "string") continue;
    if ("problems" in verdict) {
      // At once: after the call's time it would wait, and cost the next call as much.
      await setAside(held, spool, verdict.file.name, verdict.problems);
      continue;
    }
    group.push(verdict);
    bytes += verdict.file.bytes.length;
    if (group.length < COMMIT_EVENTS_MAX && bytes < COMMIT_BYTES_MAX) continue;
    const full = await storeGroup(held, spool, context, group);
    group = [];
    bytes = 0;
    if (full > 0) return { left: names.length - at + full, full: true };
  }
  const full = await storeGroup(held, spool, context, group);
  if (unfinished > 0) {
    held.warn(
      `${unfinished} file(s) in ${spool.path} cannot be read as a draft yet; they are looked at again`,
    );
  }
  return { left: names.length - at + full, full: full > 0 };
}

/** Looks at a few files at once, but tells of them in their order. */
class ReadAhead implements AsyncDisposable {
  readonly #names: Iterator<string>;
  readonly #inspect: (name: string) => Promise<Verdict>;
  readonly #begun: Promise<Verdict>[] = [];

  constructor(
    names: readonly string[],
    inspect: (name: string) => Promise<Verdict>,
  ) {
    this.#names = names.values();
    this.#inspect = inspect;
  }

  next(): Promise<Verdict> {
    while (this.#begun.length < SPOOL_READ_AHEAD) {
      const { value, done } = this.#names.next();
      if (done) break;
      const verdict = this.#inspect(value);
      verdict.catch(() => {});
      this.#begun.push(verdict);
    }
    return this.#begun.shift()!;
  }

  /** What was begun may still write to the spool: only then the lock may go. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#begun);
  }
}

/** Looks at a file of the spool. */
export async function inspect(
  spool: Spool,
  name: string,
  context: IntakeContext,
  deadline: Deadline,
): Promise<Verdict> {
  // A file that only another user may read must not keep all others waiting.
  const file = await spool.read(name).catch(() => "unfinished" as const);
  if (typeof file !== "object") return file ?? "gone";
  const { leftMs } = deadline;
  const read = await readFile(file, context);
  if (
    file.bytes.length > EVENT_BYTES_MAX &&
    leftMs - deadline.leftMs > Math.max(SPOOL_READING_MS_MIN, leftMs / 2)
  ) return { file, problems: [tooSlow] };
  if (read.draft) return { file, draft: read.draft };
  const isNoJson = read.problems.some(({ found }) => found === "invalid");
  const ageMs = Math.abs(context.nowMs() - file.modifiedMs);
  return isNoJson && ageMs < SPOOL_UNFINISHED_MS
    ? "unfinished"
    : { file, problems: read.problems };
}

/** Reads the draft in a file, and completes it. */
async function readFile(
  file: SpoolFile,
  context: IntakeContext,
): Promise<
  | { readonly draft: RenderedDraft; readonly problems?: never }
  | { readonly problems: Problem[]; readonly draft?: never }
> {
  if (file.bytes.length >= DOCUMENT_BYTES_MAX) return { problems: [tooLarge] };
  const { draft, problems, row } = readDraft(file.bytes, { first: true });
  const call = {
    newId: context.newId,
    // A draft without a time of its own was dropped when its file was written.
    nowMs: Math.min(context.nowMs(), file.modifiedMs),
    teamSlug: context.settings.current.teamSlug,
    // Where the writer worked is not known; it is not where this process works.
    project: {},
  };
  if (row) {
    const rows = await import("../event/rows.ts");
    const read = rows.prepareRow(
      await rows.contractsFor(context.home, row.value),
      await withId(row.value, file),
      call,
      context.nodeId,
    );
    const all = merged(read.problems, row.textProblems);
    return read.row && all.length === 0
      ? { draft: read.row }
      : { problems: all };
  }
  if (problems) return { problems };
  const event_id = draft.event_id ?? await idOf(file);
  const full = complete({ ...draft, event_id }, call);
  return { draft: render(full, context.nodeId) };
}

/** A row's draft with an id, whether its contract and team stand beside it or not. */
async function withId(
  value: JsonObject,
  file: SpoolFile,
): Promise<JsonObject> {
  const inner = isJsonObject(value.event) ? value.event : value;
  if (inner.id !== undefined) return value;
  const named = { ...inner, id: await idOf(file) };
  return inner === value ? named : { ...value, event: named };
}

/**
 * The id of a draft that names none: made of its file's time, name and
 * content. After a crash between commit and removal the file is taken in
 * again, and has to become the same event.
 */
async function idOf({ name, bytes, modifiedMs }: SpoolFile): Promise<string> {
  const label = new TextEncoder().encode(`${modifiedMs}\0${name}\0`);
  const text = new Uint8Array(label.length + bytes.length);
  text.set(label);
  text.set(bytes, label.length);
  const digest = await crypto.subtle.digest("SHA-256", text);
  return ulidOf(modifiedMs, new Uint8Array(digest));
}

/** Stores a group and clears its files away; returns how many found no room. */
async function storeGroup(
  held: Held,
  spool: Spool,
  context: IntakeContext,
  group: readonly Drafted[],
): Promise<number> {
  const results = await record(
    held,
    group.map(({ draft, file }) => ({
      draft,
      mayExist: true,
      isHanded: isHandedName(file.name),
    })),
    context.settings.current,
  );
  const done: string[] = [];
  const rejected: { name: string; problems: Problem[] }[] = [];
  let full = 0;
  for (const [i, { file }] of group.entries()) {
    const result: Recorded = results[i]!;
    switch (result.kind) {
      case "stored":
      case "present":
        done.push(file.name);
        break;
      case "conflict":
        rejected.push({ name: file.name, problems: [idTaken] });
        break;
      case "too_large":
        rejected.push({ name: file.name, problems: [tooLarge] });
        break;
      case "too_late":
        rejected.push({ name: file.name, problems: [noClockLeft] });
        break;
      case "full":
        full += 1;
        break;
      case "failed":
        throw new Error(
          `cannot take in the spool: ${reasonOf(result.error)}`,
          { cause: result.error },
        );
    }
  }
  await spool.remove(done);
  for (const { name, problems } of rejected) {
    await setAside(held, spool, name, problems);
  }
  return full;
}

/** Moves a file that will never be an event out of the way of those that will. */
async function setAside(
  held: Held,
  spool: Spool,
  name: string,
  problems: readonly Problem[],
): Promise<void> {
  const outcome = await spool.reject(name, { problems }).then(
    () => "is now in rejected/, with the reason beside it",
    (error) => `cannot be moved to rejected/: ${reasonOf(error)}`,
  );
  held.warn(`${spool.path}/${name} breaks the contract and ${outcome}`);
}
