/**
 * What a server says of a request that it did not do.
 *
 * @module
 */

import { SERVER_WORDS_CHARS_MAX } from "./limits.ts";
import { harmless } from "./shown.ts";

/** Where servers say it, in JSON. */
const NAMES = ["error", "detail", "message", "error_message"] as const;

/**
 * The server's own words in its answer, fit for a message: in one line, not
 * too long, and with nothing that steers a terminal.
 *
 * @param json the answer as JSON
 * @returns undefined where it says nothing
 */
export function saidIn(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const fields = json as Partial<Record<string, unknown>>;
  const said = NAMES.map((name) => fields[name])
    .find((text): text is string => typeof text === "string" && text !== "");
  return said === undefined
    ? undefined
    : harmless(said.slice(0, SERVER_WORDS_CHARS_MAX).toWellFormed())
      .replaceAll("\n", "?");
}

/** Shorter than any token that means something; such a text may stand in any answer. */
const SECRET_CHARS_MIN = 8;

/**
 * An answer without what was sent as a secret: some servers and gateways
 * repeat the headers of a request that they refuse.
 */
export function withoutSecret(
  text: string,
  secret: string | undefined,
): string {
  return secret === undefined || secret.length < SECRET_CHARS_MIN
    ? text
    : text.replaceAll(secret, "(the token)");
}
