/**
 * The drain: sends what is queued, in order, and carries out what the server
 * says. One engine for every transport.
 *
 * Three rules keep one bad event, or one bad server, from doing harm:
 *
 * - A batch that is refused whole is halved until the culprit is alone. It is
 *   a suspect then, and becomes a dead letter only once the server has taken
 *   another event after it: a gateway that refuses everything costs nothing.
 * - After ten suspects in a row the drain goes on behind their batch, and
 *   comes back to it once something was taken. Where nothing was, it tries a
 *   few of those that it has passed over.
 * - Trouble with the server uses up nothing. The drain tries again, and gives
 *   up after a few times. Where the time ran out, it tries with half as much,
 *   as the line may be slow; with each answer it dares more again.
 *
 * @module
 */

import {
  ASIDE_TRIES_MAX,
  SMALL_EVENT_BYTES,
  SUSPECTS_IN_A_ROW_MAX,
} from "../../base/limits.ts";
import type { Destination, QueueReader } from "../../home/queue.ts";
import { bytesOf, type WireEvent } from "../transport/transport.ts";
import {
  countVerdict,
  type DrainCounts,
  type Fate,
  type Left,
  NO_COUNTS,
} from "./counts.ts";
import { OutgoingReader, type Selection } from "./outgoing.ts";
import { halves, shuffled, spread } from "./picking.ts";
import {
  CUT_SHORT,
  type DrainEnd,
  type Reply,
  Sender,
  type SenderParts,
} from "./sender.ts";
import { openForDrain, settle } from "./settle.ts";
import { type Failure, failure, type Verdict } from "./verdict.ts";

/** What a drain works with. */
export interface DrainParts extends SenderParts {
  readonly selection: Selection;
  /** Where events go. */
  readonly destination?: Destination | undefined;
  /** Called after each batch, also where it could be settled in part only. */
  readonly onProgress?: (counts: DrainCounts) => void;
  /** Called with each event that the server did not take. */
  readonly onFailure?: (id: string, failure: Failure, fate: Fate) => void;
}

/** What a drain did, how it ended, and which events wait for another time. */
export interface DrainResult
  extends Pick<Sender, "lineBytesMax">, Pick<OutgoingReader, "untaken"> {
  readonly counts: DrainCounts;
  readonly end: DrainEnd;
  /** Ids with a failed attempt. */
  readonly failed: ReadonlySet<string>;
}

/**
 * Sends all events of the selection that are queued.
 *
 * @throws where the home cannot be used
 */
export function drain(parts: DrainParts): Promise<DrainResult> {
  return new Drain(parts).run();
}

