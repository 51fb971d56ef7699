/**
 * The arguments that the scripts of this folder take.
 *
 * @module
 */

import { findTarget, type Target, TARGETS } from "./targets.ts";

/** The targets that `--target NAME` or `--all` ask for; else this system. Ends the process when there is no such target. */
export function targetsOf(args: readonly string[]): readonly Target[] {
  if (args.includes("--all")) return TARGETS;
  const word = valueOf(args, "--target") ?? Deno.build.target;
  const target = findTarget(word);
  if (target) return [target];
  console.error(
    `no such target: ${word}; there are: ${
      TARGETS.map(({ name }) => name).join(", ")
    }`,
  );
  Deno.exit(64);
}

/** The word behind an option. */
export function valueOf(
  args: readonly string[],
  option: string,
): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}
