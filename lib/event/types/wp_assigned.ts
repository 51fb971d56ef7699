/**
 * `WPAssigned`: an agent was assigned to a work package.
 *
 * @module
 */

import type { Draft, Phase } from "../../contract/contract.ts";
import { PHASES } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  number,
  oneOf,
  workPackage,
  WP,
} from "./definition.ts";

/** An agent was assigned to a work package. */
export function wpAssigned(
  wpId: string,
  agentId: string,
  phase: Phase,
  options: EventOptions & { retryCount?: number | undefined } = {},
): Draft {
  return draft("WPAssigned", options, {
    wp_id: wpId,
    agent_id: agentId,
    phase,
    retry_count: options.retryCount,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"WPAssigned"> = {
  aggregate: ({ wp_id }) => workPackage(wp_id),
  brief: ({ wp_id, agent_id, phase }) => `${wp_id} ${agent_id} ${phase}`,
  change: null,
  command: {
    word: "wp-assigned",
    summary: "An agent was assigned to a work package.",
    example: "emit wp-assigned WP01 claude implementation",
    positionals: [
      WP,
      { name: "AGENT", help: "the agent" },
      { name: "PHASE", help: oneOf(PHASES) },
    ],
    options: {
      "retry-count": {
        kind: "text",
        value: "N",
        help: "how often it was assigned again (default 0)",
      },
    },
    draft: ({ word, text, options }) =>
      wpAssigned(word(0), word(1), word(2) as Phase, {
        ...options,
        retryCount: number(text("retry-count")),
      }),
  },
};
