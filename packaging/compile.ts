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
import { compileWithCache } from "./code_cache.ts";
import { PERMISSION_FLAGS } from "./permissions.ts";
import { ratioOf, runEmits } from "./recording.ts";
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

/** Compiles a script for a system, by the path of the program; further flags come last. */
export type Compiler = (
  entry: string,
  target: Target,
  program: string,
  more?: readonly string[],
) => Promise<void>;

/**
 * The compiler of this runtime.
 *
 * @throws {Error} that names `DENORT_BIN` where the base cannot be had
 */
export const denoCompiler: Compiler = async (
  entry,
  target,
  program,
  more = [],
) => {
  try {
    await run(Deno.execPath(), [
      ...["compile", "--quiet", "--no-check", "--no-lock", "--no-config"],
      ...COMPILE_FLAGS,
      ...more,
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
};

/** A command that takes the script, the program and flags, and the system in `TARGET`. */
export function compilerAt(path: string): Compiler {
  return async (entry, target, program, more = []) => {
    await run(path, [entry, program, ...COMPILE_FLAGS, ...more], undefined, {
      TARGET: target.triple,
    });
  };
}

/** An `emit` that takes no more than this share of what it took makes up for all that a cache is. */
const PAYS = 0.97;

/**
 * Makes the program of a bundle, with a code cache where it can be run here and
 * that pays.
 *
 * @returns what became of the cache, as a person reads it
 */
export async function makeProgram(
  compiler: Compiler,
  entry: string,
  target: Target,
  program: string,
): Promise<string> {
  await Deno.mkdir(dirname(program), { recursive: true });
  await compiler(entry, target, program);
  if (target.triple !== Deno.build.target) {
    return "without a code cache, as it cannot be run here";
  }
  const bundle = dirname(entry), work = `${bundle}-cached`;
  await Deno.remove(work, { recursive: true }).catch(() => {});
  try {
    const cached = `${work}/program/${target.program}`;
    await Deno.mkdir(dirname(cached), { recursive: true });
    await compileWithCache(
      bundle,
      work,
      cached,
      (script, path, more) => compiler(script, target, path, more),
      (recorded) => runEmits(recorded, work),
    );
    const ratio = await ratioOf(cached, program, work);
    const figure = `with it one emit takes ${ratio.toFixed(2)} of the time`;
    if (ratio > PAYS) return `without a code cache: ${figure}`;
    await Deno.rename(cached, program);
    return `with a code cache: ${figure}`;
  } catch (error) {
    // The program itself is there.
    return `without a code cache: ${
      error instanceof Error ? error.message : error
    }`;
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
}

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

if (import.meta.main) {
  const asked = targetsOf(Deno.args);
  const out = valueOf(Deno.args, "--out") ?? "dist";
  const { entry, bytes } = await bundle(`${out}/bundle`);
  console.log(`bundle: ${(bytes / 1024).toFixed(0)} KiB`);
  for (const target of asked) {
    try {
      const program = `${out}/${target.name}/${target.program}`;
      const said = await makeProgram(denoCompiler, entry, target, program);
      const { size } = await Deno.stat(program);
      console.log(
        `${program}: ${(size / 1024 / 1024).toFixed(1)} MiB, ${said}`,
      );
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      Deno.exitCode = 1;
    }
  }
}
