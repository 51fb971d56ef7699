/**
 * What the listings of queued events and dead letters share.
 *
 * @module
 */

import { EXIT } from "../base/errors.ts";
import { briefOf } from "../event/stored.ts";
import type { Entry, Place, QueueReader, Tries } from "../home/queue.ts";
import { type Call, countOf, notFound } from "./command.ts";
import { openKeeper } from "./keeper.ts";
import { printable, WIDTH, wrapped } from "./output.ts";

const LIMIT_DEFAULT = 50;

export const LIST_OPTIONS = {
  limit: {
    kind: "text",
    value: "N",
    help: `how many to show at most (default ${LIMIT_DEFAULT})`,
  },
} as const;

/** What the help of a listing says of its columns. */
export const LIST_DETAILS: readonly string[] = [
  "Shows clock value, id, day and time (UTC), type and what it is about.",
];

/** Lists the first events of a place. */
export async function list(call: Call, place: Place): Promise<number> {
  const limit = countOf(call.args, "limit") ?? LIMIT_DEFAULT;
  const queue = await (await openKeeper(call)).read();
  let shown = 0, isMore = false;
  for await (const entry of queue.entries(place, { limit: limit + 1 })) {
    isMore = shown === limit;
    if (isMore) break;
    shown += 1;
    const isRead = await tell(
      call,
      entry,
      await queue.tries(entry.event.event_id),
    );
    if (!isRead) break;
  }
  if (shown === 0) await call.out.note("none");
  if (isMore) {
    await call.out.note(`the first ${shown}; more with --limit`);
  }
  return EXIT.ok;
}

/** Shows one event of a place whole. */
export async function show(call: Call, place: Place): Promise<number> {
  const id = call.args.positionals[0]!;
  const { look } = await openKeeper(call);
  await look(async ({ queue }) => {
    const found = await queue.find(await queue.queueIds([id]));
    const entry = [...found.values()].find((entry) => entry.place === place);
    if (!entry) {
      const where = place === "queue" ? "queue" : "queue dead";
      throw notFound(
        `event ${printable(id)}`,
        `list what is there with: kitty-events ${where} list`,
      );
    }
    const tries = await queue.tries(entry.event.event_id);
    const document = documentOf(entry, tries);
    await call.out.data(document, JSON.stringify(document, null, 2));
  });
  return EXIT.ok;
}

function documentOf({ event }: Entry, tries: Tries): object {
  return { event: event.document, ...tries };
}

/** One line of a terminal's width; below it what did not fit, and why the event is still here. */
function tell(
  { out }: Call,
  entry: Entry,
  tries: Tries,
): Promise<boolean> {
  const { lamport_clock, id, event_type, timestamp } = entry.event;
  const clock = String(lamport_clock).padStart(6);
  const head = `${clock} ${id} ${minuteOf(timestamp)} ${event_type}`;
  const what = printable(
    briefOf(entry.event),
    WIDTH - INDENT,
  );
  const whole = `${head} ${what}`;
  const lines = [
    ...whole.length <= WIDTH ? [whole] : [head, indented(what)],
    ...wrapped(whyHere(entry, tries), WIDTH - INDENT)
      .filter(Boolean).map(indented),
  ];
  return out.data(documentOf(entry, tries), lines.join("\n"));
}

/** Day, hour and minute, in UTC. */
function minuteOf(timestamp: string): string {
  // A `Date` knows no leap second.
  const utc = new Date(timestamp.replace(":60", ":59")).toISOString();
  return utc.slice(0, "2026-02-03T12:00".length).replace("T", " ");
}

/** How far the lines below the first of an event stand from the edge. */
const INDENT = 7;

function indented(line: string): string {
  return " ".repeat(INDENT) + line;
}

/** What was tried, and what came of it; empty where nothing was. */
function whyHere({ place }: Entry, tries: Tries): string {
  const { attempts, reason, last_error } = tries;
  const tried = attempts > 0
    ? `${attempts} attempt${attempts > 1 ? "s" : ""}`
    : "";
  const label = place === "dead" ? `dead${tried && ` after ${tried}`}` : tried;
  const why = reason ?? last_error;
  return [label, why && printable(why, WHY_CHARS_MAX)].filter(Boolean)
    .join(": ");
}

/** Longest reason in a listing; `show` has all of it. */
const WHY_CHARS_MAX = 140;

/** Ids given as arguments, or with `--all` those of the whole place. */
export async function chosenIds(
  call: Call,
  queue: QueueReader,
  place: Place,
): Promise<string[]> {
  if (!call.args.flag("all")) {
    return await queue.queueIds(call.args.positionals);
  }
  return await Array.fromAsync(queue.ids(place));
}

/** Those of `ids` that do not lie in `place`. */
export async function strangers(
  queue: QueueReader,
  ids: readonly string[],
  place: Place,
): Promise<string[]> {
  const places = await queue.placesOf(ids);
  return ids.filter((id) => places.get(id) !== place);
}
