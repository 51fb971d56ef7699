/**
 * One WebSocket to the server: events out, acknowledgements and the events of
 * others in. The native socket has no time limits, so they are here.
 *
 * @module
 */

import { Deadline, pause } from "../../base/deadline.ts";
import { reasonOf } from "../../base/errors.ts";
import {
  ACK_TIMEOUT_MS,
  BROADCAST_CLOCK_MS,
  CLOSE_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  SERVER_WORDS_CHARS_MAX,
  SILENCE_MS_MAX,
  SOCKET_WINDOW_BYTES_MAX,
  SOCKET_WINDOW_MAX,
  TELL_EVERY_MS,
} from "../../base/limits.ts";
import { type EventResult, NO_ROOM, PATHS } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { NoAnswerError } from "../../login/http.ts";
import { clientFor } from "../../login/http_client.ts";
import type { Session } from "../../login/session.ts";
import { noRoomWords } from "./http_batch.ts";
import type { Sent, Transport, WireEvent } from "./transport.ts";
import { higher } from "./remote_clock.ts";
import { readResults } from "../drain/verdict.ts";

/** How a connection came to its end. */
export interface SocketEnd {
  /** The server's close code; 0 where the connection broke, or we gave it up. */
  readonly code: number;
  readonly words: string;
}

/** What a socket needs. */
export interface SocketParts {
  readonly session: Session;
  readonly world: World;
  /** Our node: its own events come back as broadcasts, and does not move the clock. */
  readonly nodeId: string;
  /** Takes the highest clock value of the broadcasts of a tenth of a second. */
  readonly onClock: (value: number) => void;
  /** What the server is told of this home, in JSON; undefined where that is nothing. */
  readonly watermark?: () => Promise<string | undefined>;
}

/** An open connection. */
export class EventSocket implements Transport {
  readonly eventsMax = SOCKET_WINDOW_MAX;
  readonly bytesMax = SOCKET_WINDOW_BYTES_MAX;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #parts: SocketParts;
  readonly #over = new AbortController();
  #end: SocketEnd | undefined;
  #resolveEnded!: (end: SocketEnd) => void;
  #heardMs: number;
  /** Whether the server sends pings: only then does silence mean anything. */
  #isPinged = false;
  /** The sending that waits for its acknowledgements. */
  #waiting: Waiting | undefined;
  /** Highest clock value of broadcasts that was not passed on yet. */
  #remoteClock: number | undefined;

