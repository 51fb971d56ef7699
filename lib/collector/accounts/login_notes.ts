/**
 * What the audit hears of logins. Guesses come by the thousand: those at one
 * account from one address are noted together, a minute's worth at a time.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { type AuditEntry, type AuditLog, entryAt } from "../audit/audit.ts";
import { FAILURE_LINES_MAX, FAILURES_NOTED_MS } from "./limits.ts";
import type { User } from "./account_store.ts";

/** Failures of one account from one address. */
interface Failures {
  readonly entry: Omit<AuditEntry, "at">;
  /** Of each outcome, besides the first failure. */
  readonly counts: Record<Outcome, number>;
}

/** Why somebody was not let in. */
type Outcome = keyof typeof WORDS;

const WORDS = {
  wrong: "wrong password",
  slowed: "told to wait",
  disabled: "right password, but disabled",
} as const;

/** Stands for all names that nobody has: people type passwords into the wrong field. */
const NOBODY = "(no such user)", MANY = "(others)";

/** Notes logins. */
export class LoginNotes {
  readonly #audit: AuditLog;
  readonly #nowMs: () => number;
  #failures = new Map<string, Failures>();
  #sinceMs = 0;

  constructor(audit: AuditLog, { nowMs }: World) {
    this.#audit = audit;
    this.#nowMs = nowMs;
  }

  /** Somebody was let in. */
  async right(
    { name, team }: User,
    address: string | undefined,
    details: string,
  ): Promise<void> {
    await this.#note({ what: "login", name, team, ...at(address), details });
  }

  /** Somebody was not. The first failure is noted at once, the others soon. */
  async wrong(
    user: User | undefined,
    address: string | undefined,
    outcome: Outcome,
  ): Promise<void> {
    if (this.#nowMs() - this.#sinceMs >= FAILURES_NOTED_MS) await this.flush();
    const name = user?.name ?? NOBODY;
    const key = JSON.stringify([name, address]);
    const isMore = this.#failures.size >= FAILURE_LINES_MAX;
    const known = this.#failures.get(key) ??
      (isMore ? this.#failures.get(MANY) : undefined);
    if (known) return void known.counts[outcome]++;
    const entry = isMore ? { what: "login_failed", name: MANY } : {
      what: "login_failed",
      name,
      ...user && { team: user.team },
      ...at(address),
    };
    const failures = { entry, counts: { wrong: 0, slowed: 0, disabled: 0 } };
    this.#failures.set(isMore ? MANY : key, failures);
    if (isMore) return void failures.counts[outcome]++;
    await this.#note({ ...entry, details: WORDS[outcome] });
  }

  /** Notes what was counted. */
  async flush(): Promise<void> {
    const failures = this.#failures;
    this.#failures = new Map();
    this.#sinceMs = this.#nowMs();
    for (const { entry, counts } of failures.values()) {
      const { wrong, slowed, disabled } = counts;
      const all = wrong + slowed + disabled;
      if (all === 0) continue;
      const details =
        `${all} more within a minute, ${slowed} of them told to wait`;
      await this.#note({ ...entry, details });
    }
  }

  async #note(entry: Omit<AuditEntry, "at">): Promise<void> {
    await this.#audit.note(entryAt(this.#nowMs(), entry));
  }
}

function at(address: string | undefined): { address?: string } {
  return address === undefined ? {} : { address };
}
