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
import { printable } from "./output.ts";

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

function tell(
  { out }: Call,
  entry: Entry,
  tries: Tries,
): Promise<boolean> {
  const { lamport_clock, event_id, event_type, timestamp } = entry.envelope;
  const what = printable(brief(entry.envelope as unknown as Draft), 24);
  const why = tries.reason ?? tries.last_error;
  return out.data(
    documentOf(entry, tries),
    `${String(lamport_clock).padStart(7)} ${event_id} ${
      timestamp.slice(0, 16)
    } ${event_type} ${what}${
      tries.attempts > 0 ? `, ${tries.attempts} attempts` : ""
    }${why === undefined ? "" : `: ${printable(why)}`}`,
  );
}

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
