/** What the server says when something has changed, and how far behind the page is. */

import { signal } from "@preact/signals";
import type { LiveMessage } from "../lib/board/answers.ts";
import { PATHS } from "./api.ts";

/** How it stands with the news. */
export type Connection =
  | { readonly state: "connecting" | "live" }
  | { readonly state: "behind"; readonly since: Date };

/** What those who show something are told. */
export interface News {
  /** Number of events that there are by now; infinite where nobody knows. */
  readonly position: number;
  /** Missions that have changed; null where any may have. */
  readonly missions: readonly string[] | null;
  /** Whether messages may have been missed, so that all has to be asked for anew. */
  readonly isGap: boolean;
}

/** How it stands. */
export const connection = signal<Connection>({ state: "connecting" });

/** Since when answers have failed, though the connection stands; null where they come. */
export const failing = signal<Date | null>(null);

/** The server says something every few seconds: silence of this length is a lost connection. */
const SILENCE_MS = 40_000;
const POLL_MS = 5_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** What is told where messages may have been missed. */
const ANY_NEWS: News = { position: Infinity, missions: null, isGap: true };

const listeners = new Set<(news: News) => void>();
let line: Line | null = null;

/** Calls back with all news until the answer is called. */
export function onNews(listener: (news: News) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(news: News): void {
  for (const listener of listeners) listener(news);
}

/** Notes whether an answer came. */
export function noteAnswer(isThere: boolean): void {
  if (isThere) failing.value = null;
  else failing.value ??= new Date();
}

/** Connects, and stays connected until `stop`. */
export function start(): void {
  line ??= new Line();
}

/** Ends the connection. */
export function stop(): void {
  line?.end();
  line = null;
  connection.value = { state: "connecting" };
  failing.value = null;
}

/** The connection, as often as it has to be made anew. */
class Line {
  #socket: WebSocket | null = null;
  #silence = 0;
  #retry = 0;
  #waitMs = FIRST_WAIT_MS;
  #heardAt = new Date();
  #hasGap = false;
  readonly #poll: number;

  constructor() {
    this.#poll = setInterval(() => {
      if (connection.peek().state === "behind") tell(ANY_NEWS);
    }, POLL_MS);
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#open();
  }

  end(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    clearInterval(this.#poll);
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#drop();
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#retry = 0;
    const socket = new WebSocket(PATHS.socket);
    this.#socket = socket;
    this.#listenForSilence();
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#hear(data);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lose();
    };
  }

  #hear(data: unknown): void {
    const message = messageOf(data);
    if (!message) return;
    this.#heardAt = new Date();
    this.#waitMs = FIRST_WAIT_MS;
    this.#listenForSilence();
    connection.value = { state: "live" };
    tell({ ...message, isGap: this.#hasGap });
    this.#hasGap = false;
  }

  #listenForSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  #lose(): void {
    clearTimeout(this.#silence);
    this.#drop();
    this.#hasGap = true;
    if (connection.peek().state !== "behind") {
      connection.value = { state: "behind", since: this.#heardAt };
      // Where the session is over, this says so at once.
      tell(ANY_NEWS);
    }
    // Not all pages at the same moment, when a server comes back.
    const wait = this.#waitMs * (0.5 + Math.random());
    this.#retry ||= setTimeout(() => this.#open(), wait);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Does not wait where there is reason to hope. */
  readonly #hurry = (): void => {
    if (this.#retry && document.visibilityState === "visible") this.#open();
  };
}

function messageOf(data: unknown): LiveMessage | null {
  try {
    const message = JSON.parse(String(data));
    return message?.type === "position" ? message : null;
  } catch {
    return null;
  }
}
