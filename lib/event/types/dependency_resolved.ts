/**
 * `DependencyResolved`: a work package no longer waits for another.
 *
 * @module
 */

import type { Draft, ResolutionType } from "../../contract/contract.ts";
import { RESOLUTION_TYPES } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  oneOf,
  workPackage,
} from "./definition.ts";

/** A work package no longer waits for another. */
export function dependencyResolved(
  wpId: string,
  dependencyWpId: string,
  resolutionType: ResolutionType,
  options: EventOptions = {},
): Draft {
  return draft("DependencyResolved", options, {
    wp_id: wpId,
    dependency_wp_id: dependencyWpId,
    resolution_type: resolutionType,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"DependencyResolved"> = {
  aggregate: ({ wp_id }) => workPackage(wp_id),
  brief: ({ wp_id, dependency_wp_id, resolution_type }) =>
    `${wp_id} ${dependency_wp_id} ${resolution_type}`,
  change: null,
  command: {
    word: "dependency-resolved",
    summary: "A work package no longer waits for another.",
    example: "emit dependency-resolved WP02 WP01 completed",
    positionals: [
      { name: "WP", help: "work package that waited" },
      { name: "DEPENDENCY", help: "work package that it waited for" },
      { name: "HOW", help: oneOf(RESOLUTION_TYPES) },
    ],
    options: {},
    draft: ({ word, options }) =>
      dependencyResolved(
        word(0),
        word(1),
        word(2) as ResolutionType,
        options,
      ),
  },
};
