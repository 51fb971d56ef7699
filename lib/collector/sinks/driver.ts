/**
 * Drives one sink for as long as it is there: what is stored goes on to it
 * while this collector holds its lease.
 *
 * @module
 */

import { dice, leastBackoffMs } from "../../base/backoff.ts";
import { pause } from "../../base/deadline.ts";
import type { JsonObject } from "../../base/json.ts";
import { BATCH_BYTES_MAX, SERVER_WORDS_CHARS_MAX } from "../../base/limits.ts";
import type { Log } from "../../base/log.ts";
import { BATCH_EVENTS_MAX } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { rowJson } from "../../event/cloud_request.ts";
import type { EventLog } from "../events/event_log.ts";
import { LEASE_TICK_MS, SINK_BACKOFF_MS_MAX, SINK_LOOK_MS } from "../limits.ts";
import type { Records } from "../records/records.ts";
import { Carrier, type Halt, type Outgoing } from "./carrier.ts";
import type { Trust } from "../../login/http_client.ts";
import { Lease } from "./lease.ts";
import { sendRows } from "./sending.ts";
import { cursorAt, type Sink, type SinkCursor } from "./sink.ts";

/** What drivers share. */
export interface DriverParts {
  readonly world: World;
  readonly log: Log;
  readonly events: Pick<EventLog, "page">;
  readonly records: Records;
  /** Tells collectors apart; all on one store have the same. */
  readonly instance: string;
  readonly trust?: Trust | undefined;
  /** Names this process. */
  readonly holder: string;
}

/** Drives one sink. */
export class Driver {
  readonly sink: Sink;
  readonly #parts: DriverParts;
  readonly #lease: Lease;
  readonly #over = new AbortController();
  #wake = new AbortController();
  #cursor: SinkCursor;
  #carrier: Carrier | undefined;
  #failures = 0;
  /** Events in one request: fewer where the sink did not answer in time. */
  #eventsMax: number;
  readonly #running: Promise<unknown>;

  constructor(sink: Sink, parts: DriverParts) {
    this.sink = sink;
    this.#parts = parts;
    this.#cursor = cursorAt(sink);
    this.#eventsMax = this.#most;
    const { records, holder, world } = parts;
    const key = `sink ${sink.id}`;
    this.#lease = new Lease(records, key, holder, world.elapsedMs);
    this.#running = Promise.all([this.#hold(), this.#run()]);
  }

