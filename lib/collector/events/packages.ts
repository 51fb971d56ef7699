/**
 * The state of work packages, kept up with each event.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import { boardChangeOf, type MissionName } from "../../event/change.ts";
import { KEY_TEXT_MAX } from "../../base/limits.ts";

/** What is known of a work package in one feature. */
export interface PackageState {
  readonly status: string;
  /** ISO 8601, as its event has it. */
  readonly updated_at: string;
  /** Only its creation is known: any change of status is newer. */
  readonly created_only: boolean;
  /** Clock, node and id of the event that said so: they order all events. */
  readonly order: readonly [clock: number, node: string, id: string];
}

/** What an event tells of a work package. */
export interface PackageNews {
  readonly wpId: string;
  /** Empty where the event does not name it; a mission by `missionLabel`. */
  readonly feature: string;
  readonly state: PackageState;
}

/** A package's name among those of its team. */
export function packageName(
  { wpId, feature }: Pick<PackageNews, "wpId" | "feature">,
): string {
  return JSON.stringify([wpId, feature]);
}

/** A work package in a snapshot. */
export interface SnapshotPackage {
  readonly wp_id: string;
  /** Null where it belongs to a mission, or its feature is not known. */
  readonly feature_slug: string | null;
  /** Of one that belongs to a mission. */
  readonly mission_id?: string | null;
  readonly mission_slug?: string | null;
  /** One of the four of the first contract, or of the ten lanes of rows. */
  readonly status: string;
  readonly updated_at: string;
}

/**
 * What an event tells of a work package; undefined where it tells nothing. A
 * feature whose name is too long for a key is left out of snapshots.
 */
export function newsOf(document: JsonObject): PackageNews | undefined {
  const change = boardChangeOf(document);
  if (!change) return undefined;
  const { wpId, status, isCreation, mission } = change;
  const feature = mission ? missionLabel(mission) : change.feature;
  const isTooLong = feature.length > KEY_TEXT_MAX || wpId.length > KEY_TEXT_MAX;
  if (isTooLong) return undefined;
  const { lamport_clock, node_id, event_id, timestamp } = ordered(document);
  return {
    wpId,
    feature,
    state: {
      status,
      updated_at: timestamp.replace(ENDLESS_FRACTION, "$1"),
      created_only: isCreation,
      order: [lamport_clock, node_id.slice(0, KEY_TEXT_MAX), event_id],
    },
  };
}

/** What orders an event among others, whatever its contract calls it. */
function ordered(document: JsonObject) {
  const { lamport_clock, node_id, event_id, timestamp } = document;
  const { lamportclock, nodeid, id, time } = document;
  return {
    lamport_clock: (lamport_clock ?? lamportclock) as number,
    node_id: (node_id ?? nodeid) as string,
    event_id: (event_id ?? id) as string,
    timestamp: (timestamp ?? time) as string,
  };
}

/** Before a mission in the place of a feature: no feature's slug has a colon. */
const MISSION = "mission:";

function missionLabel({ id = "", slug = "" }: MissionName): string {
  return `${MISSION}${id}:${slug}`;
}

/** The mission that stands in the place of a feature, if one does. */
function missionOf(feature: string): MissionName | undefined {
  if (!feature.startsWith(MISSION)) return undefined;
  const [id, ...slug] = feature.slice(MISSION.length).split(":");
  return { id: id || undefined, slug: slug.join(":") || undefined };
}

/** Nanoseconds are enough: a state has to fit into one value. */
const ENDLESS_FRACTION = /(\.\d{9})\d+/;

/** The newer of two states. */
export function newer(
  a: PackageState | undefined,
  b: PackageState,
): PackageState {
  if (!a) return b;
  if (a.created_only !== b.created_only) return a.created_only ? b : a;
  for (const [i, value] of a.order.entries()) {
    const other = b.order[i]!;
    if (value !== other) return value > other ? a : b;
  }
  return b;
}

/** A stored state, and whose it is. */
export type PackageRow = Pick<PackageNews, "wpId" | "feature" | "state">;

/**
 * The work packages of a team. Events need not name a feature: what they tell
 * belongs to the one feature that has such a package, where there is just one.
 *
 * @param rows in any order
 */
export function snapshotOf(rows: Iterable<PackageRow>): SnapshotPackage[] {
  return [...Map.groupBy(rows, ({ wpId }) => wpId)]
    .flatMap(([wpId, states]) => {
      const missions = states.filter(({ feature }) => missionOf(feature));
      const ofFeatures = states.filter(({ feature }) => !missionOf(feature));
      const named = ofFeatures.filter(({ feature }) => feature !== "");
      const nameless = states.find(({ feature }) => feature === "");
      const [only, ...others] = named;
      const merged = only && nameless && others.length === 0
        ? [{ ...only, state: newer(nameless.state, only.state) }]
        : ofFeatures;
      return [...merged, ...missions].map((row) => packageOf(wpId, row));
    });
}

function packageOf(
  wp_id: string,
  { feature, state: { status, updated_at } }: PackageRow,
): SnapshotPackage {
  const mission = missionOf(feature);
  return {
    wp_id,
    feature_slug: mission ? null : feature || null,
    ...mission && {
      mission_id: mission.id ?? null,
      mission_slug: mission.slug ?? null,
    },
    status,
    updated_at,
  };
}
