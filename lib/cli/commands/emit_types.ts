/**
 * The eight event types as commands: what each takes, the draft it makes, and
 * how it is told in a few words.
 *
 * A value that breaks the contract is not the command line's business: it goes
 * into the draft, and the contract says what is wrong with it.
 *
 * @module
 */

import type {
  Draft,
  EntryType,
  ErrorType,
  Phase,
  ResolutionType,
  Status,
} from "../../contract/contract.ts";
import {
  ENTRY_TYPES,
  ERROR_TYPES,
  PHASES,
  RESOLUTION_TYPES,
  STATUSES,
} from "../../contract/contract.ts";
import * as build from "../../event/builders.ts";
import type { Args, ArgsSpec } from "../args.ts";

/** An event type as a command. */
export interface EmitType extends ArgsSpec {
  /** The word behind `emit`. */
  readonly word: string;
  readonly summary: string;
  readonly example: string;
  /** Names of the texts that may be `-`, for standard input. */
  readonly fromStdin?: readonly string[];
  draft(given: Given): Draft;
}

/** What was given, with texts from standard input filled in. */
export interface Given {
  readonly args: Args;
  readonly options: build.EventOptions;
  /** The n-th positional. */
  word(n: number): string;
  text(option: string): string | undefined;
}

const WP = { name: "WP", help: "work package, such as WP01" };
const oneOf = (values: readonly string[]) => `one of ${values.join(", ")}`;

export const EMIT_TYPES: readonly EmitType[] = [
  {
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
      build.wpStatusChanged(word(0), word(1) as Status, word(2) as Status, {
        ...options,
        featureSlug: text("feature"),
        changedBy: text("changed-by"),
      }),
  },
  {
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
      build.wpCreated(
        word(0),
        word(1),
        args.list("depends-on"),
        text("feature")!,
        options,
      ),
  },
  {
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
      build.wpAssigned(word(0), word(1), word(2) as Phase, {
        ...options,
        retryCount: number(text("retry-count")),
      }),
  },
  {
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
      build.featureCreated(
        word(0),
        text("number")!,
        text("target-branch")!,
        number(text("wp-count"))!,
        { ...options, createdAt: text("created-at") },
      ),
  },
  {
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
      build.featureCompleted(word(0), number(text("total-wps"))!, {
        ...options,
        totalDuration: text("total-duration"),
        completedAt: text("completed-at"),
      }),
  },
  {
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
      build.historyAdded(word(0), word(1) as EntryType, word(2), {
        ...options,
        author: text("author"),
      }),
  },
  {
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
      build.errorLogged(text("wp") ?? null, word(0) as ErrorType, word(1), {
        ...options,
        stackTrace: text("stack-trace"),
        agentId: text("agent"),
      }),
  },
  {
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
      build.dependencyResolved(
        word(0),
        word(1),
        word(2) as ResolutionType,
        options,
      ),
  },
];

/** A number where the text is one; other text goes to the contract as it is. */
function number(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) {
    return text as number | undefined;
  }
  const value = Number(text);
  const [, fraction = ""] = text.split(".");
  // 6.9999999999999999 would become 7, which nobody has said.
  const isRounded = Number.isInteger(value) && /[1-9]/.test(fraction);
  return isRounded ? text as unknown as number : value;
}

/** A draft in a few words, of what the contract has checked or is short. */
export function brief(draft: Draft): string {
  switch (draft.event_type) {
    case "WPStatusChanged": {
      const { wp_id, previous_status, new_status } = draft.payload;
      return `${wp_id} ${previous_status} -> ${new_status}`;
    }
    case "WPAssigned":
      return `${draft.payload.wp_id} ${draft.payload.agent_id} ${draft.payload.phase}`;
    case "FeatureCreated":
    case "FeatureCompleted":
      return draft.payload.feature_slug;
    case "HistoryAdded":
      return `${draft.payload.wp_id} ${draft.payload.entry_type}`;
    case "ErrorLogged":
      return `${draft.payload.error_type} ${draft.payload.wp_id ?? ""}`.trim();
    case "DependencyResolved":
      return `${draft.payload.wp_id} ${draft.payload.dependency_wp_id} ${draft.payload.resolution_type}`;
    default:
      return draft.payload.wp_id;
  }
}
