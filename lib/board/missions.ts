/**
 * Which names are one mission: events name it by id, by slug, or by both, and
 * a mission may be renamed.
 *
 * @module
 */

import type { EventTable } from "./event_table.ts";
import type { History } from "./history.ts";
import { Mission, Package } from "./mission.ts";
import type { OwnerRecord, Owners } from "./owners.ts";

/** Packages by their first histories. */
export type KnownPackages = WeakMap<History, Package>;

/** Key of what has neither id nor slug. */
const NAMELESS = { mission: "~mission", feature: "~feature" } as const;

/** All missions, and which of them has which events. */
export class Missions {
  readonly all: ReadonlyMap<string, Mission>;
  /** One past the position of the last event that moved packages from one mission to another. */
  readonly regroupedAt: number;
  /** Number of events then. */
  readonly #builtAt: number;
  readonly #ofOwner: ReadonlyMap<number, Mission>;
  /** Of packages whose events name no feature. */
  readonly #ofNameless: ReadonlyMap<string, Mission>;
  readonly #table: EventTable;

  /**
   * @param known packages that are known, which keep what they have found out
   * @param before as they were; those stay of which nothing has changed
   */
  constructor(
    table: EventTable,
    owners: Owners,
    known: KnownPackages,
    before?: Missions,
  ) {
    this.#table = table;
    this.#builtAt = table.size;
    const groups = groupsOf(owners.all);
    const nameless = owners.all.find(({ isNameless, owner }) =>
      isNameless && owner.kind === "feature"
    );
    const shared = nameless ? sharedWith(nameless, groups) : new Map();
    const all = new Map<string, Mission>();
    const ofOwner = new Map<number, Mission>();
    const ofNameless = new Map<string, Mission>();
    let regroupedAt = before?.regroupedAt ?? 0;
    for (const [key, records] of groups) {
      const last = before?.all.get(key);
      if (last && !nameless && last.isOf(records)) {
        all.set(key, last);
        for (const { number } of records) ofOwner.set(number, last);
        continue;
      }
      const packages = packagesOf(table, records, known, (name) => {
        if (records[0] === nameless) return shared.has(name) ? [] : undefined;
        return shared.get(name) === key
          ? [nameless!.packages.get(name)!]
          : undefined;
      });
      if (packages.size === 0 && records[0] === nameless) continue;
      const isRegrouped = before !== undefined &&
        isOtherThan(last, packages, before.#builtAt);
      if (isRegrouped) regroupedAt = table.size;
      const at = isRegrouped ? table.size : last?.regroupedAt ?? 0;
      const mission = new Mission(key, table, records, packages, at);
      all.set(key, mission);
      for (const { number } of records) ofOwner.set(number, mission);
    }
    for (const [name, key] of shared) {
      ofNameless.set(table.packages.textOf(name), all.get(key)!);
    }
    for (const key of before?.all.keys() ?? []) {
      if (!all.has(key)) regroupedAt = table.size;
    }
    this.regroupedAt = regroupedAt;
    this.all = all;
    this.#ofOwner = ofOwner;
    this.#ofNameless = ofNameless;
  }

  /** The mission that an event belongs to; undefined where it belongs to none. */
  ofRow(row: number): Mission | undefined {
    const mission = this.#ofOwner.get(this.#table.owner(row));
    if (mission && mission.key !== NAMELESS.feature) return mission;
    const name = this.#table.packages.textOf(this.#table.package(row));
    return this.#ofNameless.get(name) ?? mission;
  }

  /** The package that an event is about; undefined where it is about none. */
  packageOfRow(row: number): Package | undefined {
    const name = this.#table.package(row);
    return name === 0
      ? undefined
      : this.ofRow(row)?.packages.get(this.#table.packages.textOf(name));
  }
}

/** Whether a mission has lost packages or histories, or has some that were elsewhere before. */
function isOtherThan(
  last: Mission | undefined,
  packages: ReadonlyMap<string, Package>,
  builtAt: number,
): boolean {
  for (const [id, one] of last?.packages ?? []) {
    if (packages.get(id) !== one) return true;
  }
  for (const [id, one] of packages) {
    if (!last?.packages.has(id) && one.first < builtAt) return true;
  }
  return false;
}

/** The records that are one mission each, by its key. */
function groupsOf(
  records: readonly OwnerRecord[],
): Map<string, OwnerRecord[]> {
  const groups = new Map<string, OwnerRecord[]>();
  const put = (key: string, record: OwnerRecord) => {
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  };
  const missions = records.filter(({ owner }) => owner.kind === "mission");
  const idsBySlug = new Map<string, Set<string>>();
  for (const record of missions) {
    const { id, slug } = record.owner;
    if (id === "") continue;
    put(id, record);
    idsBySlug.set(slug, (idsBySlug.get(slug) ?? new Set()).add(id));
  }
  const ids = new Set(groups.keys());
  for (const record of missions) {
    const { id, slug } = record.owner;
    if (id !== "") continue;
    const [only, ...others] = idsBySlug.get(slug) ?? [];
    if (only !== undefined && others.length === 0 && slug !== "") {
      put(only, record);
    } else {
      put(keyOf(record, (key) => ids.has(key)), record);
    }
  }
  const taken = new Set(groups.keys());
  for (const record of records) {
    if (record.owner.kind === "mission") continue;
    put(keyOf(record, (key) => taken.has(key)), record);
  }
  return groups;
}

/** The key of what has no id: its slug, unless that is somebody else's key, or a part that addresses cannot have. */
function keyOf(
  { owner: { kind, slug }, isNameless }: OwnerRecord,
  isTaken: (key: string) => boolean,
): string {
  if (isNameless) return NAMELESS[kind];
  const isPlain = !/^(?:~|mission:|feature:|\.{1,2}$)/.test(slug) &&
    !isTaken(slug);
  return isPlain ? slug : `${kind}:${slug}`;
}

/** The one feature, by its key, that has a package of which events tell without naming it; by the package's number. */
function sharedWith(
  nameless: OwnerRecord,
  groups: ReadonlyMap<string, readonly OwnerRecord[]>,
): Map<number, string> {
  const keys = new Map<number, string[]>();
  for (const [key, records] of groups) {
    for (const record of records) {
      if (record.owner.kind === "mission" || record === nameless) continue;
      for (const name of record.packages.keys()) {
        if (!nameless.packages.has(name)) continue;
        const known = keys.get(name);
        if (known) known.push(key);
        else keys.set(name, [key]);
      }
    }
  }
  return new Map(
    [...keys].filter(([, all]) => all.length === 1)
      .map(([name, [key]]) => [name, key!]),
  );
}

/**
 * The packages of a mission, by their ids.
 *
 * @param others further histories of a package; none at all where it belongs to another mission
 */
function packagesOf(
  table: EventTable,
  records: readonly OwnerRecord[],
  known: KnownPackages,
  others: (name: number) => History[] | undefined,
): Map<string, Package> {
  const histories = new Map<number, History[]>();
  for (const { packages } of records) {
    for (const [name, history] of packages) {
      const further = others(name);
      if (further?.length === 0) continue;
      const found = histories.get(name);
      if (found) found.push(history);
      else histories.set(name, [history, ...further ?? []]);
    }
  }
  return new Map(
    [...histories].map(([name, all]) => {
      const id = table.packages.textOf(name);
      const before = known.get(all[0]!);
      if (before?.isOf(all)) return [id, before];
      const one = new Package(id, table, all);
      known.set(all[0]!, one);
      return [id, one];
    }),
  );
}
