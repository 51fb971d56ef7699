/**
 * Which build this is.
 *
 * @module
 */

/** The commit that the program was made of; `packaging/bundle.ts` puts it here. */
export const COMMIT = "from source";
