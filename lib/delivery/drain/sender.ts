/**
 * Sending a part of a drain until there is an answer to go by: again where the
 * server is in trouble, and smaller where the line is slow.
 *
 * @module
 */

import { backoffMs, dice } from "../../base/backoff.ts";
import { type Deadline, pause } from "../../base/deadline.ts";
import {
  LINE_BYTES_MIN,
  LINE_GROWTH,
  RETRY_WAIT_MS_MAX,
} from "../../base/limits.ts";
import type { EventResult } from "../../base/wire.ts";
import type { Home } from "../../home/home.ts";
import {
  bytesOf,
  type Sent,
  type StopReason,
  type Transport,
  type Trouble,
  type WireEvent,
} from "../transport/transport.ts";
import { judge, type Verdict } from "./verdict.ts";

/** What a sender works with. */
export interface SenderParts {
  readonly home: Home;
  readonly transport: Transport;
  /** Nothing is sent after it. */
  readonly deadline: Deadline;
  /** Tries with the server in trouble, in a row, before the drain gives up. */
  readonly troublesMax: number;
  /** The `lineBytesMax` of a drain before, to begin with. */
  readonly lineBytesMax?: number;
}

/** How a drain ended. */
export type DrainEnd =
  | { readonly kind: "drained" }
  | { readonly kind: "late" }
  | {
    readonly kind: "stopped";
    readonly reason: StopReason;
    readonly words: string;
  }
  | Trouble;

/** The end of a drain by a way that was cut before all had its word. */
export const CUT_SHORT: DrainEnd = {
  kind: "trouble",
  words: "not all was acknowledged in time",
};

/** An answer that says something of single events, or the end of the drain. */
export type Reply =
  | {
    readonly kind: "verdict";
    readonly verdict: Verdict;
    readonly clock: unknown;
    /** Whether events were left without a word by a transport that leaves them open. */
    readonly isCut: boolean;
  }
  | Extract<Sent, { kind: "refused_some" | "refused_all" | "too_large" }>
  /** It has to be smaller to be answered in time. */
  | { readonly kind: "too_slow" }
  | { readonly kind: "end"; readonly end: DrainEnd };

/** An answer in which events are named as the queue knows them, and not by their own ids. */
function named(part: readonly WireEvent[], sent: Sent): Sent {
  const names = new Map(part.map((item) => [item.wire_id, item.event_id]));
  const rename = (results: readonly EventResult[]) =>
    results.map((result) => ({
      ...result,
      event_id: names.get(result.event_id) ?? result.event_id,
    }));
  switch (sent.kind) {
    case "answered":
      return { ...sent, results: rename(sent.results) };
    case "refused_some":
      return { ...sent, details: rename(sent.details) };
    default:
      return sent;
  }
}

/** Sends the parts of one drain. */
export class Sender {
  readonly #parts: SenderParts;
  readonly #onRequest: () => void;
  /** What the server takes at once: only ever less. */
  #bytesMax: number;
  /** What the line carries in time. */
  #lineBytesMax: number;
  /** Tries in a row without an answer to go by. */
  #tries = 0;
  /** Those of them that count towards giving up. */
  #troubles = 0;

  /** @param onRequest called before each request */
  constructor(parts: SenderParts, onRequest: () => void) {
    this.#parts = parts;
    this.#onRequest = onRequest;
    this.#bytesMax = parts.transport.bytesMax;
    this.#lineBytesMax = parts.lineBytesMax ?? Infinity;
  }

  /** What goes out at once. */
  get bytesMax(): number {
    return Math.min(this.#bytesMax, this.#lineBytesMax);
  }

  /** Bytes that the line carries in the time of one request, as far as time-outs have shown. */
  get lineBytesMax(): number {
    return this.#lineBytesMax;
  }

  /** The server takes less at once. */
  shrink(bytesMax: number): void {
    this.#bytesMax = Math.max(1, Math.floor(bytesMax));
  }

  /** Sends, again where the server is in trouble, until there is an answer to go by. */
  async send(part: readonly WireEvent[]): Promise<Reply> {
    const { transport, deadline } = this.#parts;
    for (;;) {
      if (deadline.leftMs <= 0) return { kind: "end", end: { kind: "late" } };
      this.#onRequest();
      const sent = named(part, await transport.send(part, deadline));
      let trouble: Trouble;
      switch (sent.kind) {
        case "stop":
          return { kind: "end", end: { ...sent, kind: "stopped" } };
        case "answered": {
          const ids = part.map(({ event_id }) => event_id);
          const verdict = judge(ids, sent.results, sent.unnamed);
          if (verdict) {
            const { done, rejected, failed } = verdict;
            const told = done.length + rejected.size + failed.size;
            const isCut = sent.unnamed === "open" && told < part.length;
            this.#isAnswered();
            return { kind: "verdict", verdict, clock: sent.clock, isCut };
          }
          trouble = {
            kind: "trouble",
            words: "the answer names no event that was sent",
          };
          break;
        }
        case "trouble":
          trouble = sent;
          break;
        default:
          this.#isAnswered();
          return sent;
      }
      const isTooSlow = trouble.isLate === true && part.length > 1;
      const bytes = bytesOf(part);
      if (isTooSlow) this.#lineBytesMax = Math.floor(bytes / 2);
      // A time-out that the line may have caused does not count against the server.
      if (!isTooSlow || bytes <= LINE_BYTES_MIN) this.#troubles += 1;
      const end = await this.#backOff(trouble);
      if (end) return { kind: "end", end };
      if (isTooSlow) return { kind: "too_slow" };
    }
  }

  /** The server is there, and the line carried that much. */
  #isAnswered(): void {
    this.#tries = 0;
    this.#troubles = 0;
    this.#lineBytesMax *= LINE_GROWTH;
  }

  /** Waits after trouble; returns the drain's end where it is not to try again. */
  async #backOff(trouble: Trouble): Promise<DrainEnd | undefined> {
    const { deadline, troublesMax, home: { world } } = this.#parts;
    if (this.#troubles >= troublesMax) return trouble;
    this.#tries += 1;
    const waitMs = backoffMs(
      this.#tries,
      dice(world),
      trouble.retryAfterMs,
    );
    if (waitMs > Math.min(RETRY_WAIT_MS_MAX, deadline.leftMs)) return trouble;
    await pause(waitMs);
    return undefined;
  }
}
