/**
 * Which connection gives its place to another one.
 *
 * Nobody's many connections may shut others out, so whoever has most of those
 * that have shown nothing gives one of them: first one without a request,
 * then the one that has been silent for longest. A client that was vouched for
 * and is at work never does.
 *
 * @module
 */

/** What is looked at of a connection. */
export interface Placed {
  /** Whom it belongs to; undefined: nobody can tell it from those of others. */
  readonly owner: string | undefined;
  /** Whether there are so many of its owner as there are clients behind him: a proxy that is trusted, or this machine. */
  readonly isShared: boolean;
  readonly isWaiting: boolean;
  readonly isKnown: boolean;
  readonly activeMs: number;
}

/** Of all places, the part that one address may have with nothing but connections that have shown nothing. */
const SHARE = 4;
const SHARE_MIN = 8;

/** A connection that was vouched for gives its place to another after so long a silence, where all are taken. */
const KNOWN_IDLE_MS = 10 * 60_000;

/** The connections that are there, in the order in which they came. */
export class Places<T extends Placed> {
  readonly #byOwner = new Map<string | undefined, Set<T>>();
  readonly #max: number;
  readonly #share: number;
  #size = 0;

  constructor(max: number) {
    this.#max = max;
    this.#share = Math.max(SHARE_MIN, Math.floor(max / SHARE));
  }

  get size(): number {
    return this.#size;
  }

  add(connection: T): void {
    const { owner } = connection;
    const own = this.#byOwner.get(owner) ?? new Set();
    this.#byOwner.set(owner, own.add(connection));
    this.#size += 1;
  }

  remove(connection: T): void {
    const { owner } = connection;
    const own = this.#byOwner.get(owner);
    if (!own?.delete(connection)) return;
    if (own.size === 0) this.#byOwner.delete(owner);
    this.#size -= 1;
  }

  /**
   * Which one has to go before another one may come; undefined: none has to.
   * False: all have to stay, and so the other one may not come.
   */
  before(coming: T, nowMs: number): T | undefined | false {
    if (this.#size >= this.#max) return this.least(nowMs) ?? false;
    if (coming.isShared) return undefined;
    const own = this.#byOwner.get(coming.owner);
    // Those who were vouched for are no strangers, however many there are behind one address.
    if (!own || own.size < this.#share) return undefined;
    const strangers = [...own].filter(({ isKnown }) => !isKnown);
    return strangers.length < this.#share ? undefined : leastOf(strangers);
  }

  /** The one that has shown the least; undefined: all are known, and at work. */
  least(nowMs: number): T | undefined {
    let most: T[] = [];
    for (const own of this.#byOwner.values()) {
      const strangers = [...own].filter(({ isKnown }) => !isKnown);
      if (strangers.length > most.length) most = strangers;
    }
    return leastOf(most) ??
      longestIdle(
        [...this.#byOwner.values()].flatMap((own) => [...own])
          .filter(({ activeMs }) => nowMs - activeMs > KNOWN_IDLE_MS),
      );
  }
}

function leastOf<T extends Placed>(strangers: readonly T[]): T | undefined {
  return strangers.find(({ isWaiting }) => isWaiting) ??
    longestIdle(strangers);
}

function longestIdle<T extends Placed>(
  connections: readonly T[],
): T | undefined {
  return connections.toSorted((a, b) => a.activeMs - b.activeMs)[0];
}
