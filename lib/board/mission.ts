/**
 * A mission or feature with its work packages, whatever names its events give
 * it.
 *
 * @module
 */

import type { MissionAnswer, PackageAnswer, Phase } from "./answers.ts";
import type { EventTable } from "./event_table.ts";
import { History } from "./history.ts";
import { isLeft, isMetBy, lanesOf, roleOf } from "./lanes.ts";
import type { OwnerRecord } from "./owners.ts";
import { type PackageState, stateOf } from "./package.ts";

/** Most names of workers in an answer. */
const WORKERS_MAX = 10;

/** A work package: its histories under each name of its mission, and the state that follows from them. */
export class Package {
  readonly id: string;
  readonly #table: EventTable;
  readonly #histories: readonly History[];
  #joined: History | undefined;
  #state: PackageState | undefined;
  #stateRevision = -1;

  constructor(id: string, table: EventTable, histories: readonly History[]) {
    this.id = id;
    this.#table = table;
    this.#histories = histories;
  }

  /** Whether these are its histories. */
  isOf(histories: readonly History[]): boolean {
    return histories.length === this.#histories.length &&
      histories.every((history, i) => history === this.#histories[i]);
  }

  get revision(): number {
    return this.#histories.reduce(
      (last, { revision }) => Math.max(last, revision),
      0,
    );
  }

  /** Position of the event that arrived first. */
  get first(): number {
    return this.#histories.reduce(
      (first, one) => Math.min(first, one.first),
      Infinity,
    );
  }

  /** All of its events. */
  get history(): History {
    if (this.#histories.length === 1) return this.#histories[0]!;
    if (this.#joined?.revision !== this.revision) {
      const rows = this.#histories.flatMap(({ rows }) => rows);
      this.#joined = new History(this.#table);
      for (const row of rows.sort((a, b) => a - b)) this.#joined.push(row);
    }
    return this.#joined!;
  }

  get state(): PackageState {
    const { revision } = this;
    if (!this.#state || this.#stateRevision !== revision) {
      this.#state = stateOf(this.#table, this.history);
      this.#stateRevision = revision;
    }
    return this.#state;
  }
}

/** A mission or feature. */
export class Mission {
  readonly key: string;
  readonly kind: "mission" | "feature";
  readonly packages: ReadonlyMap<string, Package>;
  readonly #table: EventTable;
  readonly #owners: readonly OwnerRecord[];
  /** Histories of packages under each of its names. */
  readonly #histories: number;
  /** One past the position of the last event that gave it other packages, or took some. */
  readonly regroupedAt: number;
  #answer: MissionAnswer | undefined;

  /** @param owners its names, of which there is at least one */
  constructor(
    key: string,
    table: EventTable,
    owners: readonly OwnerRecord[],
    packages: ReadonlyMap<string, Package>,
    regroupedAt: number,
  ) {
    this.key = key;
    this.kind = owners[0]!.owner.kind;
    this.packages = packages;
    this.regroupedAt = regroupedAt;
    this.#table = table;
    this.#owners = owners;
    this.#histories = historiesOf(owners);
  }

  /** Whether these are its names, and none of them has a new package. */
  isOf(owners: readonly OwnerRecord[]): boolean {
    return owners.length === this.#owners.length &&
      owners.every((owner, i) => owner === this.#owners[i]) &&
      historiesOf(owners) === this.#histories;
  }

  get revision(): number {
    let revision = this.regroupedAt;
    for (const owner of this.#owners) {
      revision = Math.max(revision, owner.revision);
    }
    // Events that name no feature change its packages all the same.
    if (this.kind === "feature") {
      for (const one of this.packages.values()) {
        revision = Math.max(revision, one.revision);
      }
    }
    return revision;
  }

  /** The name that its latest event gives it. */
  get slug(): string {
    let latest: OwnerRecord | undefined;
    for (const one of this.#owners) {
      if (one.owner.slug === "") continue;
      const isLater = !latest || one.lastMs > latest.lastMs ||
        one.lastMs === latest.lastMs && one.owner.slug < latest.owner.slug;
      if (isLater) latest = one;
    }
    return latest?.owner.slug ?? this.#id ?? "";
  }

  get #id(): string | undefined {
    return this.#owners.find(({ owner }) => owner.id !== "")?.owner.id;
  }