  get #most(): number {
    return this.sink.format === "structured" ? 1 : BATCH_EVENTS_MAX;
  }

  /** Something of its team was stored. */
  poke(): void {
    // In trouble, it is left alone for as long as that asks for.
    if (this.#failures === 0) this.#wake.abort();
  }

  /** Ends, and lets others go on. */
  async stop(): Promise<void> {
    this.#over.abort();
    this.#wake.abort();
    await this.#running;
    await this.#lease.release().catch(() => {});
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #hold(): Promise<void> {
    while (!this.#isOver) {
      const before = this.#lease.isHeld;
      await this.#lease.tick().catch((error) => this.#fail(error));
      if (!before && this.#lease.isHeld) this.#wake.abort();
      await pause(LEASE_TICK_MS, this.#over.signal);
    }
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      let waitMs = SINK_LOOK_MS;
      if (this.#lease.isHeld) {
        waitMs = await this.#step().catch((error) => {
          this.#fail(error);
          this.#carrier = undefined;
          return SINK_LOOK_MS;
        });
      } else {
        this.#carrier = undefined;
      }
      if (waitMs > 0) await this.#rest(waitMs);
    }
  }

  async #rest(ms: number): Promise<void> {
    if (!this.#wake.signal.aborted) await pause(ms, this.#wake.signal);
    if (!this.#isOver) this.#wake = new AbortController();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#parts.log.error(`sink ${this.sink.name}`, error);
  }

  /**
   * Sends some of what is there.
   *
   * @returns how long to wait before the next step
   */
  async #step(): Promise<number> {
    this.#carrier ??= await this.#begin();
    // What is stored from now on wakes it.
    const { position } = this.#cursor;
    const page = await this.#parts.events.page(
      this.sink.team,
      position,
      BATCH_EVENTS_MAX,
    );
    if (page.events.length === 0) return SINK_LOOK_MS;
    if (page.first > position) await this.#noteMissed(page.first);
    const { events, end } = this.#outgoing(page.first, page.events);
    const atOnce = this.#eventsMax;
    const halt = await this.#carrier.carry(events, end, atOnce);
    if (halt) return await this.#halted(halt, Math.min(events.length, atOnce));
    this.#failures = 0;
    this.#eventsMax = Math.min(this.#most, 2 * this.#eventsMax);
    return 0;
  }

  async #begin(): Promise<Carrier> {
    const { records, world } = this.#parts, { sink } = this;
    const found = await records.get<SinkCursor>("sink_cursor", sink.name);
    const isOfThis = found?.sink === sink.id;
    this.#cursor = isOfThis ? found : cursorAt(sink);
    if (!isOfThis) {
      await records.replace("sink_cursor", sink.name, found, this.#cursor);
    }
    return new Carrier({
      send: (rows) =>
        sendRows(sink, rows, { ...this.#parts, nowMs: world.nowMs }),
      isOurs: () => this.#lease.isHeld && !this.#isOver,
      store: (change) => this.#store(change),
      cursor: () => this.#cursor,
      now: () => this.#now(),
    }, await this.#takenBefore());
  }

  /** One that went there before: it tells whether the sink still takes any. */
  async #takenBefore(): Promise<Outgoing | undefined> {
    const { position, delivered } = this.#cursor;
    if (delivered === 0) return undefined;
    const from = Math.max(0, position - LOOK_BACK);
    const page = await this.#parts.events.page(
      this.sink.team,
      from,
      position - from,
    );
    const before = page.events.slice(0, Math.max(0, position - page.first));
    const { events } = this.#outgoing(page.first, before);
    const refused = new Set(
      this.#cursor.last_refused.map(({ position }) => position),
    );
    return events.findLast(({ position }) => !refused.has(position));
  }

  /** Those of a page that go there, as many as one request may have. */
  #outgoing(
    first: number,
    documents: readonly Uint8Array[],
  ): { events: Outgoing[]; end: number } {
    const events: Outgoing[] = [];
    let bytes = 0, position = first;
    for (const document of documents) {
      const json = decoder.decode(document);
      const row = rowJson(json);
      const { id, type } = JSON.parse(row) as JsonObject;
      if (this.#isWanted(String(type), json)) {
        bytes += row.length;
        if (events.length > 0 && bytes > BATCH_BYTES_MAX) break;
        events.push({ position, id: String(id), row });
      }
      position++;
    }
    return { events, end: position };
  }

  #isWanted(type: string, json: string): boolean {
    const { types } = this.sink;
    if (!types || types.includes(type)) return true;
    const { event_type } = JSON.parse(json) as JsonObject;
    return typeof event_type === "string" && types.includes(event_type);
  }

  async #noteMissed(first: number): Promise<void> {
    const { position, missed } = this.#cursor, { name } = this.sink;
    const count = first - position;
    this.#parts.log.warn("events were removed before a sink had them", {
      sink: name,
      events: count,
    });
    await this.#store({ position: first, missed: missed + count });
  }

  async #halted(halt: Halt, count: number): Promise<number> {
    if (halt.kind === "lost") {
      this.#carrier = undefined;
      return SINK_LOOK_MS;
    }
    if (halt.isLate) this.#eventsMax = Math.max(1, count >> 1);
    this.#failures += 1;
    const words = halt.words.slice(0, SERVER_WORDS_CHARS_MAX).toWellFormed();
    const since = this.#cursor.trouble?.since ?? this.#now();
    if (this.#failures === 1) {
      this.#parts.log.warn("a sink is in trouble", {
        sink: this.sink.name,
        reason: words,
      });
    }
    await this.#store({ trouble: { words, since } });
    return Math.min(
      SINK_BACKOFF_MS_MAX,
      leastBackoffMs(
        this.#failures,
        dice(this.#parts.world),
        halt.retryAfterMs,
      ),
    );
  }

  /** False where another has changed it: then it is read anew. */
  async #store(change: Partial<SinkCursor>): Promise<boolean> {
    const next = { ...this.#cursor, ...change };
    const isStored = await this.#parts.records.replace(
      "sink_cursor",
      this.sink.name,
      this.#cursor,
      next,
    );
    if (isStored) this.#cursor = next;
    else this.#carrier = undefined;
    return isStored;
  }

  #now(): string {
    return new Date(this.#parts.world.nowMs()).toISOString();
  }
}

/** Events before its place among which one is looked for that a sink has taken. */
const LOOK_BACK = 100;

const decoder = new TextDecoder();
