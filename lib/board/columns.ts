/**
 * Columns of numbers that grow: a million events in objects would take several
 * times as much memory.
 *
 * @module
 */

/** How a column begins. */
const ROWS_MIN = 256;

/** A column. */
export class Column {
  #values: Float64Array | Uint32Array;
  #size = 0;

  private constructor(values: Float64Array | Uint32Array) {
    this.#values = values;
  }

  /** For any numbers. */
  static ofNumbers(): Column {
    return new Column(new Float64Array(ROWS_MIN));
  }

  /** For integers from 0 below 2^32. */
  static ofCounts(): Column {
    return new Column(new Uint32Array(ROWS_MIN));
  }

  get size(): number {
    return this.#size;
  }

  /** The value in a row that is there. */
  at(row: number): number {
    return this.#values[row]!;
  }

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const Values = this.#values.constructor as
        | Float64ArrayConstructor
        | Uint32ArrayConstructor;
      const larger = new Values(2 * this.#size);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#size++] = value;
  }
}

/** Texts by numbers: each is kept once. Number 0 is the empty text. */
export class Names {
  readonly #texts: string[] = [""];
  readonly #numbers = new Map([["", 0]]);

  get size(): number {
    return this.#texts.length;
  }

  /** The number of a text, which gets one where it is new. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }

  /** The number of a text; undefined where it was never given one. */
  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  textOf(number: number): string {
    return this.#texts[number]!;
  }

  /** The numbers of all texts of which `test` is true. */
  matching(test: (text: string) => boolean): Set<number> {
    const found = new Set<number>();
    for (const [number, text] of this.#texts.entries()) {
      if (test(text)) found.add(number);
    }
    return found;
  }
}
