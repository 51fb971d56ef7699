/** What the page is made of, as it lies in the program. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { assetsModule } from "../../packaging/web.ts";
import { FILES } from "../../web/generated/assets.js";

const KIB = 1024;

Deno.test("web/generated/assets.js: made anew -> the same, or deno task web was not run", async () => {
  const path = new URL("../../web/generated/assets.js", import.meta.url);
  ok(
    await Deno.readTextFile(path) === await assetsModule(),
    "web/generated/assets.js is stale: deno task web",
  );
});

Deno.test("web/generated/assets.js: all files -> at most 150 KiB compressed", () => {
  const bytes = FILES.map(({ gzip }) => Uint8Array.fromBase64(gzip).length);
  const sum = bytes.reduce((all, each) => all + each, 0);
  ok(sum > 10 * KIB && sum <= 150 * KIB, `${sum} bytes`);
});

Deno.test("web/generated/assets.js: the index -> names the assets that there are, and nothing from elsewhere", async () => {
  const index = await textOf(FILES.find(({ path }) => path === "/")!.gzip);
  const named = [...index.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, path]) => path!).sort();
  const served = FILES.map(({ path }) => path).filter((path) => path !== "/");
  deepStrictEqual(named, served.sort());
  for (const path of served) {
    match(path, /^\/(favicon\.svg|assets\/\w+\.[0-9a-f]{12}\.(js|css))$/);
  }
  strictEqual(/<script(?![^>]* src=)|style=|\bon\w+=/.test(index), false);
});

async function textOf(gzip: string): Promise<string> {
  const bytes = new Blob([Uint8Array.fromBase64(gzip)]);
  return await new Response(
    bytes.stream().pipeThrough(new DecompressionStream("gzip")),
  ).text();
}
