/**
 * The contracts of rows, as commands choose among them.
 *
 * @module
 */

import { usageError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import { nearMiss } from "../base/near_miss.ts";
import type { Problem } from "../base/problem.ts";
import type { RowContracts } from "../contract/rows/contracts.ts";
import { checkRow, type RowContract } from "../contract/rows/row_contract.ts";
import { openContracts, prepareRow } from "../event/rows.ts";
import { WORK_PACKAGES } from "../event/stored.ts";
import { printable } from "./output.ts";

/**
 * The contracts of rows, and the one that is asked for by name.
 *
 * @throws {KittyError} where there is none of that name
 */
export async function rowContracts(
  name: string | undefined,
  home?: string,
): Promise<{ contracts: RowContracts; chosen: RowContract | undefined }> {
  const contracts = await openContracts(home);
  const chosen = name === undefined ? undefined : contracts.named(name);
  if (name !== undefined && !chosen) throw unknownContract(name, contracts);
  return { contracts, chosen };
}

/** Said of a name that no contract has. */
export function unknownContract(name: string, contracts: RowContracts) {
  const names = [
    WORK_PACKAGES.name,
    ...contracts.all.map(({ name }) => name),
  ];
  const meant = nearMiss(name, names);
  return usageError(
    `unknown contract "${printable(name, 40)}"`,
    meant ? `did you mean ${meant}?` : `one of: ${names.join(", ")}`,
  );
}

/** What is wrong with a row, or with the draft of one. */
export function judgeRow(
  contracts: RowContracts,
  chosen: RowContract | undefined,
  value: JsonObject,
  isDraft: boolean,
): readonly Problem[] {
  if (isDraft) {
    return prepareRow(contracts, value, NOBODY, "0".repeat(12)).problems ?? [];
  }
  const contract = chosen ??
    (typeof value.type === "string"
      ? contracts.typeOf(value.type)?.contract
      : undefined);
  return contract ? checkRow(contract, value) : [contracts.unknownType(value)];
}

/** A call that fills in what keeps any contract. */
const NOBODY = {
  newId: () => "0".repeat(26),
  nowMs: 0,
  teamSlug: "local",
  project: { project_uuid: "project" },
};
