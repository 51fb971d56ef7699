/**
 * How large values of the collector's Deno KV become.
 *
 * @module
 */

import { KEY_TEXT_MAX } from "../../base/limits.ts";
import { toBytes } from "../../home/queue_layout.ts";

/** Bytes of a text in JSON, without what quotes it; never fewer than in a key. */
export function jsonBytes(text: string): number {
  const isPlain = /^[ !#-[\]-\x7f]*$/.test(text), QUOTES = 2;
  return isPlain ? text.length : toBytes(text).length - QUOTES;
}

/** Most bytes of a code unit in JSON. */
const ESCAPED = 6;

/** Most bytes of what is stored of a node, and of a work package: beside names, they have numbers, times and an id. */
export const NODE_BYTES_MAX = 300 + ESCAPED * KEY_TEXT_MAX;
export const STATE_BYTES_MAX = 230 + ESCAPED * KEY_TEXT_MAX;
