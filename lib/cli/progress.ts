/**
 * How far a long piece of work is: a bar on a terminal, a line now and then
 * elsewhere.
 *
 * @module
 */

import {
  PROGRESS_BAR_EVERY_MS,
  PROGRESS_LINE_EVERY_MS,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import type { Terminal } from "./terminal.ts";

const WIDTH = 30;

/** Shows progress on standard error. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #world: Pick<World, "elapsedMs">;
  readonly #total: number;
  readonly #isShown: boolean;
  /** A line that goes before the first. */
  #heading: string | undefined;
  #shownMs: number;
  #hasBar = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    terminal: Terminal,
    world: Pick<World, "elapsedMs">,
    options: { total: number; isShown: boolean; heading?: string },
  ) {
    this.#terminal = terminal;
    this.#world = world;
    this.#total = options.total;
    this.#isShown = options.isShown;
    this.#heading = options.heading;
    this.#shownMs = world.elapsedMs();
  }

  /** @param done how much of the total is done */
  show(done: number): void {
    if (!this.#isShown || this.#total === 0) return;
    const { showsErrors } = this.#terminal;
    const everyMs = showsErrors
      ? PROGRESS_BAR_EVERY_MS
      : PROGRESS_LINE_EVERY_MS;
    const nowMs = this.#world.elapsedMs();
    if (nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    const share = Math.min(1, done / this.#total);
    const text = `${done} of ${this.#total} events`;
    this.#hasBar ||= showsErrors;
    if (this.#heading !== undefined) this.#tell(`${this.#heading}\n`);
    this.#heading = undefined;
    this.#tell(
      showsErrors
        ? `\r[${"#".repeat(Math.floor(share * WIDTH)).padEnd(WIDTH)}] ${text}`
        : `${text}\n`,
    );
  }

  /** Leaves the cursor on a line of its own; again, it does nothing. */
  async end(): Promise<void> {
    if (this.#hasBar) this.#tell(`\r${" ".repeat(WIDTH + 40)}\r`);
    this.#hasBar = false;
    await this.#writing;
  }

  #tell(text: string): void {
    this.#writing = this.#writing.then(() =>
      this.#terminal.writeErrorText(text)
    );
  }
}
