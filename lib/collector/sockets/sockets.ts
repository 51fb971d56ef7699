/**
 * The open WebSockets: who hears of which events.
 *
 * @module
 */

import type { Caller } from "../accounts/caller.ts";
import type { World } from "../../base/world.ts";
import { Budget } from "../gate.ts";
import { unavailable } from "../http/http.ts";
import type { EventLog, OnStored } from "../events/event_log.ts";
import type { Intake } from "../events/intake.ts";
import {
  PINGS_UNANSWERED_MAX,
  SOCKETS_MAX,
  UNREAD_BYTES_MAX,
  UNREAD_BYTES_TIGHT,
  UNREAD_BYTES_TOTAL_MAX,
  UNSTORED_BYTES_TOTAL_MAX,
} from "../limits.ts";
import type { Log } from "../../base/log.ts";
import type { Metrics } from "../metrics.ts";
import { Peer } from "./peer.ts";
import { readWatermark } from "../events/nodes.ts";
import type { SnapshotPackage } from "../events/packages.ts";

/** What the sockets work with. */
export interface SocketParts {
  readonly metrics: Metrics;
  readonly world: World;
  readonly log: Log;
}

/** All sockets. */
export class Sockets {
  readonly #parts: SocketParts;
  /** With those who opened them. */
  readonly #peers = new Map<Peer, Caller>();
  /** Those that have their snapshot, by team. */
  readonly #audience = new Map<string, Set<Peer>>();
  /** Messages with snapshots: many may come back at once, and hear the same. */
  readonly #messages = new WeakMap<readonly SnapshotPackage[], string>();
  readonly #unstored = new Budget(UNSTORED_BYTES_TOTAL_MAX);

  constructor(parts: SocketParts) {
    this.#parts = parts;
  }

  /** Number of sockets. */
  get size(): number {
    return this.#peers.size;
  }

  /** @throws {HttpError} where there are as many as there may be */
  checkRoom(): void {
    const isFull = this.#peers.size >= SOCKETS_MAX ||
      this.#unreadBytes() > UNREAD_BYTES_TOTAL_MAX;
    if (isFull) throw unavailable("too many sockets");
  }

  /** Serves a new socket. */
  add(
    socket: WebSocket,
    caller: Caller,
    { intake, events }: { intake: Intake; events: EventLog },
  ): void {
    const { log, metrics } = this.#parts, { team } = caller;
    const peer: Peer = new Peer(socket, {
      take: (arrivals, word) =>
        intake.take(team, arrivals, peer, readWatermark(word, team)),
      join: () => this.#join(peer, team, events),
      leave: () => void this.#audience.get(team)?.delete(peer),
      closed: () => void this.#peers.delete(peer),
      unstored: this.#unstored,
      dropped: (reason) => {
        metrics.dropped();
        log.info("socket dropped", { reason });
      },
      failed: (error) => log.error("socket", error),
    });
    this.#peers.set(peer, caller);
  }

  /** Closes the sockets of those who are not good any more. */
  dismiss(isGood: (caller: Caller) => boolean): void {
    for (const [peer, caller] of this.#peers) {
      if (!isGood(caller)) peer.dismiss();
    }
  }

  /** Sends the snapshot; no event falls between it and the broadcasts. */
  #join(peer: Peer, team: string, events: EventLog): Promise<void> {
    return events.snapshot(team, (work_packages) => {
      let text = this.#messages.get(work_packages);
      if (text === undefined) {
        text = JSON.stringify({ type: "snapshot", work_packages });
        this.#messages.set(work_packages, text);
      }
      peer.send(text);
      if (peer.hasLeft) return;
      const audience = this.#audience.get(team) ?? new Set();
      this.#audience.set(team, audience.add(peer));
    });
  }

  #unreadBytes(): number {
    return [...this.#peers.keys()]
      .reduce((sum, { unreadBytes }) => sum + unreadBytes, 0);
  }

  /** Tells a team's sockets of new events, but not the one that they came by. */
  readonly broadcast: OnStored = (team, events, sender) => {
    const peers = [...this.#audience.get(team) ?? []]
      .filter((peer) => peer !== sender);
    if (peers.length === 0) return;
    const isTight = this.#unreadBytes() > UNREAD_BYTES_TOTAL_MAX;
    const unreadBytesMax = isTight ? UNREAD_BYTES_TIGHT : UNREAD_BYTES_MAX;
    for (const { bytes } of events) {
      const text = `{"type":"event","event":${decoder.decode(bytes)}}`;
      for (const peer of peers) peer.send(text, unreadBytesMax);
    }
  };

  /** Pings everybody, and drops those who answered none of the last pings. */
  ping(): void {
    const timestamp = new Date(this.#parts.world.nowMs()).toISOString();
    const text = JSON.stringify({ type: "ping", timestamp });
    for (const peer of [...this.#peers.keys()]) {
      peer.ping(text, PINGS_UNANSWERED_MAX);
    }
  }

  /** Sends everybody away; resolves when they have gone, and what they sent before is stored. */
  async stop(): Promise<void> {
    await Promise.all([...this.#peers.keys()].map((peer) => peer.stop()));
  }
}

const decoder = new TextDecoder();
