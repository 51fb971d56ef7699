/** What a fault is: hooks into what passes through the proxy. */

import type { Answer, Head } from "./http.ts";
import type { Message } from "./frames.ts";
import type { Bytes, Connection, Line } from "./line.ts";

/** An event in a batch, of which nothing but its id is sure. */
export interface BatchEvent {
  readonly event_id: string;
  readonly [field: string]: unknown;
}

/** A request and what becomes of it. */
export interface Exchange {
  readonly connection: Connection;
  readonly client: Line;
  readonly target: Deno.ConnectOptions;
  readonly random: () => number;
  readonly method: string;
  readonly path: string;
  readonly head: Head;
  readonly isUpgrade: boolean;
  /** The body as it was encoded; empty as long as it was not read. */
  content: Bytes;
  /** The body as it was meant; undefined where its encoding is damaged. */
  body: Bytes | undefined;
  /** Of a body that is a batch. */
  events: readonly BatchEvent[] | undefined;
  /** What goes to the server. */
  wire: Bytes;
  /** How often it goes there. */
  deliveries: number;
}

/** Where a message goes. */
export type Direction = "up" | "down";

/** Passes a message on. */
export type Emit = (message: Message) => void;

/** A fault at one WebSocket. */
export interface Tap {
  /** Once, before the first message. */
  open?(emit: Readonly<Record<Direction, Emit>>): void;
  /** For each message; only what it emits goes on. */
  message(message: Message, direction: Direction, emit: Emit): void;
}

type Eventually<T> = T | Promise<T>;

/** A fault; hooks that it lacks let all through, and one that hangs freezes. */
export interface Fault {
  readonly name: string;
  /** Whether it concerns this request; the body was read where there is no `head`. */
  applies?(exchange: Exchange): boolean;
  /** Before a request is read, at no known path; the connection ends after it. */
  start?(connection: Connection): Eventually<void>;
  /** When the head was read, but not the body; the connection ends after it. */
  head?(exchange: Exchange): Eventually<void>;
  /** When all was read; an answer keeps the request from the server. */
  request?(exchange: Exchange): Eventually<Answer | void>;
  /** When there is an answer; without one the connection ends. */
  answer?(answer: Answer, exchange: Exchange): Eventually<Answer | undefined>;
  /** Writes the answer in place of the proxy; whether the connection goes on. */
  send?(
    wire: { readonly head: Bytes; readonly body: Bytes },
    exchange: Exchange,
  ): Eventually<boolean>;
  /** At a WebSocket that was opened. */
  tap?(exchange: Exchange): Tap;
}

/** Which of the requests that a fault concerns it meets; by default all. */
export interface InjectOptions {
  /** Without query. */
  readonly path?: string;
  /** At most so many. */
  readonly times?: number;
  /** Not the first so many. */
  readonly after?: number;
  /** A share of them. */
  readonly probability?: number;
}

/** A fault at work. */
export interface Injected {
  /** How many requests it met. */
  readonly hits: number;
  /** Takes it out; requests that it has met keep it. */
  remove(): void;
}

/** A fault, and which requests it still meets. */
export class Injection implements Injected {
  hits = 0;
  #seen = 0;
  readonly #options: InjectOptions;
  readonly #random: () => number;

  constructor(
    readonly fault: Fault,
    options: InjectOptions,
    random: () => number,
    readonly remove: () => void,
  ) {
    this.#options = options;
    this.#random = random;
  }

  /** Whether the fault meets this request; counts it. */
  readonly meets = (exchange?: Exchange): boolean => {
    const { path, times = Infinity, after = 0, probability = 1 } =
      this.#options;
    if (path !== undefined && path !== exchange?.path) return false;
    if (exchange && this.fault.applies?.(exchange) === false) return false;
    if (++this.#seen <= after || this.hits >= times) return false;
    if (this.#random() >= probability) return false;
    this.hits++;
    return true;
  };
}

/** A fixed number, or one out of a range (both ends included). */
export type Range = number | readonly [from: number, to: number];

/** A whole number out of a range. */
export function pick(range: Range, random: () => number): number {
  if (typeof range === "number") return range;
  const [from, to] = range;
  return from + Math.floor(random() * (to - from + 1));
}

/** The same items in another order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
