/**
 * What the listings of queued events and dead letters share.
 *
 * @module
 */

import type { Draft } from "../contract.ts";
import type { Place, Tries } from "../home/queue_layout.ts";
import { fromBytes, triesKey } from "../home/queue_layout.ts";
import { locate } from "../home/queue_index.ts";
import { type Entry, walk } from "../home/queue_read.ts";
import { type Call, countOf, notFound } from "./command.ts";
import { brief } from "./commands/emit_types.ts";
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

/** Lists the first events of a place. */
export async function list(call: Call, place: Place): Promise<number> {
  const limit = countOf(call.args, "limit") ?? LIMIT_DEFAULT;
  const kv = await (await openKeeper(call)).read();
  let shown = 0;
  for await (const entry of walk(kv, place, limit)) {
    shown += 1;
    const isRead = await tell(call, entry, await triesOf(kv, entry));
    if (!isRead) break;
  }
  if (shown === 0) await call.out.note("none");
  if (shown === limit) {
    await call.out.note(`the first ${shown}; more with --limit`);
  }
  return 0;
}

/** Shows one event of a place whole. */
export async function show(call: Call, place: Place): Promise<number> {
  const id = call.args.positionals[0]!;
  const { keep } = await openKeeper(call);
  await keep(async ({ queue }) => {
    const entry = (await queue.find([id])).get(id);
    if (entry?.place !== place) {
      const where = place === "queue" ? "queue" : "queue dead";
      throw notFound(
        `event ${printable(id)}`,
        `list what is there with: kitty-events ${where} list`,
      );
    }
    const tries = await triesOf(queue.kv, entry);
    const document = documentOf(entry, tries);
    await call.out.data(document, JSON.stringify(document, null, 2));
  });
  return 0;
}

async function triesOf(kv: Deno.Kv, { envelope }: Entry): Promise<Tries> {
  const { value } = await kv.get<Uint8Array>(triesKey(envelope.event_id));
  return value ? fromBytes<Tries>(value) : { attempts: 0 };
}

function documentOf({ envelope }: Entry, tries: Tries): object {
  return { event: envelope, ...tries };
}

/** One line of a terminal's width; below it, why the event is still here. */
function tell(
  { out }: Call,
  entry: Entry,
  tries: Tries,
): Promise<boolean> {
  const { lamport_clock, event_id, event_type, timestamp } = entry.envelope;
  const [clock, date] = [
    String(lamport_clock).padStart(6),
    timestamp.slice(5, 10),
  ];
  const head = `${clock} ${event_id} ${date} `;
  const what = `${event_type} ${brief(entry.envelope as unknown as Draft)}`;
  const lines = [
    head + printable(what, Math.max(SHORTEST, WIDTH - head.length)),
    ...wrapped(whyHere(entry, tries), WIDTH - WHY_INDENT)
      .filter(Boolean).map((line) => " ".repeat(WHY_INDENT) + line),
  ];
  return out.data(documentOf(entry, tries), lines.join("\n"));
}

/** What is always shown of an event, however long its clock value. */
const SHORTEST = 20;
const WHY_INDENT = 7;

/** What was tried, and what came of it; empty where nothing was. */
function whyHere({ place }: Entry, tries: Tries): string {
  const { attempts, reason, last_error } = tries;
  const tried = attempts > 0 ? `${attempts} attempts` : "";
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
  kv: Deno.Kv,
  place: Place,
): Promise<string[]> {
  if (!call.args.flag("all")) return [...new Set(call.args.positionals)];
  const ids: string[] = [];
  for await (const { key } of kv.list({ prefix: [place] })) {
    ids.push(String(key[3]));
  }
  return ids;
}

/** Those of `ids` that do not lie in `place`. */
export async function strangers(
  kv: Deno.Kv,
  ids: readonly string[],
  place: Place,
): Promise<string[]> {
  const places = await locate(kv, ids);
  return ids.filter((id) => places.get(id)?.key[0] !== place);
}