  private constructor(socket: WebSocket, parts: SocketParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#heardMs = parts.world.elapsedMs();
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
    socket.addEventListener("message", ({ data }) => this.#hear(data));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#finish({ code, words: `closed with ${code} ${reason}`.trim() });
    });
    void this.#watch();
    void this.#tellOn();
  }

  /**
   * Opens a connection with a token of its own.
   *
   * @throws {NotAuthenticatedError} when the session is over
   * @throws {ServerTroubleError | NoAnswerError} when there is no connection in time
   */
  static async connect(
    parts: SocketParts,
    signal: AbortSignal,
  ): Promise<EventSocket> {
    const { session, world } = parts;
    const deadline = Deadline.in(world.elapsedMs, CONNECT_TIMEOUT_MS);
    const token = await session.socketToken(deadline);
    const url = new URL(PATHS.socket, session.serverUrl);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const client = await clientFor(url, session.trust).catch((error) => {
      throw new NoAnswerError(reasonOf(error));
    });
    if (signal.aborted) throw unwanted();
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
      ...client && { client },
    });
    const opened = new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", (event) => {
        const why = (event as ErrorEvent).message || "the handshake failed";
        reject(new NoAnswerError(`no WebSocket to ${url.host}: ${why}`));
      }, { once: true });
      signal.addEventListener("abort", () => {
        reject(unwanted());
      }, { once: true });
    });
    try {
      // Its messages may come with the handshake's answer: someone has to listen.
      const made = new EventSocket(socket, parts);
      await deadline.race(opened, `open a WebSocket to ${url.host}`);
      return made;
    } catch (error) {
      closeQuietly(socket);
      if (error instanceof NoAnswerError) throw error;
      throw new NoAnswerError(reasonOf(error));
    }
  }

  get isOpen(): boolean {
    return !this.#end;
  }

  async send(
    events: readonly WireEvent[],
    deadline: Deadline,
    word?: string,
  ): Promise<Sent> {
    const ids = events.map(({ wire_id }) => wire_id);
    const waiting: Waiting = {
      ids: new Set(ids),
      open: new Set(ids),
      ...Promise.withResolvers<void>(),
      results: [],
      noRoom: undefined,
    };
    this.#waiting = waiting;
    try {
      // Ahead of the events, so that these are never more than was told.
      if (word !== undefined) this.#socket.send(messageOf(word));
      for (const { json } of events) this.#socket.send(json);
    } catch (error) {
      this.#finish({ code: 0, words: `cannot send: ${reasonOf(error)}` });
    }
    if (this.#end) waiting.resolve();
    const patienceMs = Math.min(ACK_TIMEOUT_MS, deadline.leftMs);
    const patience = new AbortController();
    await Promise.race([
      waiting.promise,
      pause(patienceMs, patience.signal),
    ]);
    patience.abort();
    this.#waiting = undefined;
    const { results, clock, noRoom } = waiting;
    if (results.length > 0) {
      return { kind: "answered", results, clock, unnamed: "open" };
    }
    if (noRoom !== undefined) {
      return { kind: "trouble", words: noRoomWords(noRoom) };
    }
    if (!this.#end && patienceMs === ACK_TIMEOUT_MS) {
      // Not a word in all that time: more likely the connection is dead than the server so slow.
      this.close("no acknowledgement in time");
    }
    return {
      kind: "trouble",
      words: this.#end
        ? `the WebSocket is ${this.#end.words}`
        : "no acknowledgement in time",
    };
  }

  tell(word: string): Promise<boolean> {
    if (!this.#end && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(messageOf(word));
      return Promise.resolve(true);
    }
    return Promise.resolve(false);
  }

  /** Ends the connection; does not wait for the server's answer to that. */
  close(words: string): void {
    closeQuietly(this.#socket);
    this.#finish({ code: 0, words: `given up: ${words}` });
  }

  /** Ends the connection as its last user should: with a closing handshake, for a moment. */
  async leave(): Promise<void> {
    if (this.#end) return;
    this.#socket.close(1000);
    const patience = new AbortController();
    await Promise.race([this.ended, pause(CLOSE_TIMEOUT_MS, patience.signal)]);
    patience.abort();
    this.#finish({ code: 0, words: "given up: it was closed" });
  }

  #hear(data: unknown): void {
    this.#heardMs = this.#parts.world.elapsedMs();
    if (typeof data !== "string") return;
    let message: Message | null;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message !== "object" || message === null) return;
    if (message.type === "ack") this.#acknowledge(message);
    else if (message.type === "snapshot") void this.#tellNow();
    else if (message.type === NO_ROOM) this.#hearNoRoom(message);
    else if (message.type === "ping") {
      this.#isPinged = true;
      const pong = { type: "pong", timestamp: message.timestamp };
      if (this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.send(JSON.stringify(pong));
      }
    } else if (message.type === "event" || "event_type" in message) {
      this.#hearEvent(message);
    }
  }

  #acknowledge(message: Message): void {
    const waiting = this.#waiting;
    const [result] = readResults([message]) ?? [];
    if (!waiting || !result || !waiting.ids.has(result.event_id)) return;
    waiting.results.push(result);
    waiting.clock = higher(waiting.clock, message.lamport_clock);
    waiting.open.delete(result.event_id);
    if (waiting.open.size === 0) waiting.resolve();
  }

  /** Nothing of what is under way will be acknowledged. */
  #hearNoRoom({ error }: Message): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    waiting.noRoom = typeof error === "string"
      ? error.slice(0, SERVER_WORDS_CHARS_MAX).toWellFormed()
      : "it does not say more";
    waiting.resolve();
  }

  /** An event of another node: only its clock is of interest here. */
  #hearEvent(message: Message): void {
    const event = (message.event ?? message) as Message;
    const isOurs = typeof event !== "object" || event === null ||
      (event.node_id ?? event.nodeid) === this.#parts.nodeId;
    if (isOurs) return;
    const before = this.#remoteClock;
    this.#remoteClock = higher(
      higher(before, message.lamport_clock),
      event.lamport_clock ?? event.lamportclock,
    );
    if (before === undefined && this.#remoteClock !== undefined) {
      void pause(BROADCAST_CLOCK_MS, this.#over.signal).then(() => {
        const value = this.#remoteClock!;
        this.#remoteClock = undefined;
        this.#parts.onClock(value);
      });
    }
  }

  /** Gives up a connection that has fallen silent, as after a laptop's sleep. */
  async #watch(): Promise<void> {
    const { world } = this.#parts;
    while (!this.#end) {
      await pause(SILENCE_MS_MAX / 4, this.#over.signal);
      const silentMs = world.elapsedMs() - this.#heardMs;
      if (this.#isPinged && silentMs > SILENCE_MS_MAX) {
        this.close("the server has fallen silent");
      }
    }
  }

  /** Tells every minute: what was dropped meanwhile goes out with no event. */
  async #tellOn(): Promise<void> {
    while (!this.#end) {
      await pause(TELL_EVERY_MS, this.#over.signal);
      await this.#tellNow();
    }
  }

  async #tellNow(): Promise<void> {
    // Where it cannot be read now, it is told a minute later.
    const word = await this.#parts.watermark?.().catch(() => undefined);
    if (word !== undefined) await this.tell(word);
  }

  #finish(end: SocketEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#waiting?.resolve();
    this.#over.abort();
    this.#resolveEnded(end);
  }
}

/** A message of the server; anything may be missing, or of another type. */
interface Message {
  readonly type?: unknown;
  readonly timestamp?: unknown;
  readonly event?: unknown;
  readonly error?: unknown;
  readonly node_id?: unknown;
  readonly lamport_clock?: unknown;
  /** As rows have them. */
  readonly nodeid?: unknown;
  readonly lamportclock?: unknown;
}

interface Waiting {
  readonly ids: ReadonlySet<string>;
  /** Those without an acknowledgement so far. */
  readonly open: Set<string>;
  readonly results: EventResult[];
  /** The server's words, where it has no room. */
  noRoom: string | undefined;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  clock?: number | undefined;
}

/** The message by which a home tells what it has recorded. */
function messageOf(word: string): string {
  return `{"type":"watermark",${word.slice(1)}`;
}

function unwanted(): NoAnswerError {
  return new NoAnswerError("the connection is not wanted any more");
}

function closeQuietly(socket: WebSocket): void {
  try {
    socket.close();
  } catch {
    // It is not open yet, or not any more.
  }
}
