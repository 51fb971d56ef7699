/**
 * The producer contract, type by type: who records one row loads what is said
 * of its type, and of no other.
 *
 * @module
 */

import {
  contract,
  loadType,
  validateAttributes,
} from "../../../contracts/generated/producer.js";
import { withoutVersion } from "./contracts.ts";
import type { RowContract, RowType } from "./row_contract.ts";

/** A type as it is generated. */
export type GeneratedType = Awaited<ReturnType<(typeof loadType)[string]>>;

/** Types that were loaded before, each as a contract, by the words that named them. */
const loaded = new Map<string, Promise<RowContract>>();

/** What the contract says of a type's rows. */
export function rowType({ facts, validateData }: GeneratedType): RowType {
  const { name, description, scope, subject, required_attributes } = facts;
  return {
    type: contract.type_prefix + name,
    name,
    description,
    scope,
    subject,
    requiredAttributes: required_attributes,
    dataschema: contract.dataschema_base + name,
    data: facts.data,
    validateData,
  };
}

/** The contract with some of its types. */
export function producerOf<T extends RowType>(
  types: readonly T[],
): RowContract<T> {
  const { name, version, description, type_prefix, envelope } = contract;
  return {
    name,
    version,
    description,
    prefix: type_prefix,
    envelope,
    validateAttributes,
    types: new Map(types.map((type) => [type.type, type])),
  };
}

/**
 * The contract with the one type that a word names, as `RowContracts.typeOf`
 * takes it; undefined where that is no type, or may be one of several.
 */
export async function producerFor(
  word: string,
): Promise<RowContract | undefined> {
  const before = loaded.get(word);
  if (before) return await before;
  const short = word.startsWith(contract.type_prefix)
    ? word.slice(contract.type_prefix.length)
    : word;
  const [name, ...others] = Object.keys(loadType)
    .filter((name) => name === short || withoutVersion(name) === short);
  if (name === undefined || others.length > 0) return undefined;
  const loading = loadType[name]!()
    .then((type) => producerOf([rowType(type)]));
  loaded.set(word, loading);
  return await loading;
}
