/**
 * The bounds that a user may meet or that several files obey, each with its
 * reason. What one file alone obeys stands there; the collector and `doctor`
 * have a file of this kind of their own.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest event kept, as an envelope in UTF-8. The contract's published limit. */
export const EVENT_BYTES_MAX = MIB;

/** Largest file of certificates: those of all public authorities together take some 250 KiB. */
export const CA_FILE_BYTES_MAX = 4 * MIB;

/**
 * Largest input line or spool file looked at. An event of `EVENT_BYTES_MAX`
 * written with `\u` escapes for every byte takes six times its size.
 */
export const DOCUMENT_BYTES_MAX = 8 * MIB;

/** What a project's identity may take up of each of its events. */
export const PROJECT_BYTES_MAX = 16 * KIB;

/** Files of the spool that an intake looks at at once. */
export const SPOOL_READ_AHEAD = 16;

/** Drafts that a group writes to the spool at once: as many as keep a disk busy, few enough to see it stall. */
export const SPOOLED_AT_ONCE = 16;

/** A disk that takes none of these for so long has stalled: the rest of the group is given up. */
export const SPOOL_STALL_MS = 1_000;

/** Problems named of one document: a list of a million bad items must not cost its caller the deadline. */
export const PROBLEMS_MAX = 1_000;

/** Largest Lamport value kept. Above it `value + 1` nears the end of exact integers. */
export const CLOCK_MAX = 2 ** 52;

/** Largest clock value of a row: integers of CloudEvents have 32 bits. */
export const ROW_CLOCK_MAX = 2 ** 31 - 1;

/** Deno KV refuses values over 64 KiB after serialization; larger events are cut into chunks of this size. */
export const CHUNK_BYTES = 60 * KIB;

/** Deno KV refuses a key over 2 KiB, also to look for it. */
export const KEY_BYTES_MAX = 2 * KIB;

/** Deno KV refuses commits over 800 KiB of keys and values together; the rest of it is for keys and counters. */
export const COMMIT_BYTES_MAX = 640 * KIB;

/** Events per commit: enough to make the cost of a commit small, few enough to answer a stream quickly. */
export const COMMIT_EVENTS_MAX = 200;

/** Events that a stream records under one hold of the home's lock, in several commits: more cost memory, fewer cost speed. */
export const GROUP_EVENTS_MAX = 3 * COMMIT_EVENTS_MAX;

/** Input bytes that make such a group full. */
export const GROUP_BYTES_MAX = 2 * COMMIT_BYTES_MAX;

/**
 * How long a process keeps the home's lock while calls of its own wait for it:
 * many groups of a stream, for which it is then taken only once. Longer than
 * this a one-shot `emit` beside it should not wait.
 */
export const LEASE_MS = 100;

/**
 * A lock that takes longer to get was held by another process. Then it is not
 * kept: the more streams there are, the longer each would wait for its turn,
 * until all of them have to spool.
 */
export const LOCK_AT_ONCE_MS = 10;

/** Mutations per commit. Deno KV refuses over 1,000; the rest is for counters. */
export const COMMIT_MUTATIONS_MAX = 900;

/** How long folding SQLite's log into its file waits for those who read in it: this thread stands still meanwhile. */
export const FOLDING_WAIT_MS = 2_000;

/** Bytes in a row of the index: a few hundred events. Moving one of them writes its row anew. */
export const INDEX_ROW_BYTES_MAX = 16 * KIB;

/** Deno KV refuses commits over 80 KiB of keys; the rest of it is for those of the index and the counters. */
export const COMMIT_KEY_BYTES_MAX = 64 * KIB;

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

/** Nodes and teams of a home whose events are counted apart, for servers: their counts are written with each event, into one value. */
export const OWN_COUNTS_MAX = 24;

/** Longest node id that is counted so. */
export const OWN_NODE_CHARS_MAX = 128;

/** Share of the capacity from which `emit` warns. */
export const QUEUE_WARN_SHARE = 0.8;

/** `emit` repeats a warning about the state of the queue at most this often. */
export const WARN_EVERY_MS = 60 * 60 * 1000;

/** How long events may wait, with none taken, before `emit` warns where a server is configured. */
export const OLDEST_WARN_MS = 24 * 60 * 60 * 1000;

