/**
 * Every bound of the collector, each with its reason.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** How often a collector says that it runs, and after what silence nobody speaks of it any more. */
export const PRESENCE_MS = 30_000;
export const PRESENCE_GONE_MS = 60 * 60 * 1000;

/** Longest name of a user or a team: both become parts of keys, and Deno KV refuses keys over 2,048 bytes. */
export const NAME_MAX = 128;

/** Largest body of a request for a token. */
export const TOKEN_BODY_BYTES_MAX = 16 * KIB;

/** Largest batch as it comes over the wire. */
export const BODY_BYTES_MAX = 10 * MIB;

/** Largest batch after decompression. */
export const INFLATED_BYTES_MAX = 32 * MIB;

/**
 * Compressed bytes given to the decompressor at once. It may make a thousand
 * times as much of them before anybody can look at the size.
 */
export const INFLATE_SLICE_BYTES = 4 * KIB;

/** Of a body that is too large, so much more is read and thrown away: a client that is still writing does not see an answer. */
export const DISCARD_BYTES_MAX = 4 * BODY_BYTES_MAX;

/** How long a body may take to arrive. */
export const BODY_MS_MAX = 60_000;

/** Bytes of bodies that are held at once, before they are decompressed. A body that would not fit is sent away. */
export const BODIES_BYTES_TOTAL_MAX = 128 * MIB;

/** Batches that are decompressed and parsed at once: while one is being stored the next one is made ready. */
export const PARSED_MAX = 2;

/** Reading a batch gives way to other requests when it took so long. */
export const READING_SLICE_MS = 20;

/**
 * Bytes after which a page of ids is cut. SQLite keeps some 490 bytes of so long
 * a value beside its key, and the rest in a page of its own, which this nearly
 * fills. Larger ones make more work of ids from far apart; smaller ones make
 * its tree deeper, and a batch take longer the more is stored.
 */
export const ID_PAGE_BYTES = 4_400;

/** Pages of ids that are read in a row before they are looked for one by one, where there are fewer ids. */
export const ID_PAGES_READ_MIN = 16;

/** Pages of ids that are looked for at once. */
export const ID_PAGES_AT_ONCE = 10;

/** Ids of older programs that are put into pages at once, unless their keys are long: each leaves its own, and at worst two pages of its name come. */
export const IDS_MOVED_AT_ONCE = 500;

/** Nodes of the events in one commit: each takes a mutation of its own. */
export const COMMIT_NODES_MAX = 20;

/** Counts of nodes, and words of homes, that are kept in memory. */
export const NODES_CACHED_MAX = 10_000;

/** Changes after which a commit that removes events is made, so that those that arrive get their turn. */
export const PRUNED_AT_ONCE = 250;

/** Rows read at once, and counts stored at once, where a team's nodes are counted anew. */
export const RECOUNTED_MAX = 16;

/** Most nodes of which a home tells, and the longest name of a home. */
export const WATERMARK_NODES_MAX = 64;
export const WATERMARK_HOME_CHARS_MAX = 64;

/** A word that says nothing new is stored this often, so that it is seen when a home was last heard of. */
export const TELLING_EVERY_MS = 60_000;

/** Chunks of a large event in one commit: Deno KV refuses commits over 800 KiB. */
export const COMMIT_CHUNKS_MAX = 10;

/** Characters of an answer's words about one event. */
export const WORDS_MAX = 1_000;

/** Longest id that is given back for an event that has no ULID. */
export const ECHOED_ID_MAX = 128;

/** Events in a page, and without a wish. */
export const PAGE_EVENTS_MAX = 1_000;
export const PAGE_EVENTS_DEFAULT = 100;

/** A page ends early at this size: a thousand events may be a gigabyte. */
export const PAGE_BYTES_MAX = 4 * MIB;

/** Missions and lines of events in a page of the board, and without a wish. */
export const BOARD_PAGE_MAX = 500;
export const BOARD_PAGE_DEFAULT = 100;

/**
 * A board that nobody has looked at for so long is let go: it takes some 400
 * bytes an event, and eight seconds for a million events when it is made anew.
 */
export const BOARD_KEPT_MS = 30 * 60 * 1000;

/** How often it is looked which these are. */
export const BOARD_SWEEP_MS = 60_000;

/** What another process has removed is on a board for so long at most: asking before each page would cost the store as many questions as there are pages. */
export const BOARD_FIRST_MS = 1_000;

/** Events of a story in a page: each comes whole. */
export const STORY_EVENTS_MAX = 200;

/** Refused events that are remembered of a team, since the start. */
export const REFUSED_MAX = 100;

/** Pages that look on at once. */
export const WATCHERS_MAX = 1_000;

/** News for the page are gathered for so long: a batch is many commits. */
export const NEWS_MS = 20;

/** Rows read ahead while events are exported; a row has up to 60 KiB. */
export const EXPORT_ROWS = 8;

/** WebSockets open at once. */
export const SOCKETS_MAX = 1_000;

/** Connections open at once, WebSockets included, where the process may have descriptors for so many. */
export const CONNECTIONS_MAX = 2_000;

/** Largest frame: an event of 1 MiB with some escapes. */
export const FRAME_BYTES_MAX = 2 * MIB;

/** Pause between two pings. */
export const PING_MS = 25_000;

