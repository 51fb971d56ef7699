/**
 * References within a schema.
 *
 * @module
 */

import { isJsonObject } from "../../base/json.ts";

/** What a reference such as `#/$defs/Item` points to; undefined where nothing is there. */
export function referred(root: object, reference: string): unknown {
  const names = reference.replace(/^#\/?/, "").split("/").filter(Boolean)
    .map((name) =>
      decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")
    );
  let found: unknown = root;
  for (const name of names) {
    const isThere = Array.isArray(found) || isJsonObject(found);
    if (!isThere || !Object.hasOwn(found as object, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
