/**
 * `FeatureCompleted`: all work packages of a feature are done.
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

/** All work packages of a feature are done. */
export function featureCompleted(
  featureSlug: string,
  totalWps: number,
  options: EventOptions & {
    completedAt?: string | undefined;
    totalDuration?: string | null | undefined;
  } = {},
): Draft {
  return draft("FeatureCompleted", options, {
    feature_slug: featureSlug,
    total_wps: totalWps,
    completed_at: options.completedAt,
    total_duration: options.totalDuration,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"FeatureCompleted"> = {
  aggregate: ({ feature_slug }) => feature(feature_slug),
  brief: ({ feature_slug }) => feature_slug,
  change: null,
  command: {
    word: "feature-completed",
    summary: "All work packages of a feature are done.",
    example: "emit feature-completed 028-x --total-wps 7 --total-duration PT3H",
    positionals: [{ name: "SLUG", help: "the feature" }],
    options: {
      "total-wps": {
        kind: "text",
        value: "N",
        required: true,
        help: "how many work packages it had",
      },
      "total-duration": {
        kind: "text",
        value: "DURATION",
        help: "how long it took, such as PT3H",
      },
      "completed-at": { kind: "text", value: "TIME", help: "when, RFC 3339" },
    },
    draft: ({ word, text, options }) =>
      featureCompleted(word(0), number(text("total-wps"))!, {
        ...options,
        totalDuration: text("total-duration"),
        completedAt: text("completed-at"),
      }),
  },
};