/** What an `emit` may take from process start to exit. */
export const TIMEOUT_MS_DEFAULT = 2_000;

/** How long a one-shot `emit` waits for its receipt to be read. */
export const TELLING_MS_MAX = 1_000;

/** Below this a run cannot even start up and write one file; shorter timeouts are raised to it. */
export const TIMEOUT_MS_MIN = 100;

/** `setTimeout` takes 32 bits; a day is more than any caller waits. */
export const TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000;

/** Spool files that one `emit` takes in at most, so that a backlog never costs a caller its deadline. */
export const INTAKE_FILES_MAX = 1_000;

/** Time that one `emit` spends on taking in the spool at most. */
export const INTAKE_MS_MAX = 50;

/**
 * A spool file larger than an event may be that takes half of a call's time to
 * read, and no less than this, is set aside: every call would read it anew.
 */
export const SPOOL_READING_MS_MIN = 250;

/** A spool file that cannot be parsed may still be in the writing until it is this old. */
export const SPOOL_UNFINISHED_MS = 10_000;

/**
 * Bytes of a queue file that SQLite's quick check is taken to read in a
 * millisecond: a tenth of what it reads here. A file that this says an `emit`
 * has no time for waits for a command that has.
 */
export const CHECK_BYTES_PER_MS = 100 * KIB;

/** The commands that look after the queue (list, export, check ...) wait this long for the home's lock. */
export const HOUSEKEEPING_TIMEOUT_MS = 60_000;

/** Share of the timeout after which a call goes on without a configuration file that does not answer, be it the home's or the project's. */
export const SETUP_TIMEOUT_SHARE = 0.25;

/** Largest answer of a server that is read: 1,000 results with a kilobyte of words each, many times over. */
export const ANSWER_BYTES_MAX = 16 * MIB;

/** Bytes of events in one batch, before compression. */
export const BATCH_BYTES_MAX = MIB;

/** How long a server may take to answer one request. */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Events of this size that a server does not answer in time tell of the
 * server, not of a slow line: it needs six KiB a second, before compression.
 */
export const LINE_BYTES_MIN = 64 * KIB;

/**
 * Share of the time left that one request may take, where it can be made
 * smaller: with less than `REQUEST_TIMEOUT_MS` for all, there is still time for
 * a batch of an eighth.
 */
export const HALVABLE_TIME_SHARE = 0.25;

/** The size of a batch after one that was answered, where time-outs have made batches smaller: twice as much would end in a time-out every other time. */
export const LINE_GROWTH = 1.5;

/** Failed attempts that make an event a dead letter. */
export const ATTEMPTS_MAX = 5;

/** Events refused alone in a row, without a word why, after which a drain goes on behind their batch. */
export const SUSPECTS_IN_A_ROW_MAX = 10;

/**
 * Events put aside that a drain tries alone, where the server has taken none:
 * enough to find good ones between many bad ones, few enough for a gateway
 * that refuses everything.
 */
export const ASIDE_TRIES_MAX = 100;

/** A server that calls an event of this size too large is more likely broken than small. */
export const SMALL_EVENT_BYTES = 64 * KIB;

/** Longest words of a server that are shown, or kept with an event. */
export const SERVER_WORDS_CHARS_MAX = 500;

/** First pause after trouble with the server; it doubles with each failure. */
export const BACKOFF_FIRST_MS = 500;

/** Longest pause after trouble that the server itself does not ask for. */
export const BACKOFF_MS_MAX = 30_000;

/** Longest pause that a server can ask for. */
export const RETRY_AFTER_MS_MAX = 60 * 60 * 1000;

/** Tries with the server in trouble, in a row, before a drain gives up. */
export const TROUBLES_MAX = 3;

/** Spool files that a drain takes in under one hold of the home's lock, so that emits get their turn. */
export const DRAIN_INTAKE_MS_MAX = 500;

/** Longest pause of a drain that a caller waits for; where the server asks for a longer one, the drain ends. */
export const RETRY_WAIT_MS_MAX = 30_000;

/** How long a WebSocket may take to open, its token included. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How long the last user of a WebSocket waits for its closing handshake. */
export const CLOSE_TIMEOUT_MS = 1_000;

