/**
 * `FeatureCreated`: a feature was created.
 *
 * @module
 */

import type { Draft } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  feature,
  number,
} from "./definition.ts";

/** A feature was created. */
export function featureCreated(
  featureSlug: string,
  featureNumber: string,
  targetBranch: string,
  wpCount: number,
  options: EventOptions & { createdAt?: string | undefined } = {},
): Draft {
  return draft("FeatureCreated", options, {
    feature_slug: featureSlug,
    feature_number: featureNumber,
    target_branch: targetBranch,
    wp_count: wpCount,
    created_at: options.createdAt,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"FeatureCreated"> = {
  aggregate: ({ feature_slug }) => feature(feature_slug),
  brief: ({ feature_slug }) => feature_slug,
  change: null,
  command: {
    word: "feature-created",
    summary: "A feature was created.",
    example:
      "emit feature-created 028-x --number 028 --target-branch main --wp-count 7",
    positionals: [{
      name: "SLUG",
      help: "three digits, a dash, then a-z, 0-9 and dashes",
    }],
    options: {
      number: {
        kind: "text",
        value: "NNN",
        required: true,
        help: "its three digits",
      },
      "target-branch": {
        kind: "text",
        value: "BRANCH",
        required: true,
        help: "branch that it will be merged into",
      },
      "wp-count": {
        kind: "text",
        value: "N",
        required: true,
        help: "how many work packages it has",
      },
      "created-at": { kind: "text", value: "TIME", help: "when, RFC 3339" },
    },
    draft: ({ word, text, options }) =>
      featureCreated(
        word(0),
        text("number")!,
        text("target-branch")!,
        number(text("wp-count"))!,
        { ...options, createdAt: text("created-at") },
      ),
  },
};
