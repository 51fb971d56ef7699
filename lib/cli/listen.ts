/**
 * `--listen HOST:PORT`: where a server of this program is to be found.
 *
 * @module
 */

import type { ListenAddress } from "../collector/collector.ts";
import { usageError } from "../base/errors.ts";

/** How a command says what it takes. */
interface ListenWords {
  /** Behind "--listen takes". */
  readonly expected: string;
  readonly hint: string;
}

/**
 * Reads `HOST:PORT`; an IPv6 address stands in brackets.
 *
 * @throws {KittyError} wrong usage, for anything else
 */
export function parseListen(
  text: string,
  { expected, hint }: ListenWords,
): ListenAddress {
  const [, host = "", port] =
    text.match(/^(\[[0-9a-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i) ?? [];
  if (host === "" || Number(port) > 65_535) {
    throw usageError(`--listen takes ${expected}`, hint);
  }
  return { hostname: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
