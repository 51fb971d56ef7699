/**
 * The offline queue: every event from its receipt to the server's final word,
 * and the dead letters. What stores it is known in this room only.
 *
 * @module
 */

import type { RowIdentity, StampedEvent } from "../event/event.ts";
import type { StoredEvent } from "../event/stored.ts";

/** The two places that an event can lie in. */
export type Place = "queue" | "dead";

/** How an event came in: made here, or taken over from an export. */
export type Origin = "accepted" | "imported";

/** What one node of a home has recorded for one team. */
export interface OwnCount {
  readonly node: string;
  /** As `teamLabel` has it; `local` for as long as an event's team is not known. */
  readonly team: string;
  readonly recorded: number;
  /** The node's own, but taken over from an export, and not known to have been recorded in this home. */
  readonly imported: number;
  /** Highest clock value among both. */
  readonly highest: number;
  /** Of both, what is a dead letter now. */
  readonly dead: number;
  /** Of both, what was dropped by a person. */
  readonly dropped: number;
  readonly delivered: number;
}

/** What the nodes of a home have recorded, for servers that cannot know what they have not got. */
export interface OwnCounts {
  /** Tells these counts from those that another home has of the same node. */
  readonly home: string;
  /** Raised by each commit that changes the counts. */
  readonly turn: number;
  /** What the ledger's totals were then: a program that does not know these counts changes only those. */
  readonly seen: readonly number[];
  /** Where delivered events went. */
  readonly server?: string;
  /** The server that listens to these counts. */
  readonly listener?: string;
  readonly counts: readonly OwnCount[];
}

/** What a server last said of the key that the environment had. */
export interface KeyNote {
  /** Tells keys apart, and says nothing of them. */
  readonly sum: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Why the server does not take it; undefined: it does. */
  readonly refused?: string;
  /** The team that the server named. */
  readonly team?: string;
}

/** All counters of the queue. One commit changes them together with the events they count. */
export interface Ledger {
  readonly layout: number;
  /** accepted + imported = queued + delivered + dead + dropped */
  readonly accepted: number;
  readonly imported: number;
  readonly queued: number;
  readonly delivered: number;
  readonly dead: number;
  readonly dropped: number;
  /** Bytes of the events in the queue and the dead letters. */
  readonly bytes: number;
  /** Queued events by type. */
  readonly by_type: Readonly<Record<string, number>>;
  /** Highest clock value that was ever stored; never lowered. */
  readonly highest: number;
  /** A large event whose chunks are being written: without its head it is to be removed. */
  readonly pending?: { readonly event_id: string; readonly chunks: number };
  /** When `emit` last warned about the state of the queue, milliseconds since 1970. */
  readonly warned_at?: number;
  /** Since when events have been waiting, as far as an `emit` has seen it; milliseconds since 1970. */
  readonly waiting_since?: number;
  /** When the server last took events; ISO 8601, UTC. */
  readonly last_success?: string;
  /** When a drain last failed as a whole, and why. */
  readonly last_failure?: { readonly at: string; readonly reason: string };
  readonly key?: KeyNote;
  /** Contracts of queued events that the server did not take when it was last asked. */
  readonly untaken?: readonly string[];
  /** Undefined: not known, as of a queue that an older program has filled. */
  readonly own?: OwnCounts;
  /** What their listener was last told of them, by a checksum. */
  readonly told?: string;
}

/** What of an event is counted. */
export type Countable = Pick<
  StampedEvent,
  "node_id" | "team_slug" | "lamport_clock"
>;

/** Where events went. */
export interface Destination {
  /** The server's address. */
  readonly server: string;
  /** The team that they went as, where they had none. */
  readonly team: string;
}

/** What the counters say of the past. */
export type Noted = Partial<
  Pick<
    Ledger,
    | ("warned_at" | "waiting_since")
    | ("last_success" | "last_failure" | "key" | "untaken" | "own" | "told")
  >
>;

/** Failed attempts to deliver an event. */
export interface Tries {
  readonly attempts: number;
  /** The server's last words. */
  readonly last_error?: string;
  /** Dead letters only. */
  readonly reason?: string;
  /** Dead letters only; ISO 8601, UTC. */
  readonly dead_at?: string;
}

/** Why events become dead letters. */
export interface WhyDead {
  /** In the program's words. */
  readonly reason: string;
  /** The server's last answer. */
  readonly lastError?: string;
  readonly nowMs: number;
}

/** An event where it lies. */
export interface Entry {
  readonly place: Place;
  readonly event: StoredEvent;
  /** Size of what is stored of it. */
  readonly bytes: number;
  /** The envelope or the row as JSON. */
  readonly json: string;
}

/** A row that was ever recorded. */
export interface KnownRow extends RowIdentity {
  readonly clock: number;
}

/** A draft that was handed over by a home elsewhere, and what it told. */
export interface HandedNote {
  readonly digest: string;
  readonly clock: number;
}

/** What is remembered of a log that is followed. */
export interface LogNote {
  readonly path: string;
  /** Size and time of the file when it was read; null where it has to be read again. */
  readonly seen: string | null;
  /** Rows in it. */
  readonly rows: number;
  /** Lines that wait for something outside of the log. */
  readonly waiting: number;
  /** Whether a `meta.json` was ever beside it. */
  readonly meta?: boolean;
  /** Lines that fit no shape, the first of them in full. */
  readonly refused: readonly RefusedLine[];
}

