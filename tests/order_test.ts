import { deepStrictEqual } from "node:assert/strict";
import { ALONE, FULL_ONLY, LONGEST, SLOW } from "./order.ts";

Deno.test("order: every file and folder that it names -> is there", async () => {
  const missing: string[] = [];
  for (const path of [...ALONE, ...FULL_ONLY, ...LONGEST, ...SLOW]) {
    const url = new URL(path, import.meta.url);
    const isThere = await Deno.stat(url).then(() => true, () => false);
    if (!isThere) missing.push(path);
  }
  deepStrictEqual(missing, []);
});
