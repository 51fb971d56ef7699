/**
 * A twin of the machine: time that tests set, randomness from a seed, and an
 * environment of its own.
 */

import type { World } from "../../lib/base/world.ts";

/** What a test says of its machine; the rest is ordinary. */
export interface TestWorldOptions {
  readonly env?: Record<string, string>;
  readonly nowMs?: number;
  /** Without one, each world of a test has another. */
  readonly seed?: number;
  readonly hostname?: string;
  readonly uid?: number | null;
  readonly cwd?: string | undefined;
}

let worlds = 0;

/** A world whose wall clock stands still until a test moves it. */
export class TestWorld implements World {
  /** Wall clock; a test may set it to anything. */
  timeMs: number;
  /** Monotonic clock: the real one, unless a test puts its own in place. */
  elapsedMs: () => number = () => performance.now();
  readonly vars: Map<string, string>;
  readonly #options: TestWorldOptions;
  readonly #random: () => number;

  constructor(options: TestWorldOptions = {}) {
    this.#options = options;
    this.timeMs = options.nowMs ?? Date.UTC(2026, 1, 3, 12);
    this.vars = new Map(Object.entries(options.env ?? {}));
    this.#random = mulberry32(options.seed ?? ++worlds);
  }

  env(name: string): string | undefined {
    return this.vars.get(name);
  }

  readonly nowMs = (): number => this.timeMs;

  readonly randomBytes = (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => this.#random() * 256);

  hostname(): string {
    return this.#options.hostname ?? "test-host";
  }

  uid(): number | null {
    const { uid = 1000 } = this.#options;
    return uid;
  }

  cwd(): string | undefined {
    return this.#options.cwd;
  }
}

/** A small seeded generator of numbers from 0 up to, not including, 1. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
