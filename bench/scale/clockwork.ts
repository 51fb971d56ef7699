/**
 * A simulation's time: what is due is done in order, and nothing waits.
 *
 * @module
 */

/** Something that is done at a moment. */
interface Due {
  readonly at: number;
  readonly turn: number;
  readonly act: () => void;
}

/** Time in seconds, from 0 on. */
export class Clockwork {
  now = 0;
  #turns = 0;
  readonly #heap: Due[] = [];

  /** Does something after some seconds. Of what is due at once, the first told is the first done. */
  after(seconds: number, act: () => void): void {
    const due = { at: this.now + seconds, turn: this.#turns++, act };
    const heap = this.#heap;
    let i = heap.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = due;
  }

  /** Goes on until a moment. */
  runUntil(end: number): void {
    for (let due; (due = this.#heap[0]) && due.at <= end;) {
      this.#dropFirst();
      this.now = due.at;
      due.act();
    }
    this.now = end;
  }

  #dropFirst(): void {
    const heap = this.#heap, last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right]!, heap[child]!)) {
        child = right;
      }
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.turn < b.turn);
}

/** Servers side by side before one queue: the cores of a machine, or the lock of a row. */
export class Station {
  readonly #clock: Clockwork;
  readonly #servers: number;
  readonly #queue: (() => void)[] = [];
  #head = 0;
  #busy = 0;
  /** Seconds of work done, over all servers. */
  workedS = 0;

  constructor(clock: Clockwork, servers: number) {
    this.#clock = clock;
    this.#servers = servers;
  }

  /** Those who wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** Waits for a server, and has it until `leave` is called. */
  enter(begin: (leave: () => void) => void): void {
    const start = () => {
      this.#busy++;
      const since = this.#clock.now;
      begin(() => {
        this.#busy--;
        this.workedS += this.#clock.now - since;
        this.#next();
      });
    };
    if (this.#busy < this.#servers) start();
    else this.#queue.push(start);
  }

  /** Waits for a server, and works for so long. */
  work(seconds: number, done: () => void): void {
    this.enter((leave) =>
      this.#clock.after(seconds, () => {
        leave();
        done();
      })
    );
  }

  #next(): void {
    const start = this.#queue[this.#head];
    if (!start) return;
    this.#head++;
    if (this.#head === this.#queue.length || this.#head > 1_000) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    start();
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
