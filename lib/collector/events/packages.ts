/**
 * The state of work packages, kept up with each event.
 *
 * @module
 */

import type { Envelope } from "../../contract/contract.ts";
import { changeOf } from "../../event/types/types.ts";
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
  /** Empty where the event does not name it. */
  readonly feature: string;
  readonly state: PackageState;
}

/** A work package in a snapshot. */
export interface SnapshotPackage {
  readonly wp_id: string;
  readonly feature_slug: string | null;
  readonly status: string;
  readonly updated_at: string;
}

/**
 * What an event tells of a work package; undefined where it tells nothing. A
 * feature whose name is too long for a key is left out of snapshots.
 */
export function newsOf(envelope: Envelope): PackageNews | undefined {
  const change = changeOf(envelope);
  if (!change || change.feature.length > KEY_TEXT_MAX) return undefined;
  const { wpId, feature, status, isCreation } = change;
  const { lamport_clock, node_id, event_id, timestamp } = envelope;
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
      const named = states.filter(({ feature }) => feature !== "");
      const nameless = states.find(({ feature }) => feature === "");
      const [only, ...others] = named;
      const merged = only && nameless && others.length === 0
        ? [{ ...only, state: newer(nameless.state, only.state) }]
        : states;
      return merged.map(({ feature, state }): SnapshotPackage => ({
        wp_id: wpId,
        feature_slug: feature || null,
        status: state.status,
        updated_at: state.updated_at,
      }));
    });
}