/** A line that was refused, by the checksum of its text; the rest where there was room. */
export interface RefusedLine {
  readonly sum: string;
  readonly line?: number;
  readonly why?: string;
}

/** What the queue holds; costs the same with ten events as with a million. */
export interface QueueStats {
  readonly ledger: Ledger;
  /** Timestamps of the first and the last event in order; null where there is none. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** Queued events by team. */
  readonly by_team: Record<string, number>;
}

/**
 * Reading the queue. Needs no lock: each page is one consistent snapshot, and
 * an event that is moved meanwhile shows up at most twice, never half.
 */
export interface QueueReader {
  /** All counters, as of the last commit. */
  readLedger(): Promise<Ledger>;
  readStats(): Promise<QueueStats>;
  /** All entries of a place, in order of (clock, node, id); `fromEnd`: in reverse. */
  entries(
    place: Place,
    options?: { readonly limit?: number; readonly fromEnd?: boolean },
  ): AsyncGenerator<Entry>;
  /** The events of a place as they are stored, in the same order: see `stored.ts`. */
  documents(place: Place): AsyncGenerator<Uint8Array>;
  /** The ids of a place, in the same order. */
  ids(place: Place): AsyncGenerator<string>;
  /** The events of these ids that lie here, with where they lie. */
  find(ids: readonly string[]): Promise<Map<string, Entry>>;
  /** What events are known by here that have these ids, or are known by them; an id of none stays as it is. */
  queueIds(ids: readonly string[]): Promise<string[]>;
  /** Where the events of these ids lie; ids that are not here are left out. */
  placesOf(ids: readonly string[]): Promise<Map<string, Place>>;
  /** Those of these rows that were ever recorded here, by what rows are known by in the queue. */
  knownRows(wanted: readonly RowIdentity[]): Promise<Map<string, KnownRow>>;
  /** What is remembered of logs, by their paths. */
  logNotes(): Promise<Map<string, LogNote>>;
  /** Failed attempts of an event; none for one that was never tried. */
  tries(id: string): Promise<Tries>;
}

/** New events, ready to be stored in one commit; its rest is known to the queue that made it. */
export interface Addition {
  readonly events: readonly StampedEvent[];
}

/** Makes room on a full disk; false where there is none to be had. */
export type MakeRoom = () => Promise<boolean>;

/** What a queue has to know of its surroundings. */
export interface QueueOptions {
  /** The home that it lies in; without one, it is in memory. */
  readonly home?: string;
  /** The team that most events will be of. */
  readonly teamSlug?: string;
  /** What takes events out asks it for room where the disk is full. */
  readonly makeRoom?: MakeRoom;
  /** Names a home that has recorded nothing so far; the same each time. */
  readonly newHome?: () => string;
}

/** The queue in the hands of the lock's holder. */
export interface QueueWriter extends QueueReader {
  /** All counters, as of the last commit of these hands. */
  readonly ledger: Ledger;
  /** Those of these drafts that were handed over before, not too long ago; to be asked before one is stored. */
  findHanded(
    ids: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, HandedNote>>;
  /** What `ledger.own` would be with these recorded, too. */
  foretell(events: readonly Countable[]): OwnCounts | undefined;
  /**
   * Gets new events ready to be stored, which can be done while others are
   * being stored.
   *
   * @param part events that fit into one commit, see `commitParts`
   * @param own those of them that are counted as this home's; of accepted ones all are
   */
  prepare(
    part: readonly StampedEvent[],
    origin: Origin,
    own?: readonly StampedEvent[],
  ): Addition;
  /**
   * Stores new events in one commit: all of them or none.
   *
   * @throws when the disk or the store fails; nothing is stored then
   */
  store(addition: Addition): Promise<void>;
  /** Stores new events that were not prepared before. */
  append(
    part: readonly StampedEvent[],
    origin: Origin,
    own?: readonly StampedEvent[],
  ): Promise<void>;
  /** The first events in the order of their first attempt: (clock, node, id). */
  peek(limit: number): Promise<Entry[]>;
  /**
   * Removes events on which the server has said its final word.
   *
   * @param to where they went
   */
  acknowledge(ids: readonly string[], to?: Destination): Promise<number>;
  /** Notes one failed attempt for each of the queued events; returns the attempts of each now. */
  recordFailure(
    ids: readonly string[],
    lastError: string,
  ): Promise<Map<string, number>>;
  /** Moves queued events to the dead letters. */
  deadLetter(ids: readonly string[], why: WhyDead): Promise<number>;
  /** Moves dead letters back into the queue, with their attempts forgotten. */
  requeue(ids: readonly string[]): Promise<number>;
  /** Removes events for good, by a person's command. */
  drop(ids: readonly string[], from: Place): Promise<number>;
  /** Remembers what was seen of logs. */
  noteLogs(notes: readonly LogNote[]): Promise<void>;
  /** Commits the counters as they are. */
  touch(): Promise<void>;
  /** Notes what was seen of the queue; stored with the next commit. */
  note(noted: Noted): void;
  /** Everything that is wrong with the queue, in words; reads all of it. */
  check(): Promise<string[]>;
  /**
   * Gives the room of removed events back to the disk. This queue is of no
   * use after it: the next holder opens the new file.
   *
   * @throws {KittyError} while another process reads the queue
   */
  compact(): Promise<{ bytes_before: number; bytes_after: number }>;
}
