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
let stopLive: (() => void) | null = null;

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
  stopLive ??= connect();
}

/** Ends the connection. */
export function stop(): void {
  stopLive?.();
  stopLive = null;
  connection.value = { state: "connecting" };
  failing.value = null;
}

function connect(): () => void {
  let socket: WebSocket | null = null;
  let silence = 0, retry = 0, wait = FIRST_WAIT_MS;
  let heardAt = new Date();
  let hasGap = false;

  const open = () => {
    clearTimeout(retry);
    retry = 0;
    const opened = new WebSocket(PATHS.socket);
    socket = opened;
    listenForSilence();
    opened.onmessage = ({ data }) => {
      if (socket === opened) hear(data);
    };
    opened.onclose = () => {
      if (socket === opened) lose();
    };
  };

  const hear = (data: unknown) => {
    const message = messageOf(data);
    if (!message) return;
    heardAt = new Date();
    wait = FIRST_WAIT_MS;
    listenForSilence();
    connection.value = { state: "live" };
    tell({ ...message, isGap: hasGap });
    hasGap = false;
  };

  const listenForSilence = () => {
    clearTimeout(silence);
    silence = setTimeout(lose, SILENCE_MS);
  };

  const lose = () => {
    clearTimeout(silence);
    const lost = socket;
    socket = null;
    lost?.close();
    hasGap = true;
    if (connection.peek().state !== "behind") {
      connection.value = { state: "behind", since: heardAt };
      // Where the session is over, this says so at once.
      tell(ANY_NEWS);
    }
    // Not all pages at the same moment, when a server comes back.
    if (!retry) retry = setTimeout(open, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };

  const hurry = () => {
    if (retry && document.visibilityState === "visible") open();
  };
  const poll = setInterval(() => {
    if (connection.peek().state === "behind") tell(ANY_NEWS);
  }, POLL_MS);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  open();

  return () => {
    clearTimeout(silence);
    clearTimeout(retry);
    clearInterval(poll);
    removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", hurry);
    const last = socket;
    socket = null;
    last?.close();
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
