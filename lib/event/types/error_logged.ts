/**
 * `ErrorLogged`: something went wrong; `wpId` null where it concerns no work package.
 *
 * @module
 */

import type { Draft, ErrorType } from "../../contract/contract.ts";
import { ERROR_TYPES } from "../../contract/contract.ts";
import {
  draft,
  type EventOptions,
  type EventTypeDefinition,
  feature,
  oneOf,
  workPackage,
} from "./definition.ts";

/** Something went wrong; `wpId` null where it concerns no work package. */
export function errorLogged(
  wpId: string | null,
  errorType: ErrorType,
  errorMessage: string,
  options: EventOptions & {
    stackTrace?: string | null | undefined;
    agentId?: string | null | undefined;
  } = {},
): Draft {
  return draft("ErrorLogged", options, {
    error_type: errorType,
    error_message: errorMessage,
    wp_id: wpId ?? undefined,
    stack_trace: options.stackTrace,
    agent_id: options.agentId,
  });
}

/** @see EventTypeDefinition */
export const definition: EventTypeDefinition<"ErrorLogged"> = {
  aggregate: ({ wp_id }) => wp_id ? workPackage(wp_id) : feature("error"),
  brief: ({ error_type, wp_id }) => `${error_type} ${wp_id ?? ""}`.trim(),
  change: null,
  command: {
    word: "error-logged",
    summary: "Something went wrong.",
    example:
      'emit error-logged runtime "The build ran out of memory" --wp WP01',
    fromStdin: ["stack-trace"],
    positionals: [
      { name: "KIND", help: oneOf(ERROR_TYPES) },
      { name: "MESSAGE", help: "the error's message" },
    ],
    options: {
      wp: { kind: "text", value: "WP", help: "work package that it concerns" },
      "stack-trace": {
        kind: "text",
        value: "TEXT",
        help: "the stack trace, or - to read it from stdin",
      },
      agent: { kind: "text", value: "NAME", help: "agent that it happened to" },
    },
    draft: ({ word, text, options }) =>
      errorLogged(text("wp") ?? null, word(0) as ErrorType, word(1), {
        ...options,
        stackTrace: text("stack-trace"),
        agentId: text("agent"),
      }),
  },
};
