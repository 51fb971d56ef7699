/** What the bundler makes of the sources. */

import { ok, strictEqual } from "node:assert/strict";
import { shippedBundle } from "../support/bundled.ts";
import { tempFolder } from "../support/home.ts";

const ROOT = new URL("../../", import.meta.url);

/** How often files of a folder, and of those in it, have a pattern. */
async function count(
  folder: URL,
  ending: string,
  pattern: RegExp,
): Promise<number> {
  let found = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = new URL(`${folder}/${name}`);
    if (isDirectory) found += await count(path, ending, pattern);
    else if (name.endsWith(ending)) {
      found += (await Deno.readTextFile(path)).match(pattern)?.length ?? 0;
    }
  }
  return found;
}

Deno.test("bundle: each `using` of the sources -> is one still; one that the bundler has put into its only use is never closed", async () => {
  await using folder = await tempFolder();
  await shippedBundle(folder.path);
  const written = /^\s*(?:await )?using \w+ =/gm;
  const sources = await count(new URL("lib", ROOT), ".ts", written);
  ok(sources > 20, `${sources}`);
  strictEqual(
    await count(new URL(`file://${folder.path}`), ".js", /\busing [\w$]+=/g),
    sources,
  );
});
