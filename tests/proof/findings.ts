/** What a series of trials may find, and how it is run. */

/** How often something happened that never may. */
export interface Findings {
  /** Acknowledged, and not there. */
  lost: number;
  /** There twice. */
  doubled: number;
  /** Clock values that two events have. */
  clockTwice: number;
  /** Events of one writer in another order than they were written. */
  reordered: number;
  /** Receipts that said something else than what is there. */
  untrue: number;
  /** A check, an exit code or an account that was wrong. */
  other: number;
}

/** Nothing yet. */
export function noFindings(): Findings {
  return {
    lost: 0,
    doubled: 0,
    clockTwice: 0,
    reordered: 0,
    untrue: 0,
    other: 0,
  };
}

/** How many findings there are in all. */
export function countOf(findings: Findings): number {
  return Object.values(findings).reduce((sum, count) => sum + count, 0);
}

/** Adds findings to others. */
export function addTo(all: Findings, some: Findings): void {
  for (const key of Object.keys(all) as (keyof Findings)[]) {
    all[key] += some[key];
  }
}

/** What an assertion about a home and its server was about. */
export function findingOf(error: unknown): Findings {
  const words = String(error);
  const key: keyof Findings = /not at the collector|did not get through/
      .test(words)
    ? "lost"
    : /twice/.test(words)
    ? "doubled"
    : "other";
  return { ...noFindings(), [key]: 1 };
}

/** Rounds in one home, one after the other. */
export interface Series {
  /** What was done so far, by name. */
  readonly counts: Readonly<Record<string, number>>;
  round(number: number): Promise<void>;
  /** Compares what is there with what was told. */
  verify(): Promise<Findings>;
}
