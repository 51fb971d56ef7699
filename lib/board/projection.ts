/**
 * What the events of a team say of its missions and packages, kept up with
 * each event that arrives. Nothing of it is stored: it follows from the
 * events, whatever the order in which they came.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import type { HealthAnswer, MissionAnswer } from "./answers.ts";
import { EventTable, NO_OWNER } from "./event_table.ts";
import { factsOf } from "./facts.ts";
import type { Mission, Package } from "./mission.ts";
import { type KnownPackages, Missions } from "./missions.ts";
import { NodeLog } from "./nodes.ts";
import { compareTexts } from "./order.ts";
import { Owners } from "./owners.ts";

/** Answers that are kept until the next event: several people look at the same. */
const KEPT_MAX = 20;

/** The board of one team. */
export class Projection {
  readonly table: EventTable;
  readonly #owners: Owners;
  readonly #known: KnownPackages = new WeakMap();
  readonly #nodes: NodeLog;
  readonly #kept = new Map<string, unknown>();
  #keptAt = -1;
  #missions: Missions | undefined;
  #generation = -1;

  /** @param first position of the first event: those before it are not there any more */
  constructor(first = 0) {
    this.table = new EventTable(first);
    this.#owners = new Owners(this.table);
    this.#nodes = new NodeLog(this.table);
  }

  /** Position of the next event. */
  get position(): number {
    return this.table.size;
  }

  /**
   * Adds the event at the next position.
   *
   * @param arrivedMs when it arrived, milliseconds since 1970; undefined for one that was stored before
   */
  add(document: JsonObject, arrivedMs?: number): void {
    const facts = factsOf(document);
    const record = facts.owner && this.#owners.of(facts.owner);
    const row = this.table.push(facts, record?.number ?? NO_OWNER);
    if (record) this.#owners.push(record, row);
    this.#nodes.push(row, arrivedMs);
  }

  /** All missions as of now. */
  get missions(): Missions {
    const { generation } = this.#owners;
    if (!this.#missions || this.#generation !== generation) {
      this.#missions = new Missions(
        this.table,
        this.#owners,
        this.#known,
        this.#missions,
      );
      this.#generation = generation;
    }
    return this.#missions;
  }

  mission(key: string): Mission | undefined {
    return this.missions.all.get(key);
  }

  /** Keys of the missions that the events from a position on tell of; null where it may be any. */
  missionsSince(position: number): string[] | null {
    if (this.missions.regroupedAt > position) return null;
    const keys = new Set<string>();
    const from = Math.max(position, this.table.first);
    for (let row = from; row < this.position; row++) {
      const mission = this.missions.ofRow(row);
      if (mission) keys.add(mission.key);
    }
    return [...keys];
  }

  /** What `make` makes; the same again until the next event. */
  kept<T>(name: string, make: () => T): T {
    if (this.#keptAt !== this.position || this.#kept.size > KEPT_MAX) {
      this.#kept.clear();
      this.#keptAt = this.position;
    }
    if (!this.#kept.has(name)) this.#kept.set(name, make());
    return this.#kept.get(name) as T;
  }

  /** What is known of those that send. */
  get nodes(): HealthAnswer["nodes"] {
    return this.#nodes.answer;
  }
}

/** How missions may be sorted. */
export const MISSION_SORTS = ["changed", "name", "progress"] as const;

/** Which missions, and in which order. */
export interface MissionQuery {
  /** In slug, title or id. */
  readonly text: string;
  readonly phase: string;
  readonly sort: typeof MISSION_SORTS[number];
}

/** The missions that a query means, in its order. */
export function missionsFor(
  { missions }: Projection,
  { text, phase, sort }: MissionQuery,
): MissionAnswer[] {
  const has = partIs(text);
  return [...missions.all.values()].map(({ answer }) => answer)
    .filter((answer) =>
      (phase === "" || answer.phase === phase) && isCalled(answer, has)
    )
    .sort((a, b) => compareBy(sort, a, b) || compareTexts(a.key, b.key));
}

/** Whether a text is part of a name, in large or small letters. */
export function partIs(text: string): (name: string) => boolean {
  const wanted = text.toLowerCase();
  return (name) => name.toLowerCase().includes(wanted);
}

/** Whether one of a mission's names is meant. */
export function isCalled(
  { slug, title, id }: MissionAnswer,
  has: (name: string) => boolean,
): boolean {
  return has(slug) || has(title) || has(id ?? "");
}

function compareBy(
  sort: MissionQuery["sort"],
  a: MissionAnswer,
  b: MissionAnswer,
): number {
  switch (sort) {
    case "changed":
      return Date.parse(b.changed_at) - Date.parse(a.changed_at);
    case "name":
      return compareTexts(a.slug, b.slug);
    case "progress":
      return progressOf(b) - progressOf(a);
  }
}

function progressOf({ done, packages }: MissionAnswer): number {
  return packages === 0 ? 0 : done / packages;
}

/** Whether a mission can say what has changed since a revision by its cards alone. */
export function isTellable(mission: Mission, since: number): boolean {
  return since > 0 && mission.regroupedAt <= since;
}

/** The cards of a mission whose revision is above `since`, where it can say so, else all; by their ids. */
export function cardsOf(mission: Mission, since: number) {
  const isWhole = !isTellable(mission, since);
  return [...mission.packages.values()]
    .filter((one) => isWhole || mission.cardRevision(one) > since)
    .sort((a: Package, b: Package) => byNumber.compare(a.id, b.id))
    .map((one) => mission.card(one));
}

/** `WP2` before `WP10`. */
const byNumber = new Intl.Collator("en", { numeric: true });
