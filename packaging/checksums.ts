/**
 * The list that `sha256sum --check` reads.
 *
 * @module
 */

import { type Artefact, sha256 } from "./release.ts";

/** The text of `SHA256SUMS`, by name. */
export async function checksumsOf(
  artefacts: readonly Artefact[],
): Promise<string> {
  const lines = await Promise.all(artefacts.map(async ({ name, content }) => ({
    name,
    line: `${(await sha256(content)).toHex()}  ${name}\n`,
  })));
  return lines.toSorted((a, b) => a.name < b.name ? -1 : 1)
    .map(({ line }) => line).join("");
}
