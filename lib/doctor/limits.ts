/**
 * Bounds of the doctor, each with its reason. Those of the program itself are
 * in `lib/base/limits.ts`.
 *
 * @module
 */

const MIB = 1024 * 1024;

/** A check that takes longer has found a disk or a network that hangs. */
export const CHECK_MS_MAX = 8_000;

/** An `emit` waits for less than this, so a process that holds the lock for longer makes others spool. */
export const LOCK_WAIT_MS = 1_000;

/** How long a server may take for a question that costs it nothing. */
export const SERVER_WAIT_MS = 3_000;

/** An `emit` syncs several times: from here on that takes a good part of its two seconds. */
export const SLOW_SYNC_MS = 100;

/** Below this a queue of ordinary events has a day or so before the disk is full. */
export const ROOM_WARN_BYTES = 100 * MIB;

/** Below this SQLite's log, and the copy that a compaction makes, may not fit. */
export const ROOM_PROBLEM_BYTES = 8 * MIB;

/** No project records a million million events: a clock beyond that was moved by hand. */
export const CLOCK_UNLIKELY = 2 ** 40;

/** A clock that was stored so far in the future was stored under another system time. */
export const FUTURE_MS_MAX = 24 * 60 * 60 * 1000;

/** A temporary file in the spool that is older has lost its writer. */
export const LEFTOVER_MS = 60_000;

/** After this long, no one is taking the draft in. */
export const SPOOL_WAIT_MS_MAX = 24 * 60 * 60 * 1000;

/** Two machines with the same time differ by less; a token may end sooner or later by as much. */
export const CLOCK_SKEW_MS_MAX = 60_000;

/** A certificate that ends sooner should have been renewed by whatever renews it. */
export const CERTIFICATE_WARN_MS = 14 * 24 * 60 * 60 * 1000;

/** From here on the way to the store takes more of a batch's time than the store does. */
export const SLOW_STORE_MS = 20;

/** Of the connections that a server takes: what is left is for people who look after it. */
export const CONNECTIONS_SHARE_MAX = 0.9;

/** A folder whose lock is free is had at once. */
export const TAKEN_MS = 300;

/** Reading a store through takes a second for so much; what was left in good order need not be read. */
export const CHECKED_BYTES_MAX = 256 * MIB;

/** A login that ends sooner is better renewed now. */
export const LOGIN_WARN_MS = 24 * 60 * 60 * 1000;

/** Names that a finding lists before it counts the rest. */
export const NAMES_MAX = 3;

/** A key that runs out sooner is warned of: somebody has to hand out another one. */
export const KEY_WARN_MS = 14 * 24 * 60 * 60 * 1000;

/** From which share of a team's quota on its keeper is told. */
export const QUOTA_WARN_SHARE = 0.9;
