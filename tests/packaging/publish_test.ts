/** The library, as it would be published. */

import { match, ok, strictEqual } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** Runs Deno in the project's folder; what it said. */
async function deno(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  strictEqual(code, 0, said);
  return said;
}

Deno.test("deno doc --lint: of the library -> every public symbol is documented, and refers to public ones only", async () => {
  await deno("doc", "--lint", "lib/mod.ts");
});

Deno.test("deno publish --dry-run: offline -> no slow types, and neither tests nor the command line", async () => {
  const said = await deno("publish", "--dry-run", "--allow-dirty");
  match(said, /Dry run complete/);
  ok(said.includes("/lib/mod.ts"));
  ok(said.includes("/contracts/generated/validators.js"));
  for (const folder of ["tests", "packaging", "lib/cli", "lib/collector"]) {
    ok(!said.includes(new URL(`${folder}/`, ROOT).href), folder);
  }
});
