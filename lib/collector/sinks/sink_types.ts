/**
 * The types of events that a sink is of, as a person names them.
 *
 * @module
 */

import { usageError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { EVENT_TYPES } from "../../contract/contract.ts";
import { rowTypeOf } from "../../event/as_row.ts";
import { CONTRACTS } from "../events/arrival.ts";

/**
 * Types in their whole names, each once; those of rows may be given without prefix and version.
 *
 * @param text names with commas between them
 * @throws {KittyError} for a type that no collector takes, so that nothing would ever go there
 */
export function readTypes(text: string): readonly string[] {
  const words = text.split(",").map((word) => word.trim()).filter(Boolean);
  if (words.length === 0) throw usageError("--types names no type");
  return [...new Set(words.map(readType))];
}

/** The whole name of a type that a collector stores; undefined for any other. */
export function storedType(word: string): string | undefined {
  const ofEnvelopes = [...EVENT_TYPES, ...EVENT_TYPES.map(rowTypeOf)];
  return ofEnvelopes.find((type) => type === word) ??
    CONTRACTS.typeOf(word)?.type.type;
}

function readType(word: string): string {
  const found = storedType(word);
  if (found !== undefined) return found;
  const meant = nearMiss(word, EVENT_TYPES) ?? CONTRACTS.nearest(word);
  const ofRows = CONTRACTS.all.flatMap(({ types }) => [...types.values()]);
  const all = [...EVENT_TYPES, ...ofRows.map(({ name }) => name)].join(", ");
  throw usageError(
    `unknown event type ${JSON.stringify(word.slice(0, WORD_SHOWN_MAX))}`,
    meant ? `did you mean ${meant}? All: ${all}` : `one of: ${all}`,
  );
}

/** Characters of an unknown type that are said again. */
const WORD_SHOWN_MAX = 40;
