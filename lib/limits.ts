/**
 * Every bound of the program, each with its reason, so that none hides in the
 * code that obeys it.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest event kept, as an envelope in UTF-8. The contract's published limit. */
export const EVENT_BYTES_MAX = MIB;

/**
 * Largest input line or spool file looked at. An event of `EVENT_BYTES_MAX`
 * written with `\u` escapes for every byte takes six times its size.
 */
export const DOCUMENT_BYTES_MAX = 8 * MIB;

/** Problems named of one document: a list of a million bad items must not cost its caller the deadline. */
export const PROBLEMS_MAX = 1_000;

/** Largest Lamport value kept. Above it `value + 1` nears the end of exact integers. */
export const CLOCK_MAX = 2 ** 52;

/** Deno KV refuses values over 64 KiB after serialization; larger events are cut into chunks of this size. */
export const CHUNK_BYTES = 60 * KIB;

/** Deno KV refuses commits over 800 KiB of keys and values together; the rest of it is for keys and counters. */
export const COMMIT_BYTES_MAX = 640 * KIB;

/** Events per commit: enough to make the cost of a commit small, few enough to answer a stream quickly. */
export const COMMIT_EVENTS_MAX = 200;

/** Events that a stream records under one hold of the home's lock, in several commits: more cost memory, fewer cost speed. */
export const GROUP_EVENTS_MAX = 4 * COMMIT_EVENTS_MAX;

/** Input bytes that make such a group full. */
export const GROUP_BYTES_MAX = 2 * COMMIT_BYTES_MAX;

/** Mutations per commit when events are moved or removed. Deno KV refuses over 1,000; the rest is for counters. */
export const COMMIT_MUTATIONS_MAX = 900;

/** Bytes in a row of the index: a few hundred events. Moving one of them writes its row anew. */
export const INDEX_ROW_BYTES_MAX = 16 * KIB;

/** Bytes of the index that one commit writes anew at most, so that they fit beside the events. */
export const COMMIT_INDEX_BYTES_MAX = 10 * INDEX_ROW_BYTES_MAX;

/** Deno KV reads at most 10 keys in one `getMany`. */
export const GET_MANY_MAX = 10;

/** Entries per page when the queue is walked: large enough to be cheap, small enough for constant memory. */
export const PAGE_ENTRIES = 200;

/**
 * Reads of a damaged queue that may fail before the rest of it is given up. A
 * damaged page costs about a hundred; where the first page of the table is
 * damaged, all reads fail.
 */
export const FAILED_READS_MAX = 20_000;

/** Longest part of a node id that goes into a queue key: Deno KV refuses keys over 2,048 bytes. */
export const KEY_TEXT_MAX = 256;

/** Longest team name shown in full in the statistics; a longer one is shown as its start and a checksum. */
export const TEAM_LABEL_MAX = 128;

/** Queue capacity: events, dead letters included. */
export const QUEUE_SIZE_DEFAULT = 100_000;

/** Queue capacity: bytes of events, dead letters included. */
export const QUEUE_BYTES_DEFAULT = 1024 * MIB;

/** Share of the capacity from which `emit` warns. */
export const QUEUE_WARN_SHARE = 0.8;

/** `emit` repeats a warning about the state of the queue at most this often. */
export const WARN_EVERY_MS = 60 * 60 * 1000;

/** Age of the oldest waiting event from which `emit` warns, where a server is configured. */
export const OLDEST_WARN_MS = 24 * 60 * 60 * 1000;

/** What an `emit` may take from process start to exit. */
export const TIMEOUT_MS_DEFAULT = 2_000;

/** How long a one-shot `emit` waits for somebody to read its receipt. */
export const TELLING_MS_MAX = 1_000;

/** Below this a run cannot even start up and write one file; shorter timeouts are raised to it. */
export const TIMEOUT_MS_MIN = 100;

/** `setTimeout` takes 32 bits; a day is more than any caller waits. */
export const TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000;

/** Spool files that one `emit` takes in at most, so that a backlog never costs a caller its deadline. */
export const INTAKE_FILES_MAX = 1_000;

/** Time that one `emit` spends on taking in the spool at most. */
export const INTAKE_MS_MAX = 50;

/** A spool file that cannot be parsed may still be in the writing until it is this old. */
export const SPOOL_UNFINISHED_MS = 10_000;

/**
 * Size up to which a queue file is checked inside an `emit` that has a second
 * to spare: SQLite's quick check reads about 1 GiB/s here, a tenth of that is
 * assumed. Larger ones wait for a command that has the time.
 */
export const CHECK_BYTES_PER_MS = 100 * KIB;

/** The commands that look after the queue (list, export, check ...) wait this long for the home's lock. */
export const HOUSEKEEPING_TIMEOUT_MS = 60_000;

/** Share of the timeout after which a call goes on without a configuration file that does not answer, be it the home's or the project's. */
export const SETUP_TIMEOUT_SHARE = 0.25;