/** An event without an acknowledgement for so long goes by batch. */
export const ACK_TIMEOUT_MS = 10_000;

/** Events on a WebSocket that wait for their acknowledgement. */
export const SOCKET_WINDOW_MAX = 200;

/** Bytes of such events. */
export const SOCKET_WINDOW_BYTES_MAX = MIB;

/** A server that sends pings, every 25 s or so, and then nothing for so long is gone. */
export const SILENCE_MS_MAX = 60_000;

/** Broadcasts move the clock together: the highest value of so long. */
export const BROADCAST_CLOCK_MS = 100;

/** How often a server is told over a WebSocket what this home has recorded. */
export const TELL_EVERY_MS = 60_000;

/** Tries to open a WebSocket, in a row, before only batches are sent. */
export const RECONNECTS_MAX = 10;

/** A WebSocket that lived so long ended for a reason of its own, not because it could not be kept. */
export const STABLE_MS = 10_000;

/** A token that ends within this time counts as ended: it may be on its way that long. */
export const EXPIRY_LEEWAY_MS = 10_000;

/** How long one process may keep others from the credentials. The Python command line gives up waiting after 10 s. */
export const CREDENTIALS_HELD_MS_MAX = 8_000;

/** Largest `credentials` file that is read: two tokens of several KiB, many times over. */
export const CREDENTIALS_BYTES_MAX = 256 * KIB;

/** Longest password that is read, in bytes: longer input is not a password. */
export const PASSWORD_BYTES_MAX = 4 * KIB;

/** How often a process that waits for an acknowledgement looks whether the event has left the queue. */
export const ACKNOWLEDGED_LOOK_MS = 10;

/** What such a wait leaves of its time to say why nothing came: without it, a busy machine knew the reason and did not tell. */
export const REASON_MS = 50;

/** The agent says this often that it is alive. */
export const AGENT_BEAT_MS = 2_000;

/** An agent that has not said so for this long does not run. */
export const AGENT_STALE_MS = 8_000;

/** An agent without a connection sends at most one batch in so long, unless the server allows more. */
export const BATCH_INTERVAL_MS_DEFAULT = 5_000;

/** An agent drains this often, whatever happens. */
export const DRAIN_EVERY_MS = 5 * 60 * 1000;

/** A drain that takes longer is begun anew, with what came in meanwhile in its place. */
export const DRAIN_MS_MAX = 10 * 60 * 1000;

/** What an agent that is asked to end gives its last drain. */
export const LAST_DRAIN_MS_MAX = 3_000;

/** How often an agent looks for what it is not notified of: events of a library or an import, a login. */
export const LOOK_EVERY_MS = 250;

/** How long a drain that a caller waits for may take. */
export const SYNC_TIMEOUT_MS_DEFAULT = 10 * 60 * 1000;

/** Events not taken that the agent names in its answer to one drain. */
export const SYNC_FAILURES_MAX = 10_000;

/** How long a look at the agent's lock takes at most: who holds it holds it for long. */
export const AGENT_LOOK_MS_MAX = 50;

/** How long a new agent waits for one that is about to end. */
export const AGENT_LOCK_MS_MAX = 500;

/** How often a progress bar moves at most. */
export const PROGRESS_BAR_EVERY_MS = 100;

/** How often a line tells of progress where there is no terminal. */
export const PROGRESS_LINE_EVERY_MS = 5_000;

/** What an agent that is asked to end takes for it at most, its last drain included. */
export const AGENT_STOP_MS_MAX = 8_000;

/**
 * How long a process that is about to end waits for its last lines on standard
 * error to be read: whoever reads takes them at once. With `AGENT_STOP_MS_MAX`
 * before it, an agent is gone within the ten seconds that containers are given.
 */
export const LAST_WORDS_MS_MAX = 1_000;

/** Input that takes longer to come is not waiting: less than a commit, so that it goes unnoticed. */
export const IDLE_MS = 1;

/** What an agent needs of the time of the process that asks it to drain, for its answer. */
export const ANSWERING_MS = 500;

/** Up to this size SQLite's quick check takes about a quarter of a second. */
export const QUICK_CHECK_BYTES_MAX = 256 * MIB;
