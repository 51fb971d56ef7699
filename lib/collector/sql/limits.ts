/**
 * Every bound of the engine on PostgreSQL, each with its reason.
 *
 * @module
 */

const MIB = 1024 * 1024;

/** How long the store may take for one thing, with all its tries. Clients wait for 10 s: a request is answered before that, with the second or two in which it is found who sends and how much. */
export const STORE_MS_MAX = 7_000;

/** How long a server of the store may take to answer a connection. */
export const STORE_CONNECT_MS = 3_000;

/** Pause before something is tried again, doubled each time up to the larger one. */
export const STORE_PAUSE_MS = 25;
export const STORE_PAUSE_MS_MAX = 500;

/** Connections to the store, without a wish. */
export const STORE_LANES_DEFAULT = 8;

/** How long one waits for the row of a team, or a transaction for its next statement: whoever waits behind one that is gone has time left. */
export const STORE_LOCK_MS_MAX = 5_000;

/** How often it is looked at what other collectors have stored: hints may get lost, or there are none. */
export const STORE_POLL_MS = 250;

/** Bytes of events that are stored in one transaction, unless one sender offers more. */
export const STORED_TOGETHER_BYTES_MAX = 8 * MIB;

/** Events that are pruned in one transaction. */
export const STORE_PRUNED_MAX = 5_000;

/** Positions whose stamps a rebuild counts in one question: some 50 ms of a store that has them in memory. */
export const STAMPS_AT_ONCE_MAX = 100_000;

/** Longest text in a column that people query by. */
export const COLUMN_CHARS_MAX = 500;
