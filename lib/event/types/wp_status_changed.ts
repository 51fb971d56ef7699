/**
 * `WPStatusChanged`: a work package moved from one status to another.
 *
 * @module
 */

import type { Draft, Status } from "../../contract/contract.ts";
import { STATUSES } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  oneOf,
  workPackage,
  WP,
} from "./definition.ts";

/** A work package moved from one status to another. */
export function wpStatusChanged(
  wpId: string,
  previousStatus: Status,
  newStatus: Status,
  options: EventOptions & {
    changedBy?: string | undefined;
    featureSlug?: string | null | undefined;
  } = {},
): Draft {
  return draft("WPStatusChanged", options, {
    wp_id: wpId,
    previous_status: previousStatus,
    new_status: newStatus,
    changed_by: options.changedBy,
    feature_slug: options.featureSlug,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"WPStatusChanged"> = {
  aggregate: ({ wp_id }) => workPackage(wp_id),
  brief: ({ wp_id, previous_status, new_status }) =>
    `${wp_id} ${previous_status} -> ${new_status}`,
  change: ({ wp_id, feature_slug, new_status }) => ({
    wpId: wp_id,
    feature: feature_slug ?? "",
    status: new_status,
    isCreation: false,
  }),
  command: {
    word: "wp-status-changed",
    summary: "A work package moved from one status to another.",
    example: "emit wp-status-changed WP01 planned doing --feature 028-x",
    positionals: [
      WP,
      { name: "FROM", help: oneOf(STATUSES) },
      { name: "TO", help: oneOf(STATUSES) },
    ],
    options: {
      feature: { kind: "text", value: "SLUG", help: "its feature" },
      "changed-by": {
        kind: "text",
        value: "NAME",
        help: "who changed it (default user)",
      },
    },
    draft: ({ word, text, options }) =>
      wpStatusChanged(word(0), word(1) as Status, word(2) as Status, {
        ...options,
        featureSlug: text("feature"),
        changedBy: text("changed-by"),
      }),
  },
};