class Drain {
  readonly #parts: DrainParts;
  readonly #counts: DrainCounts = { ...NO_COUNTS, failures: {} };
  readonly #failed = new Set<string>();
  readonly #sender: Sender;
  /** The last verdict being carried out, while the next batch is under way. */
  #settling: Promise<void> = Promise.resolve();
  #suspects = new Map<string, Failure>();
  #suspectsInARow = 0;
  /** Ids of parts refused whole, to come back to. */
  #aside: (readonly string[])[] = [];
  /** One that the server has taken: sent again, it tells whether the server still takes any. */
  #taken: WireEvent | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
    this.#sender = new Sender(parts, () => this.#counts.batches += 1);
  }

  async run(): Promise<DrainResult> {
    const { home, selection, transport } = this.#parts;
    const queue = await openForDrain(home);
    const reader = new OutgoingReader(queue, selection);
    const take = () => reader.take(transport.eventsMax, this.#sender.bytesMax);
    let end: DrainEnd | undefined;
    try {
      let batch = await take();
      while (batch.length > 0 && !end) {
        const ahead = take();
        // Looked at only once the batch is delivered.
        ahead.catch(() => {});
        this.#counts.sent += batch.length;
        end = await this.#deliver(batch) ?? await this.#comeBack(queue);
        batch = await ahead;
      }
      end ??= await this.#tryAside(queue) ?? await this.#clearSuspects() ??
        await this.#comeBack(queue);
    } finally {
      await this.#settling;
    }
    return {
      counts: this.#counts,
      end: end ?? { kind: "drained" },
      failed: this.#failed,
      lineBytesMax: this.#sender.lineBytesMax,
      untaken: reader.untaken,
    };
  }

  /** Sends events until each of them is settled, suspect or put aside. */
  async #deliver(batch: readonly WireEvent[]): Promise<DrainEnd | undefined> {
    const parts = batch.length > 0 ? [batch] : [];
    for (let part; (part = parts.pop());) {
      if (part.length > 1 && bytesOf(part) > this.#sender.bytesMax) {
        parts.push(...halves(part));
        continue;
      }
      const reply = await this.#sender.send(part);
      switch (reply.kind) {
        case "end":
          return reply.end;
        case "verdict":
          await this.#carryOut(part, reply.verdict, reply.clock);
          // What got no word goes another way, and what follows it, too.
          if (reply.isCut) return CUT_SHORT;
          break;
        case "too_slow":
          // More than the line carries now: it is halved above.
          parts.push(part);
          break;
        case "too_large":
          if (part.length > 1) {
            this.#sender.shrink(bytesOf(part) / 2);
            parts.push(...halves(part));
          } else {
            const end = await this.#refuseAsTooLarge(part[0]!, reply.words);
            if (end) return end;
          }
          break;
        case "refused_some": {
          const end = await this.#refuseSome(part, reply.details, parts);
          if (end) return end;
          break;
        }
        case "refused_all": {
          const end = await this.#halve(part, reply.words, parts);
          if (end) return end;
          break;
        }
      }
    }
    return undefined;
  }

  /** The server names those of a part that it refuses; the rest goes out again. */
  async #refuseSome(
    part: readonly WireEvent[],
    details: Extract<Reply, { kind: "refused_some" }>["details"],
    parts: (readonly WireEvent[])[],
  ): Promise<DrainEnd | undefined> {
    const named = new Map(details.map((item) => [
      item.event_id,
      failure("rejected", item.error_message ?? "rejected"),
    ]));
    const rest = part.filter(({ event_id }) => !named.has(event_id));
    if (rest.length === part.length) {
      return await this.#halve(part, "names no sent event", parts);
    }
    const ids = new Set(part.map(({ event_id }) => event_id));
    await this.#reject(new Map([...named].filter(([id]) => ids.has(id))));
    if (rest.length > 0) parts.push(rest);
    return undefined;
  }

  /** Closes in on the event because of which a part was refused whole. */
  async #halve(
    part: readonly WireEvent[],
    words: string,
    parts: (readonly WireEvent[])[],
  ): Promise<DrainEnd | undefined> {
    if (part.length > 1) {
      parts.push(...halves(part));
      return undefined;
    }
    return await this.#suspect(part[0]!, failure("bad_request", words), parts);
  }

  /** An event alone is too large for the server; a small one only where the server takes others. */
  async #refuseAsTooLarge(
    event: WireEvent,
    words: string,
  ): Promise<DrainEnd | undefined> {
    const why = failure("too_large", words);
    const isNoWonder = event.bytes > SMALL_EVENT_BYTES || this.#taken;
    if (!isNoWonder) return await this.#suspect(event, why, []);
    await this.#reject(new Map([[event.event_id, why]]));
    return undefined;
  }

  /** @param parts what is left of its batch */
  async #suspect(
    event: WireEvent,
    why: Failure,
    parts: (readonly WireEvent[])[],
  ): Promise<DrainEnd | undefined> {
    this.#suspects.set(event.event_id, why);
    this.#suspectsInARow += 1;
    if (this.#suspectsInARow < SUSPECTS_IN_A_ROW_MAX) return undefined;
    this.#suspectsInARow = 0;
    if (this.#taken) return await this.#clearSuspects();
    const rest = parts.splice(0).reverse().flat();
    if (rest.length > 0) this.#aside.push(rest.map((event) => event.event_id));
    return undefined;
  }

  /**
   * Looks for one that the server takes, where all that was tried so far is
   * suspect: good events may lie behind them in the same batch. Some are
   * picked at even distances, to find any large group of good ones; the rest
   * at random, so that the next drain looks elsewhere.
   */
  async #tryAside(queue: QueueReader): Promise<DrainEnd | undefined> {
    if (this.#taken) return undefined;
    const ids = this.#aside.flat();
    const picked = new Set([
      ...spread(ids, ASIDE_TRIES_MAX / 2),
      ...shuffled(ids, this.#parts.home.world).slice(0, ASIDE_TRIES_MAX / 2),
    ]);
    // The later ones are the more likely to be of another kind than the first.
    for (const event of (await this.#read(queue, picked)).reverse()) {
      const end = await this.#deliver([event]);
      if (end || this.#taken) return end;
    }
    return undefined;
  }

  /** Takes up what was put aside, once the server has taken something. */
  async #comeBack(queue: QueueReader): Promise<DrainEnd | undefined> {
    while (this.#taken && this.#aside.length > 0) {
      const ids = this.#aside.shift()!;
      await this.#settling;
      const left = new Set(ids).difference(this.#failed);
      const end = await this.#deliver(await this.#read(queue, left)) ??
        await this.#clearSuspects();
      if (end) return end;
    }
    return undefined;
  }

  #read(queue: QueueReader, only: ReadonlySet<string>): Promise<WireEvent[]> {
    const selection = { ...this.#parts.selection, only };
    const reader = new OutgoingReader(queue, selection);
    return reader.take(only.size, Infinity);
  }

  /**
   * Decides on the events that were refused alone: the server still takes
   * others, so it is they; or it takes none, so it is the server.
   */
  async #clearSuspects(): Promise<DrainEnd | undefined> {
    const [words] = this.#suspects.values();
    if (!words) return undefined;
    if (this.#taken) {
      const reply = await this.#sender.send([this.#taken]);
      if (reply.kind === "end") return reply.end;
      if (reply.kind === "verdict" && reply.verdict.done.length > 0) {
        await this.#condemn();
        return undefined;
      }
    }
    return {
      kind: "trouble",
      words: `the server refuses every event: ${words.words}`,
    };
  }

  async #condemn(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = new Map();
    this.#suspectsInARow = 0;
    if (suspects.size > 0) await this.#reject(suspects);
  }

  #reject(rejected: ReadonlyMap<string, Failure>): Promise<void> {
    const verdict = { done: [], duplicates: 0, failed: new Map(), rejected };
    return this.#carryOut([], verdict, undefined);
  }

  /** Carries out a verdict while the next batch is on its way: returns once the one before is carried out. */
  async #carryOut(
    part: readonly WireEvent[],
    verdict: Verdict,
    clock: unknown,
  ): Promise<void> {
    const before = this.#settling;
    const settling = before.then(() => this.#settle(part, verdict, clock));
    settling.catch(() => {});
    this.#settling = settling;
    await before;
    if (verdict.done.length === 0) return;
    const last = verdict.done.at(-1);
    this.#taken = part.find(({ event_id }) => event_id === last);
    await this.#condemn();
  }

  async #settle(
    part: readonly WireEvent[],
    verdict: Verdict,
    clock: unknown,
  ): Promise<void> {
    const { onProgress } = this.#parts;
    const { rejected, failed } = verdict;
    let left: Left = { gone: 0, dead: 0 };
    const settling = settle(this.#parts, verdict, clock, (all) => left = all);
    // Also where the disk has room for a part of it only.
    const given = await settling.finally(() => {
      countVerdict(this.#counts, part, verdict, left);
      onProgress?.(this.#counts);
    });
    this.#report(rejected, () => "dead");
    this.#report(failed, (id) => given.has(id) ? "dead" : "queued");
    for (const id of failed.keys()) this.#failed.add(id);
  }

  #report(
    failures: ReadonlyMap<string, Failure>,
    fateOf: (id: string) => Fate,
  ): void {
    const { failures: categories } = this.#counts;
    for (const [id, why] of failures) {
      categories[why.category] = (categories[why.category] ?? 0) + 1;
      this.#parts.onFailure?.(id, why, fateOf(id));
    }
  }
}
