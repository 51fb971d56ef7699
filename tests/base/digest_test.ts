/** Sums of contents. */

import { strictEqual } from "node:assert/strict";
import { sha256Hex } from "../../lib/base/digest.ts";

Deno.test("sha256Hex: a text, its bytes, some digits -> those of SHA-256, as others make them", async () => {
  // FIPS 180-4, and the same of "ü" by sha256sum.
  const abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  strictEqual(await sha256Hex("abc"), abc);
  strictEqual(await sha256Hex(new TextEncoder().encode("abc")), abc);
  strictEqual(await sha256Hex("abc", 12), abc.slice(0, 12));
  strictEqual(
    await sha256Hex("ü"),
    "607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f",
  );
});
