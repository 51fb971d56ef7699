/**
 * Open pages: each hears over its WebSocket that there is something new, and
 * asks for it. So a page never shows anything but what was answered.
 *
 * @module
 */

import type { LiveMessage } from "../../board/answers.ts";
import type { Projection } from "../../board/projection.ts";
import { pause } from "../../base/deadline.ts";
import { CLOSE } from "../../base/wire.ts";
import type { Caller } from "../accounts/caller.ts";
import type { Boards } from "./boards.ts";
import { unavailable } from "../http/http.ts";
import { NEWS_MS, UNREAD_BYTES_TIGHT, WATCHERS_MAX } from "../limits.ts";

/** Close code of the collector's end. */
const GOING_AWAY = 1001;

interface Watcher {
  readonly socket: WebSocket;
  readonly caller: Caller;
  /** When its session ends, milliseconds since 1970. */
  readonly endMs: number;
  /** At the last ping. */
  wasConnecting?: boolean;
}

/** News of a team that were not told yet. */
interface News {
  readonly board: Projection;
  /** Position of the first event that was not told. */
  readonly first: number;
}

/** All open pages. */
export class Watchers {
  readonly #all = new Set<Watcher>();
  readonly #news = new Map<string, News>();

  get size(): number {
    return this.#all.size;
  }

  /** @throws {HttpError} where there are as many as there may be */
  checkRoom(): void {
    if (this.#all.size >= WATCHERS_MAX) throw unavailable("too many sockets");
  }

  /** Serves a page, and tells it how far its team's board is. */
  add(
    socket: WebSocket,
    whose: Pick<Watcher, "caller" | "endMs">,
    board: Projection,
  ): void {
    const watcher: Watcher = { socket, ...whose };
    this.#all.add(watcher);
    socket.addEventListener("message", () => {
      this.#all.delete(watcher);
      close(watcher, CLOSE.policy, "a page has nothing to say here");
    });
    socket.addEventListener("open", () => {
      send(watcher, messageOf(board.position, null));
    });
    socket.addEventListener("close", () => void this.#all.delete(watcher));
    // A close follows.
    socket.addEventListener("error", () => {});
  }

  /** Tells the pages of a team, soon: what comes within a moment is told at once. */
  added(team: string, board: Projection, first: number): void {
    if (this.#news.has(team)) return;
    this.#news.set(team, { board, first });
    void pause(NEWS_MS).then(() => this.#tell(team));
  }

  #tell(team: string): void {
    const news = this.#news.get(team);
    this.#news.delete(team);
    const watchers = [...this.#all].filter(({ caller }) =>
      caller.team === team
    );
    if (!news || watchers.length === 0) return;
    const { board, first } = news;
    const text = messageOf(board.position, board.missionsSince(first));
    for (const watcher of watchers) send(watcher, text);
  }

  /** A sign of life for all. */
  async ping(boards: Pick<Boards, "of">): Promise<void> {
    for (const watcher of [...this.#all]) {
      if (this.#isGone(watcher)) this.#all.delete(watcher);
      else {
        const { position } = await boards.of(watcher.caller.team);
        send(watcher, messageOf(position, []));
      }
    }
  }

  /** Closes the pages of those who are not good any more, and those whose session is over. */
  dismiss(isGood: (caller: Caller) => boolean, nowMs: number): void {
    for (const watcher of [...this.#all]) {
      const { caller, endMs } = watcher;
      if (nowMs >= endMs || !isGood(caller)) this.#end(watcher);
    }
  }

  /** One that is gone before it is answered never opens, and never says that it is closed. */
  #isGone(watcher: Watcher): boolean {
    const { readyState } = watcher.socket;
    if (readyState !== WebSocket.CONNECTING) {
      return readyState !== WebSocket.OPEN;
    }
    if (watcher.wasConnecting) return true;
    watcher.wasConnecting = true;
    return false;
  }

  /** Closes the pages of a session. */
  end(session: string): void {
    for (const watcher of [...this.#all]) {
      if (watcher.caller.session === session) this.#end(watcher);
    }
  }

  #end(watcher: Watcher): void {
    this.#all.delete(watcher);
    close(watcher, CLOSE.tokenExpired, "the session has ended");
  }

  /** Sends everybody away. */
  stop(): void {
    for (const one of this.#all) close(one, GOING_AWAY, "the collector ends");
  }
}

function messageOf(
  position: number,
  missions: LiveMessage["missions"],
): string {
  const message: LiveMessage = { type: "position", position, missions };
  return JSON.stringify(message);
}

/** A page that does not read comes back, and asks anew. */
function send(watcher: Watcher, text: string): void {
  const { socket } = watcher;
  if (socket.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > UNREAD_BYTES_TIGHT) {
    close(watcher, GOING_AWAY, "reads too slowly");
  } else {
    socket.send(text);
  }
}

function close({ socket }: Watcher, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed already.
  }
}
