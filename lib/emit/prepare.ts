/**
 * From a caller's draft to one that is ready to be recorded: checked against
 * the contract, filled in, and written out but for its clock value.
 *
 * @module
 */

import type { SettingsSource } from "../base/config.ts";
import type { World } from "../base/world.ts";
import type { Problem } from "../contract/contract.ts";
import { merged, readDraft } from "../contract/read.ts";
import type { JsonObject } from "../base/json.ts";
import { complete, type ProjectIdentity, render } from "../event/event.ts";
import {
  discardedReceipt,
  emptyReceipt,
  lostReceipt,
  type Receipt,
} from "../event/receipt.ts";
import { WORK_PACKAGES } from "../event/stored.ts";
import type { Candidate } from "../home/record.ts";

/** A draft that is ready to be recorded, or the receipt that says why it never will be. */
export type Prepared =
  | { readonly candidate: Candidate; readonly receipt?: never }
  | { readonly receipt: Receipt; readonly candidate?: never };

/** The same; of a row only once the contracts of rows are loaded. */
export type Preparing = Prepared | { readonly later: Promise<Prepared> };

/** All that is prepared, in its order. */
export async function settled(
  group: readonly Preparing[],
): Promise<readonly Prepared[]> {
  const isSettled = group.every((item) => !("later" in item));
  if (isSettled) return group as readonly Prepared[];
  return await Promise.all(
    group.map((item) => "later" in item ? item.later : item),
  );
}

/** What fills in the things that a caller left open. */
export interface PreparingParts {
  readonly world: World;
  readonly settings: SettingsSource;
  readonly nodeId: string;
  readonly project: ProjectIdentity;
  readonly newId: () => string;
  readonly homePath: string | undefined;
}

/** Prepares a draft made by code: what JSON cannot carry is a problem too. */
export function prepareValue(parts: PreparingParts, draft: unknown): Preparing {
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
): Preparing {
  try {
    return prepare(parts, bytes, options);
  } catch (error) {
    // A mistake of this program must not become the caller's.
    return { receipt: lostReceipt(error) };
  }
}

function prepare(
  parts: PreparingParts,
  bytes: Uint8Array,
  options?: { first?: boolean },
): Preparing {
  const { newId, settings, project, nodeId, world } = parts;
  const { disabled, teamSlug, contract = "" } = settings.current;
  const { draft, problems, eventType, row } = readDraft(bytes, options);
  if (row && contract !== WORK_PACKAGES.name) {
    const later = prepareRow(parts, row.value, row.textProblems)
      .catch((error) => ({ receipt: lostReceipt(error) }));
    return { later };
  }
  if (disabled) return { receipt: emptyReceipt("disabled", eventType) };
  if (problems) return { receipt: discardedReceipt(problems, eventType) };
  if (contract !== "" && contract !== WORK_PACKAGES.name) {
    return {
      receipt: discardedReceipt([notOf(contract, "/event_type")], eventType),
    };
  }
  const call = { newId, nowMs: world.nowMs(), teamSlug, project };
  return {
    candidate: {
      draft: render(complete(draft, call), nodeId),
      mayExist: draft.event_id !== undefined,
    },
  };
}

/** Prepares the draft of a row, which its own contract judges. */
async function prepareRow(
  { newId, settings, project, nodeId, world, homePath }: PreparingParts,
  value: JsonObject,
  textProblems: readonly Problem[],
): Promise<Prepared> {
  const { disabled, teamSlug, contract } = settings.current;
  const call = { newId, nowMs: world.nowMs(), teamSlug, project };
  const rows = await import("../event/rows.ts");
  const contracts = await rows.contractsFor(homePath, value);
  const { row, problems, eventType } = rows.prepareRow(
    contracts,
    value,
    call,
    nodeId,
  );
  if (disabled) return { receipt: emptyReceipt("disabled", eventType) };
  const isOther = contract !== undefined && eventType !== undefined &&
    contracts.typeOf(eventType)?.contract.name !== contract;
  const all = isOther
    ? [notOf(contract, "/type")]
    : merged(problems, textProblems);
  if (all.length > 0) return { receipt: discardedReceipt(all, eventType) };
  const { id } = (value.event ?? value) as JsonObject;
  return { candidate: { draft: row!, mayExist: id !== undefined } };
}

/** Said of a draft whose type is not one of the contract that is asked for. */
function notOf(contract: string, path: string): Problem {
  return {
    path,
    expected: `a type of the contract ${contract}`,
    found: "string",
    hint:
      "leave --contract, SPEC_KITTY_CONTRACT and [emit] contract out to take all",
  };
}

const noJson: Problem = {
  path: "",
  expected: "values that JSON can carry",
  found: "invalid",
};
