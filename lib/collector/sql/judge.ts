/**
 * What becomes of offered events, once it is known what is stored: pure, and
 * for the offers of several senders at once.
 *
 * @module
 */

import {
  type Admission,
  type Admitted,
  bytesOf,
  compared,
  expectRoom,
  type IncomingEvent,
  QuotaError,
  sharedRow,
} from "../events/event_log.ts";
import { heard, type SharedRow, type Told } from "../events/nodes.ts";
import { CLOCK_MAX } from "../../base/limits.ts";
import type { AdmissionParts, Found, Offer } from "./offers.ts";
import { keyOf } from "./columns.ts";

/** Stored events, one behind the other. */
export interface Run {
  /** Position of the first of them. */
  readonly first: number;
  readonly events: readonly IncomingEvent[];
}

/** What became of an offer: it is admitted, or refused as a whole. */
export type Outcome =
  | {
    readonly admission: Admission;
    /** What is new, also by an earlier try. */
    readonly runs: readonly Run[];
  }
  | { readonly refusal: QuotaError };

/** What became of all offers, and what is to be stored. */
export interface Verdict {
  readonly outcomes: readonly Outcome[];
  readonly fresh: readonly IncomingEvent[];
  readonly shared: readonly SharedRow[];
  readonly told: readonly Told[];
  readonly highest: number;
}

/** Says what becomes of each event, and what is to be stored. */
export function judge(
  offers: readonly Offer[],
  found: Found,
  parts: AdmissionParts,
): Verdict {
  return new Judge(found, parts).judge(offers);
}

/** Events of one offer, as far as it is judged. */
interface Judged {
  readonly events: Admitted[];
  /** Those that are new with this offer, and are to be stored. */
  readonly own: IncomingEvent[];
  /** Those that an earlier try has stored, by position. */
  readonly late: Map<number, IncomingEvent>;
  /** Position of the first of `own`. */
  readonly first: number;
}

/** Events by position, as far as possible together. */
function runsOf({ own, late, first }: Judged): Run[] {
  const all = [
    ...late,
    ...own.map((event, i) => [first + i, event] as const),
  ].sort(([a], [b]) => a - b);
  const runs: { first: number; events: IncomingEvent[] }[] = [];
  for (const [position, event] of all) {
    const run = runs.at(-1);
    if (run && position === run.first + run.events.length) {
      run.events.push(event);
    } else runs.push({ first: position, events: [event] });
  }
  return runs;
}

class Judge {
  readonly #found: Found;
  readonly #parts: AdmissionParts;
  readonly #fresh = new Map<string, IncomingEvent>();
  readonly #shared = new Map<string, SharedRow>();
  readonly #told = new Map<string, Told>();
  /** Ids of events that an earlier try has stored, and that one here was found to be. */
  readonly #claimed = new Set<string>();
  #bytes = 0;

  constructor(found: Found, parts: AdmissionParts) {
    this.#found = found;
    this.#parts = parts;
  }

  judge(offers: readonly Offer[]): Verdict {
    const judged = offers.map((offer) => this.#offer(offer));
    const fresh = [...this.#fresh.values()];
    const clocks = fresh.map(({ lamport_clock }) => lamport_clock)
      .filter((clock) => clock < CLOCK_MAX);
    const highest = clocks.reduce(
      (most, clock) => Math.max(most, clock),
      this.#found.team.highest,
    );
    return {
      outcomes: judged.map((one) =>
        one instanceof QuotaError ? { refusal: one } : {
          admission: { events: one.events, highest },
          runs: runsOf(one),
        }
      ),
      fresh,
      shared: [...this.#shared.values()],
      told: [...this.#told.values()],
      highest,
    };
  }

  #offer(offer: Offer): Judged | QuotaError {
    const judged: Judged = {
      events: [],
      own: [],
      late: new Map(),
      first: this.#found.team.next + this.#fresh.size,
    };
    const sharedBefore = new Map(this.#shared);
    for (const event of offer.events) {
      judged.events.push(this.#event(event, judged));
    }
    const refusal = this.#refusal(offer, judged);
    if (refusal) {
      // Somebody else's, then: an offer is refused as a whole, each time.
      for (const { event_id } of judged.late.values()) {
        this.#claimed.delete(keyOf(event_id));
      }
      for (const { event_id } of judged.own) {
        this.#fresh.delete(keyOf(event_id));
      }
      this.#shared.clear();
      for (const [name, row] of sharedBefore) this.#shared.set(name, row);
      return refusal;
    }
    this.#bytes += bytesOf(judged.own);
    this.#hear(offer);
    return judged;
  }

  #event(event: IncomingEvent, judged: Judged): Admitted {
    const key = keyOf(event.event_id);
    const known = this.#found.known.get(key);
    const before = known ? known.document : this.#fresh.get(key)?.document;
    if (!before) {
      this.#fresh.set(key, event);
      judged.own.push(event);
      return { kind: "stored" };
    }
    const { triedFrom } = this.#parts;
    const isLate = known !== undefined && known.isMine &&
      triedFrom !== undefined && known.position >= triedFrom &&
      !this.#claimed.has(key);
    if (isLate) {
      this.#claimed.add(key);
      judged.late.set(known.position, event);
      return { kind: "stored" };
    }
    const result = compared(before, event.document);
    const row = sharedRow(before, event);
    if (row && result.kind === "duplicate") {
      this.#shared.set(JSON.stringify(row), row);
    }
    return result;
  }

  /** Where the new events of an offer go beyond its quota. */
  #refusal({ quota }: Offer, { own }: Judged): QuotaError | undefined {
    if (!quota) return undefined;
    const { events, bytes } = this.#found.team;
    const usage = {
      events: events + this.#fresh.size - own.length,
      bytes: bytes + this.#bytes,
    };
    try {
      expectRoom(usage, own, quota);
      return undefined;
    } catch (error) {
      if (error instanceof QuotaError) return error;
      throw error;
    }
  }

  #hear({ word }: Offer): void {
    if (!word) return;
    const key = keyOf(word.home);
    const before = this.#told.get(key) ?? this.#found.told.get(key);
    const told = heard(before, word, this.#parts.nowMs);
    if (told) this.#told.set(key, told);
  }
}
