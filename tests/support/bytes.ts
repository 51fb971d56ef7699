/** Bytes that tests send. */

import { joined } from "../../lib/base/bytes.ts";

/** Texts in UTF-8, and bytes as they are, one behind the other. */
export function bytesOf(
  ...parts: readonly (string | readonly number[])[]
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return joined(
    parts.map((part) =>
      typeof part === "string" ? encoder.encode(part) : Uint8Array.from(part)
    ),
  );
}
