/**
 * Tells of the events of one team in the order of their positions, each once,
 * whoever stored them: those from here are at hand, those of other collectors
 * are read.
 *
 * @module
 */

import type { IncomingEvent, OnStored } from "../events/event_log.ts";

/** An event of the store, and whether it came through this collector. */
export interface FoundEvent {
  readonly event: IncomingEvent;
  readonly isMine: boolean;
}

/** Events one after another, and the position of the first. */
export interface FoundEvents {
  readonly first: number;
  readonly events: readonly FoundEvent[];
}

/** What a feed works with. */
export interface FeedParts {
  readonly team: string;
  readonly onStored: OnStored;
  /** Some events from a position on, or from the first that is still there. */
  readonly read: (from: number) => Promise<FoundEvents>;
  /** Whether something from here may be committed that nobody was told of yet. */
  readonly isStoring: () => boolean;
  /** Called where events cannot be read now; they are tried again later. */
  readonly failed: (error: unknown) => void;
}

/** Events from here that are to be told. */
interface Own {
  readonly events: readonly IncomingEvent[];
  readonly first: number;
  readonly sender: object | undefined;
}

/** The feed of a team. */
export class Feed {
  readonly #parts: FeedParts;
  /** From here, not told yet, in order. */
  #own: Own[] = [];
  /** Position of the next event to be told; undefined: nobody needs all of them. */
  #next: number | undefined;
  /** Up to where events are known to be stored. */
  #end = 0;
  #reading: Promise<void> | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Position of the next event to be told; undefined where nobody follows. */
  get next(): number | undefined {
    return this.#next;
  }

  /** Tells of everything from a position on; of nothing before it. */
  follow(next: number): void {
    if (this.#next !== undefined) return;
    this.#next = next;
    this.#end = Math.max(this.#end, next);
  }

  /** Takes what was stored from here. */
  add(
    events: readonly IncomingEvent[],
    first: number,
    sender: object | undefined,
  ): void {
    if (this.#next === undefined) {
      this.#parts.onStored(this.#parts.team, events, sender, first);
      return;
    }
    this.#own.push({ events, first, sender });
    this.#end = Math.max(this.#end, first + events.length);
    this.#tellOwn();
  }

  /** Hears that events are stored up to a position. */
  hear(end: number): void {
    this.#end = Math.max(this.#end, end);
    this.catchUp();
  }

  /** Tells all that is stored by now, unless it is being done already. */
  catchUp(): Promise<void> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  /** Tells all up to a position; used while nothing is being stored from here. */
  async reach(end: number): Promise<void> {
    this.#end = Math.max(this.#end, end);
    while (this.#next !== undefined && this.#next < end) {
      const before = this.#next;
      await this.catchUp();
      if (this.#next === before) throw new Error("events cannot be read");
    }
  }

  /** Tells those from here that are next. */
  #tellOwn(): void {
    const { team, onStored } = this.#parts;
    for (let own = this.#own[0]; own; own = this.#own[0]) {
      const { events, first, sender } = own, next = this.#next!;
      if (first > next) return;
      this.#own.shift();
      // Some may have been found in the store before it was known whose they are.
      const rest = events.slice(next - first);
      if (rest.length === 0) continue;
      this.#next = next + rest.length;
      onStored(team, rest, sender, next);
    }
  }

  async #read(): Promise<void> {
    const { read, failed } = this.#parts;
    try {
      for (;;) {
        this.#tellOwn();
        const next = this.#next;
        if (next === undefined || next >= this.#end) return;
        const { first, events } = await read(next);
        // Those before it were pruned.
        if (first > this.#next!) this.#next = first;
        if (events.length > 0 && !this.#tellFound(events, first)) return;
        if (this.#next === next) return;
      }
    } catch (error) {
      failed(error);
    }
  }

  /** @returns false where it has to wait for what is being stored from here */
  #tellFound(found: readonly FoundEvent[], first: number): boolean {
    const { team, onStored, isStoring } = this.#parts;
    let at = 0;
    while (at < found.length) {
      // Those from here are told by who stored them, with their sender.
      this.#tellOwn();
      at = Math.max(at, this.#next! - first);
      if (at >= found.length) return true;
      if (found[at]!.isMine && isStoring()) return false;
      const ownFirst = this.#own[0]?.first ?? Infinity;
      let end = at + 1;
      while (
        end < found.length && first + end < ownFirst &&
        !(found[end]!.isMine && isStoring())
      ) end++;
      const events = found.slice(at, end).map(({ event }) => event);
      this.#next = first + end;
      onStored(team, events, undefined, first + at);
      at = end;
    }
    return true;
  }
}
