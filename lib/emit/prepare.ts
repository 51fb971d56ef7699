/**
 * From a caller's draft to one that is ready to be recorded: checked against
 * the contract, filled in, and written out but for its clock value.
 *
 * @module
 */

import type { SettingsSource } from "../base/config.ts";
import type { World } from "../base/world.ts";
import { type Problem, readDraft } from "../contract/contract.ts";
import { complete, type ProjectIdentity, render } from "../event/event.ts";
import {
  discardedReceipt,
  emptyReceipt,
  lostReceipt,
  type Receipt,
} from "../event/receipt.ts";
import type { Candidate } from "../home/record.ts";

/** A draft that is ready to be recorded, or the receipt that says why it never will be. */
export type Prepared =
  | { readonly candidate: Candidate; readonly receipt?: never }
  | { readonly receipt: Receipt; readonly candidate?: never };

/** What fills in the things that a caller left open. */
export interface PreparingParts {
  readonly world: World;
  readonly settings: SettingsSource;
  readonly nodeId: string;
  readonly project: ProjectIdentity;
  readonly newId: () => string;
}

/** Prepares a draft made by code: what JSON cannot carry is a problem too. */
export function prepareValue(parts: PreparingParts, draft: unknown): Prepared {
  let text: string | undefined;
  try {
    text = JSON.stringify(draft);
  } catch {
    // A cycle, a bigint, or a `toJSON` that throws.
  }
  return text === undefined
    ? { receipt: discardedReceipt([noJson], undefined) }
    : prepareText(parts, new TextEncoder().encode(text));
}

/**
 * Prepares a draft that came as JSON text in UTF-8. Never throws.
 *
 * @param options `first`: a byte order mark may stand before it
 */
export function prepareText(
  parts: PreparingParts,
  bytes: Uint8Array,
  options?: { first?: boolean },
): Prepared {
  try {
    return prepare(parts, bytes, options);
  } catch (error) {
    // A mistake of this program must not become the caller's.
    return { receipt: lostReceipt(error) };
  }
}

function prepare(
  { newId, settings, project, nodeId, world }: PreparingParts,
  bytes: Uint8Array,
  options?: { first?: boolean },
): Prepared {
  const { disabled, teamSlug } = settings.current;
  const { draft, problems, eventType } = readDraft(bytes, options);
  if (disabled) return { receipt: emptyReceipt("disabled", eventType) };
  if (problems) return { receipt: discardedReceipt(problems, eventType) };
  const call = { newId, nowMs: world.nowMs(), teamSlug, project };
  return {
    candidate: {
      draft: render(complete(draft, call), nodeId),
      mayExist: draft.event_id !== undefined,
    },
  };
}

const noJson: Problem = {
  path: "",
  expected: "values that JSON can carry",
  found: "invalid",
};
