/**
 * A set of keys of a few numbers each, for millions of them: a `Set` takes
 * several times the memory, and ends at 16 million entries.
 *
 * @module
 */

const SLOTS_FIRST = 1024;
/** Above this share of taken slots, looking for a free one takes long. */
const FULL_SHARE = 0.6;

/** Keys of `width` numbers of 32 bits; the last number of a key is never 0. */
export class KeySet {
  readonly #width: number;
  /** Slot by slot; a free slot ends with 0. */
  #slots: Uint32Array;
  #size = 0;

  constructor(width: number) {
    this.#width = width;
    this.#slots = new Uint32Array(width * SLOTS_FIRST);
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Adds a key; false where it was there before. */
  add(key: Uint32Array): boolean {
    if (this.#size >= this.#slots.length / this.#width * FULL_SHARE) {
      this.#grow();
    }
    const isNew = this.#put(this.#slots, key);
    if (isNew) this.#size += 1;
    return isNew;
  }

  #grow(): void {
    const before = this.#slots, width = this.#width;
    this.#slots = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += width) {
      if (before[at + width - 1] === 0) continue;
      this.#put(this.#slots, before.subarray(at, at + width));
    }
  }

  #put(slots: Uint32Array, key: Uint32Array): boolean {
    const width = this.#width;
    // A power of two.
    const mask = slots.length / width - 1;
    for (let slot = hashOf(key) & mask;; slot = (slot + 1) & mask) {
      const at = slot * width;
      if (slots[at + width - 1] === 0) {
        slots.set(key, at);
        return true;
      }
      let i = 0;
      while (i < width && slots[at + i] === key[i]) i++;
      if (i === width) return false;
    }
  }
}

/** Spreads keys over slots; those in a row do not follow each other. */
function hashOf(key: Uint32Array): number {
  let hash = 0;
  for (const number of key) {
    hash = Math.imul(hash ^ number, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
