/**
 * Makes the program, for this system, for another, or for all:
 *
 *     deno task compile [--target NAME] [--all] [--out DIR]
 *
 * The compiler takes a runtime base per system, which it downloads once. Where
 * that cannot be, `DENORT_BIN` names one, of the compiler's own version.
 *
 * @module
 */

import { targetsOf, valueOf } from "./arguments.ts";
import { bundle, run } from "./bundle.ts";
import { PERMISSION_FLAGS } from "./permissions.ts";
import type { Target } from "./targets.ts";

/**
 * What makes the program what it is. Without a code cache, because that would
 * lie at a place that others can write to.
 */
export const COMPILE_FLAGS: readonly string[] = [
  "--no-code-cache",
  "--unstable-kv",
  // A process that lives for 50 ms gains nothing from the first compiler, and
  // one that lives on is soon with the later ones.
  "--v8-flags=--no-sparkplug",
  ...PERMISSION_FLAGS,
];

/**
 * Compiles a bundle.
 *
 * @returns the program's path
 * @throws {Error} that names `DENORT_BIN` where the base cannot be had
 */
export async function compile(
  entry: string,
  target: Target,
  out: string,
): Promise<string> {
  const folder = `${out}/${target.name}`;
  await Deno.mkdir(folder, { recursive: true });
  const program = `${folder}/${target.program}`;
  try {
    await run(Deno.execPath(), [
      ...["compile", "--quiet", "--no-check", "--no-lock", "--no-config"],
      ...COMPILE_FLAGS,
      ...["--target", target.triple, "--output", program, entry],
    ]);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const isBase = /denort|download|dl\.deno|error sending request/i
      .test(words);
    throw isBase
      ? new Error(
        `there is no runtime base for ${target.triple}: it could not be downloaded.\n` +
          `Name one in DENORT_BIN (denort of Deno ${Deno.version.deno} for that system), or build where downloads are possible.\n\n${words}`,
      )
      : error;
  }
  return program;
}

if (import.meta.main) {
  const asked = targetsOf(Deno.args);
  const out = valueOf(Deno.args, "--out") ?? "dist";
  const { entry, bytes } = await bundle(`${out}/bundle`);
  console.log(`bundle: ${(bytes / 1024).toFixed(0)} KiB`);
  for (const target of asked) {
    try {
      const program = await compile(entry, target, out);
      const { size } = await Deno.stat(program);
      console.log(`${program}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      Deno.exitCode = 1;
    }
  }
}
