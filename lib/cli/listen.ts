/**
 * `--listen HOST:PORT`: where a server of this program is to be found.
 *
 * @module
 */

import type { ListenAddress } from "../collector/collector.ts";
import { usageError } from "../base/errors.ts";

/** What a command takes, and how it says so. */
interface ListenRule {
  /** Behind "--listen takes". */
  readonly expected: string;
  readonly hint: string;
  /** Whether it may listen there; without it, anywhere. `host` as in a URL: IPv6 in brackets. */
  readonly allows?: (host: string) => boolean;
}

/**
 * Reads `HOST:PORT`; an IPv6 address stands in brackets.
 *
 * @throws {KittyError} wrong usage, for anything else and for what the rule forbids
 */
export function parseListen(text: string, rule: ListenRule): ListenAddress {
  const [, host = "", port] =
    text.match(/^(\[[0-9a-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i) ?? [];
  const isAllowed = host !== "" && Number(port) <= 65_535 &&
    (rule.allows?.(host) ?? true);
  if (!isAllowed) {
    throw usageError(`--listen takes ${rule.expected}`, rule.hint);
  }
  return { hostname: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
