/**
 * `HistoryAdded`: an entry was added to a work package's history.
 *
 * @module
 */

import type { Draft, EntryType } from "../../contract/contract.ts";
import { ENTRY_TYPES } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  oneOf,
  workPackage,
  WP,
} from "./definition.ts";

/** An entry was added to a work package's history. */
export function historyAdded(
  wpId: string,
  entryType: EntryType,
  entryContent: string,
  options: EventOptions & { author?: string | undefined } = {},
): Draft {
  return draft("HistoryAdded", options, {
    wp_id: wpId,
    entry_type: entryType,
    entry_content: entryContent,
    author: options.author,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"HistoryAdded"> = {
  aggregate: ({ wp_id }) => workPackage(wp_id),
  brief: ({ wp_id, entry_type }) => `${wp_id} ${entry_type}`,
  change: null,
  command: {
    word: "history-added",
    summary: "An entry was added to a work package's history.",
    example: 'emit history-added WP01 note "Waiting for the review"',
    fromStdin: ["TEXT"],
    positionals: [
      WP,
      { name: "KIND", help: oneOf(ENTRY_TYPES) },
      { name: "TEXT", help: "the entry, or - to read it from stdin" },
    ],
    options: {
      author: {
        kind: "text",
        value: "NAME",
        help: "who wrote it (default user)",
      },
    },
    draft: ({ word, text, options }) =>
      historyAdded(word(0), word(1) as EntryType, word(2), {
        ...options,
        author: text("author"),
      }),
  },
};
