/**
 * Which build of the program this is.
 *
 * @module
 */

/** The version; a test holds it to that of `deno.json`, which would take all its tasks into the program. */
export const VERSION = "0.1.0";

/** The commit that the program was made of; `packaging/bundle.ts` puts it here. */
export const COMMIT = "from source";
