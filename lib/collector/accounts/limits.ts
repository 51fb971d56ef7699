/**
 * Bounds of logins, sessions and keys, each with its reason.
 *
 * @module
 */

/** How long an access token is good. Short: for so long is remembered which sessions have ended. */
export const ACCESS_LIFETIME_S = 15 * 60;

/** How long a refresh token is good: a machine that was off for a month logs in again. */
export const REFRESH_LIFETIME_S = 30 * 24 * 60 * 60;

/** How long a token for a WebSocket is good: it is asked for when it is needed. */
export const SOCKET_TOKEN_LIFETIME_S = 60;

/** How long is remembered that it was used: the clocks of two collectors may differ by minutes. */
export const SPENT_TOKEN_MS = 15 * 60_000;

/** How long is remembered that a session has ended: longer than an access token is good, whatever the clocks. */
export const ENDED_SESSION_MS = 2 * ACCESS_LIFETIME_S * 1000;

/**
 * How old what is known of users and keys may be. What is revoked is refused
 * within five seconds, and looking it up and closing sockets take time, too.
 */
export const STANDING_MS = 2_000;

/** How fresh is what is known of them. */
export const STANDING_PACE = {
  keptMs: STANDING_MS,
  /** A hiccup of the store is no reason to refuse everybody. */
  ageMsMax: 5_000,
  /** What a request does with the store besides must fit into its time, too. */
  lateMs: 500,
  /** Strangers with invented keys must not keep the store busy. */
  pauseMs: 200,
} as const;

/** A signing key is followed by another one after so long. */
export const SIGNING_KEY_AGE_MS = 90 * 24 * 60 * 60 * 1000;

/** How long something may be good that a key has signed: refresh tokens longest, and a day more. */
export const SIGNED_LIFETIME_MS = (REFRESH_LIFETIME_S + 24 * 60 * 60) * 1000;

/** How long a spent refresh token is answered again with the same pair: an answer may get lost on its way. */
export const REFRESH_REPEAT_MS = 60_000;

/** The same where the store gave no answer whether it was spent, and of how many sessions that is remembered: whoever got no pair comes back with it once the store is well. */
export const REFRESH_UNSURE_MS = 60 * 60_000;
export const REFRESHES_UNSURE_MAX = 10_000;

/** How long a person stays logged in to the page. Logging out ends it at once, so it may be long. */
export const PAGE_SESSION_LIFETIME_S = 7 * 24 * 60 * 60;

/** How long a ticket link is good, and how many are remembered. */
export const TICKET_MS = 60_000;
export const TICKETS_MAX = 100;

/** How often sessions that ran out are removed. */
export const SESSION_SWEEP_MS = 60 * 60 * 1000;

/** PBKDF2 rounds for a new password, as OWASP recommends for SHA-256; about a tenth of a second. */
export const PASSWORD_ROUNDS = 600_000;

/** Passwords checked at once. More would take the last core of a small machine from the events. */
export const HASHINGS_MAX = 1;

/** Logins that wait for their check: some two seconds' worth. Further ones are sent away. */
export const LOGINS_WAITING_MAX = 16;

/** The wait after wrong passwords: the first one, and the longest. So nobody has more than some 15 turns an hour for long. */
export const LANE_WAIT_MS = 1_000;
export const LANE_WAIT_MS_MAX = 4 * 60_000;

/** Wrong passwords are forgotten when there were none for so long. */
export const LANE_FORGOTTEN_MS = 60 * 60_000;

/** What is slowed down at once, each for itself; beyond it many are slowed down together. */
export const LANES_MAX = 10_000;

/** How often it is looked at. */
export const LANES_SWEEP_MS = 60_000;

/** Passwords that may be wrong without a wait: of one account from one address, and from an address, which a whole office may share. */
export const FREE_OF_PAIR = 5;
export const FREE_AT_ADDRESS = 10;

/** As `FREE_AT_ADDRESS`, of those who were let in from there before. */
export const FREE_AT_KNOWN = 20;

/**
 * As above, of one account from all addresses together. One address alone never
 * uses that up, however long it guesses: so it slows nobody down elsewhere.
 */
export const FREE_OF_ACCOUNT = 25;
export const ACCOUNT_LEAK_MS = 150_000;
export const ACCOUNT_WAIT_MS = 15_000;

/** Who was told to wait and comes back with the same password has turns apart: so many, and then one each four minutes. */
export const FREE_RETURNS = 2;

/** Nobody is told to wait longer before coming back with the same password. */
export const RETURN_AFTER_MS = 30_000;

/** How long, and of how many, is remembered that they may come back. */
export const RETURN_WITHIN_MS = 10 * 60_000;
export const RETURNING_MAX = 50_000;

/** Addresses from which a user was let in: how many are remembered, and for how long. */
export const KNOWN_ADDRESSES_MAX = 16;
export const KNOWN_ADDRESS_MS = 90 * 24 * 60 * 60 * 1000;

/** It is noted once a day that it was seen again. */
export const KNOWN_ADDRESS_NOTED_MS = 24 * 60 * 60 * 1000;

/** Failed logins of one account from one address are noted together for so long. */
export const FAILURES_NOTED_MS = 60_000;

/** Lines about failed logins in that time; what goes beyond them is counted in one more. */
export const FAILURE_LINES_MAX = 20;

/** Lines of the audit in an answer, the last ones. */
export const AUDIT_LINES_MAX = 1_000;
