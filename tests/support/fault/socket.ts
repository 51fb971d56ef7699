/** Two ends of a WebSocket and what happens to the messages between them. */

import type { Direction, Emit, Tap } from "./fault.ts";
import { frameOf, type Message, MessageReader } from "./frames.ts";
import {
  type Bytes,
  type Connection,
  ConnectionEnded,
  type Line,
} from "./line.ts";

/** Passes messages on through the taps, until either end has closed. */
export async function relay(
  connection: Connection,
  ends: { readonly client: Line; readonly server: Line },
  taps: readonly Tap[],
  random: () => number,
): Promise<void> {
  const newMask = () => Uint8Array.from({ length: 4 }, () => random() * 256);
  const outlets: Record<Direction, Outlet> = {
    up: new Outlet(ends.server, newMask),
    down: new Outlet(ends.client),
  };
  const through = (direction: Direction, from: number): Emit =>
    taps.slice(from).reduceRight<Emit>(
      (next, tap) => (message) => tap.message(message, direction, next),
      (message) => outlets[direction].write(message),
    );
  taps.forEach((tap, at) =>
    tap.open?.({ up: through("up", at + 1), down: through("down", at + 1) })
  );
  const pump = async (line: Line, direction: Direction) => {
    try {
      const reader = new MessageReader(line);
      const emit = through(direction, 0);
      for (let message; (message = await reader.next());) emit(message);
      await connection.quiet();
      await outlets[direction].written();
    } finally {
      connection.end();
    }
  };
  const outcomes = await Promise.allSettled([
    pump(ends.client, "up"),
    pump(ends.server, "down"),
  ]);
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue;
    if (!(outcome.reason instanceof ConnectionEnded)) throw outcome.reason;
  }
}

/** Writes messages in the order in which they were given. */
class Outlet {
  readonly #line: Line;
  readonly #newMask: (() => Bytes) | undefined;
  #tail = Promise.resolve();

  constructor(line: Line, newMask?: () => Bytes) {
    this.#line = line;
    this.#newMask = newMask;
  }

  write(message: Message): void {
    const frame = frameOf(message, this.#newMask?.());
    this.#tail = this.#tail
      .then(() => this.#line.write(frame))
      .catch(() => this.#line.connection.end());
  }

  written(): Promise<void> {
    return this.#tail;
  }
}
