/** Makes a story of events: what each of them told, and how long things had been as they were. */

import type { StoryEvent } from "../../../lib/board/answers.ts";

/** An event of a story. */
export interface ChapterOf {
  readonly event: StoryEvent;
  /** How long the package had been in the lane that it left; null where it left none. */
  readonly stayedMs: number | null;
  /** What the event says in words of its own. */
  readonly remark: string | null;
  /** Members that it changes, in words. */
  readonly changes: readonly string[];
}

/** How long a package was in a lane. */
export interface Stay {
  readonly lane: string;
  readonly ms: number;
}

/** Members in which events of the contracts keep a text for people. */
const REMARKS = [
  "reason",
  "error_message",
  "message",
  "note",
  "notes",
  "description",
  "summary",
] as const;

/** Longer texts are shown in part. */
export const REMARK_MAX = 1_000;

/** The chapters of a story, in its order. */
export function chaptersOf(events: readonly StoryEvent[]): ChapterOf[] {
  let since: number | null = null;
  return events.map((event) => {
    const at = Date.parse(event.line.at);
    const { to_lane, from_lane } = event.line;
    const isMove = to_lane !== null && to_lane !== from_lane;
    const stayedMs = isMove && since !== null ? Math.max(0, at - since) : null;
    if (isMove || since === null) since = at;
    return {
      event,
      stayedMs,
      remark: remarkOf(event.event),
      changes: changesOf(event.event),
    };
  });
}

/** How long the package was in each lane, in the order in which it came into them. */
export function staysOf(events: readonly StoryEvent[], now: number): Stay[] {
  const total = new Map<string, number>();
  let lane: string | null = null, since = 0;
  const leave = (at: number) => {
    if (lane !== null) {
      total.set(lane, (total.get(lane) ?? 0) + Math.max(0, at - since));
    }
  };
  for (const { line } of events) {
    if (line.to_lane === null) continue;
    const at = Date.parse(line.at);
    leave(at);
    lane = line.to_lane;
    since = at;
  }
  leave(now);
  return [...total].map(([name, ms]) => ({ lane: name, ms }));
}

/** The parts of an event in which its own words may stand, whatever its contract. */
function partsOf(
  event: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>>[] {
  const inner = isRecord(event.data) ? event.data : event.payload;
  const delta = isRecord(inner) ? inner.delta : undefined;
  return [delta, inner, event].filter(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function remarkOf(event: Readonly<Record<string, unknown>>): string | null {
  for (const part of partsOf(event)) {
    for (const name of REMARKS) {
      const text = part[name];
      if (typeof text === "string" && text.trim() !== "") return text;
    }
  }
  return null;
}

/** What an event that changes some members of a package changes, such as `agent codex`; empty for any other. */
function changesOf(event: Readonly<Record<string, unknown>>): string[] {
  const inner = isRecord(event.data) ? event.data : event.payload;
  const delta = isRecord(inner) && isRecord(inner.delta) ? inner.delta : {};
  return Object.entries(delta)
    .filter(([name]) => !(REMARKS as readonly string[]).includes(name))
    .flatMap(([name, value]) => changeOf(name.replaceAll("_", " "), value));
}

function changeOf(name: string, value: unknown): string[] {
  if (isRecord(value)) {
    const states = Object.values(value);
    const done = states.filter((state) => state === "done").length;
    return [`${name} (${done} of ${states.length} done)`];
  }
  if (typeof value !== "string") return [name];
  // Placeholders of what is not known say nothing.
  return /^__\w+__$/.test(value) ? [] : [`${name} ${value}`];
}
