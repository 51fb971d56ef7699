/**
 * The groups of a stream on their way: while one is recorded, the next waits
 * behind it, and the receipts of the one before are written.
 *
 * @module
 */

/**
 * How a group is recorded.
 *
 * @param onStored to be called where the next group may come right behind
 *   this one before its receipts are there; nothing where they are
 */
export type RecordGroup<Group, Receipts> = (
  group: Group,
  onStored: () => void,
) => Promise<Receipts>;

/** Groups are recorded one after the other, and their receipts written in the same order. */
export class GroupPipeline<Group, Receipts> {
  readonly #record: RecordGroup<Group, Receipts>;
  readonly #tell: (group: Group, receipts: Receipts) => Promise<void>;
  /** Waits for the one before to be recorded. */
  #next: Group | undefined;
  /** Resolves when none waits any more. */
  #begun: Promise<void> = Promise.resolve();
  #onBegun = () => {};
  #isRecording = false;
  /** Groups under way whose receipts are not written yet. */
  #untold = 0;
  /** Resolves when the receipts of all that were begun are written. */
  #told: Promise<void> = Promise.resolve();

  /** Neither function may reject. */
  constructor(
    record: RecordGroup<Group, Receipts>,
    tell: (group: Group, receipts: Receipts) => Promise<void>,
  ) {
    this.#record = record;
    this.#tell = tell;
  }

  /** Puts a group behind those that are under way; waits while another one waits there. */
  async add(group: Group): Promise<void> {
    await this.#begun;
    this.#next = group;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#begun = promise;
    this.#onBegun = resolve;
    this.#begin();
  }

  /** Resolves when nothing is under way. */
  async done(): Promise<void> {
    await this.#begun;
    await this.#told;
  }

  /**
   * Begins with the group that waits, once the one before is recorded. Its
   * receipts may still be on their way, but of none before it: a program that reads
   * them slowly slows the stream down.
   */
  #begin(): void {
    const group = this.#next;
    if (group === undefined || this.#isRecording || this.#untold > 1) return;
    this.#next = undefined;
    this.#isRecording = true;
    this.#untold += 1;
    this.#told = this.#pass(group, this.#told);
    this.#onBegun();
  }

  async #pass(group: Group, toldBefore: Promise<void>): Promise<void> {
    let isRecorded = false;
    const onRecorded = () => {
      // Of a group that was given up it may be said late, while another is recorded.
      if (isRecorded) return;
      isRecorded = true;
      this.#isRecording = false;
      this.#begin();
    };
    const receipts = await this.#record(group, onRecorded);
    onRecorded();
    await toldBefore;
    await this.#tell(group, receipts);
    this.#untold -= 1;
    this.#begin();
  }
}