  /** The mission as it is now. */
  get answer(): MissionAnswer {
    const { revision } = this;
    if (this.#answer?.revision !== revision) {
      this.#answer = this.#answerAt(revision);
    }
    return this.#answer!;
  }

  #answerAt(revision: number): MissionAnswer {
    const counts: Record<string, number> = {}, workers = new Set<string>();
    const packages = [...this.packages.values()];
    let done = 0, firstMs = Infinity, lastMs = -Infinity;
    for (const owner of this.#owners) {
      firstMs = Math.min(firstMs, owner.firstMs);
      lastMs = Math.max(lastMs, owner.lastMs);
    }
    for (const { state } of packages) {
      const role = roleOf(state.lane);
      counts[state.lane] = (counts[state.lane] ?? 0) + 1;
      lastMs = Math.max(lastMs, state.changedMs);
      if (role === "done") done++;
      const isInHand = role === "doing" || role === "review";
      if (isInHand && state.agent !== "") workers.add(state.agent);
    }
    const { slug } = this;
    const { title, phase } = this.#told();
    return {
      key: this.key,
      kind: this.kind,
      id: this.#id ?? null,
      slug,
      title: title || slug || "(without a name)",
      phase: phaseOf(phase, packages, done),
      lanes: lanesOf(this.kind, Object.keys(counts)),
      counts,
      packages: packages.length,
      done,
      workers: [...workers].sort().slice(0, WORKERS_MAX),
      created_at: isoOf(firstMs),
      changed_at: isoOf(lastMs) ?? new Date(0).toISOString(),
      revision,
    };
  }

  /** What its own events say, the last of them at last. */
  #told(): { title: string; phase: Phase } {
    const rows = this.#owners.flatMap(({ own }) => own.rows)
      .sort(this.#table.compare);
    let title = "", phase: Phase = "created";
    for (const row of rows) {
      const more = this.#table.more(row);
      title = more?.title || title;
      phase = more?.phase ?? phase;
    }
    return { title, phase };
  }

  /** A package as a card. */
  card({ id, state, history, revision }: Package): PackageAnswer {
    const states = [...state.subtasks.values()]
      .filter((one) => one !== "canceled" && one !== "skipped");
    return {
      id,
      title: state.title,
      lane: state.lane,
      lane_since: isoOf(state.laneSinceMs),
      agent: state.agent || null,
      model: state.model || null,
      subtasks_done: states.filter((one) => one === "done").length,
      subtasks: states.length,
      dependencies: state.dependsOn.map((id) => ({
        id,
        is_met: state.resolved.has(id) || this.#isMet(id),
      })),
      sent_back: state.sentBack,
      last_error: state.lastError,
      events: history.size,
      changed_at: isoOf(state.changedMs)!,
      revision,
    };
  }

  #isMet(id: string): boolean {
    const other = this.packages.get(id);
    return other !== undefined && isMetBy(other.state.lane);
  }

  /** The revision of a package's card, which shows whether others are done. */
  cardRevision({ revision, state }: Package): number {
    return Math.max(
      revision,
      ...state.dependsOn.map((id) => this.packages.get(id)?.revision ?? 0),
    );
  }
}

function historiesOf(owners: readonly OwnerRecord[]): number {
  return owners.reduce((sum, { packages }) => sum + packages.size, 0);
}

/** Where work has begun, its packages tell more than the mission's own events. */
function phaseOf(
  told: Phase,
  packages: readonly Package[],
  done: number,
): Phase {
  const hasLeft = packages.some(({ state }) => isLeft(state.lane));
  if (done > 0 && !hasLeft) return "done";
  const hasBegun = packages.some(({ state }) => roleOf(state.lane) !== "todo");
  if (hasBegun) return "in progress";
  return told;
}

function isoOf(ms: number | undefined): string | null {
  return ms === undefined || !Number.isFinite(ms)
    ? null
    : new Date(ms).toISOString();
}
