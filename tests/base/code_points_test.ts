/** Text in the order of its characters. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { byCodePoint } from "../../lib/base/code_points.ts";

Deno.test("byCodePoint: characters beyond 16 bits -> behind all others", () => {
  const texts = ["\u{1f600}", "\uff5e", "a", "ab", ""];
  deepStrictEqual(texts.toSorted(byCodePoint), [
    "",
    "a",
    "ab",
    "\uff5e",
    "\u{1f600}",
  ]);
  // Within one pair of halves, too.
  strictEqual(Math.sign(byCodePoint("\u{1f600}", "\u{1f601}")), -1);
});
