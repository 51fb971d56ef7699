/**
 * `WPCreated`: a work package was created.
 *
 * @module
 */

import type { Draft } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  workPackage,
  WP,
} from "./definition.ts";

/** A work package was created. */
export function wpCreated(
  wpId: string,
  title: string,
  dependencies: readonly string[],
  featureSlug: string,
  options: EventOptions = {},
): Draft {
  return draft("WPCreated", options, {
    wp_id: wpId,
    title,
    dependencies,
    feature_slug: featureSlug,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"WPCreated"> = {
  aggregate: ({ wp_id }) => workPackage(wp_id),
  brief: ({ wp_id }) => wp_id,
  change: ({ wp_id, feature_slug }) => ({
    wpId: wp_id,
    feature: feature_slug,
    status: "planned",
    isCreation: true,
  }),
  command: {
    word: "wp-created",
    summary: "A work package was created.",
    example:
      'emit wp-created WP02 "Parse the header" --feature 028-x --depends-on WP01',
    positionals: [WP, { name: "TITLE", help: "its title" }],
    options: {
      feature: {
        kind: "text",
        value: "SLUG",
        required: true,
        help: "its feature",
      },
      "depends-on": {
        kind: "list",
        value: "WP",
        help: "a work package that it waits for; may be repeated",
      },
    },
    draft: ({ args, word, text, options }) =>
      wpCreated(
        word(0),
        word(1),
        args.list("depends-on"),
        text("feature")!,
        options,
      ),
  },
};
