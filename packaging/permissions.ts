/**
 * The rights that are baked into the program: the least that it can do its
 * work with. It can never start another program, and never asks for more.
 *
 * @module
 */

import { VARIABLES } from "../lib/base/variables.ts";

/**
 * Flags of `deno compile`. Reading and writing cannot be narrowed to the home:
 * that is known only when the program runs.
 */
export const PERMISSION_FLAGS: readonly string[] = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  `--allow-env=${VARIABLES.map(({ name }) => name).join(",")}`,
  "--allow-sys=hostname,uid,userInfo,statfs",
  "--deny-run",
  "--deny-ffi",
  "--no-prompt",
];