/** A peer that answers none of so many pings in a row is gone. */
export const PINGS_UNANSWERED_MAX = 3;

/** A peer that leaves so much unread is dropped. What it missed comes with its next snapshot. */
export const UNREAD_BYTES_MAX = 4 * MIB;

/**
 * As `UNREAD_BYTES_MAX`, of all peers together. Nothing can take back what was
 * given to a socket whose peer is stuck, so that only fewer sockets are left.
 */
export const UNREAD_BYTES_TOTAL_MAX = 256 * MIB;

/** While all peers together are above their bound, a peer with more than this unread is dropped. */
export const UNREAD_BYTES_TIGHT = 64 * KIB;

/** Bytes that a peer may send ahead of what is stored. */
export const UNSTORED_BYTES_MAX = 16 * MIB;

/** As `UNSTORED_BYTES_MAX`, of all peers together. */
export const UNSTORED_BYTES_TOTAL_MAX = 128 * MIB;

/** Bytes of frames that are stored together. */
export const GROUP_BYTES_MAX = 4 * MIB;

/** What is under way when the collector is asked to end may take so long. */
export const STOP_MS_MAX = 5_000;

/** How often a collector looks whether its events are still where it opened them. */
export const LOOK_MS = 2_000;

/** What folding the log of a collector's events may take: 1,000 pages of it, and a commit of a whole batch or two. */
export const RESERVE_BYTES = 8 * 1024 * 1024;

/** What a start takes of a full disk at most: a lock, SQLite's index of its log, the operator's file; and some logins after it. */
export const START_BYTES = 512 * 1024;

/**
 * With less than this free, the log of events is folded before the next are
 * stored, where it has become worth it: at its usual length, what it has to add
 * to the file might find no room any more.
 */
export const LITTLE_ROOM_BYTES = 8 * 1024 * 1024;
export const LITTLE_ROOM_LOG_BYTES = 512 * 1024;

/** How long folding that log waits for those who read in the file, such as a backup: the collector stands still meanwhile. */
export const FOLDING_WAIT_MS = 100;

/** With less than this free, no new events are stored: a commit of a batch may take most of it, and a start has to find the rest. */
export const STORING_BYTES = 2 * 1024 * 1024;

/** How long a collector that ends waits until a log that was removed is in the file of its events. */
export const FOLDING_MS_MAX = 20_000;

/** How long a starting collector waits for another one to give its folder back, and a restore for another one of the same folder. */
export const LOCK_MS_MAX = 2_000;

/** How long a change of users and other settings waits for another one. */
export const SETTINGS_LOCK_MS_MAX = 10_000;

/** Largest file of settings: of 150,000 users, who stand in it with 350 bytes each. All of it is read each time. */
export const SETTINGS_BYTES_MAX = 64 * MIB;

/** Seconds that a client has to leave between two batches: none, as the bounds above keep the collector fit. */
export const BATCH_INTERVAL_S = 0;

/** An event that happened so much later than now was stamped by a clock that is wrong. */
export const CLOCK_SKEW_MS = 24 * 60 * 60 * 1000;

/** How fresh quotas are that a collector keeps to. */
export const QUOTAS_PACE = {
  keptMs: 1_000,
  /** Neither a damaged file nor a store that is gone opens the gates, or closes them. */
  ageMsMax: Infinity,
  /** Storing needs the time that clients wait. */
  lateMs: 1_000,
  pauseMs: 0,
} as const;

/** Whoever asks whether a collector is ready wants to know soon: load balancers wait for a few seconds. */
export const READY_MS_MAX = 2_000;

/** Seconds that a client has to leave whose team has no room: nothing changes before a person does something. */
export const NO_ROOM_RETRY_S = 60;

/** How long a sink may take for one answer. */
export const SINK_TIMEOUT_MS = 30_000;

/** Longest pause after trouble with a sink that it does not ask for itself. */
export const SINK_BACKOFF_MS_MAX = 60_000;

/** Events that a sink has refused alone, one after the other, before it is found out whether it takes any. */
export const SINK_SUSPECTS_MAX = 10;

/** Refused events of a sink that are remembered: the last ones; all are counted. */
export const SINK_REFUSED_KEPT = 10;

/** How often sinks look for settings that have changed, and for events that another collector has stored. */
export const SINK_LOOK_MS = 1_000;

/** A lease whose counter has not moved for so long is free. */
export const LEASE_LOST_MS = 8_000;

/** Who has moved it on within this time holds it: others wait for much longer, so that no two do. */
export const LEASE_SURE_MS = 5_000;

/** How often a lease is moved on, and looked at by those who wait for it. */
export const LEASE_TICK_MS = 1_000;

/** Entries of a backup that are compressed together, and what such a block may have at most. */
export const BACKUP_BLOCK_BYTES = MIB;
export const BACKUP_BLOCK_BYTES_MAX = 16 * MIB;

/** A file of a backup comes in such pieces. */
export const BACKUP_PIECE_BYTES = MIB;

/** How long a command waits for a running collector to say that it is there. */
export const OPERATOR_HELLO_MS = 3_000;

/** Largest request of an operator: a record, or a team and a position. */
export const OPERATOR_BODY_BYTES_MAX = 256 * KIB;

/** Tries at a change of a record: of those who change one at once, each try lets one through, so that more can only be a fault. */
export const RECORD_TRIES_MAX = 1_000;
