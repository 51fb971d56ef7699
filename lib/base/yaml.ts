/**
 * YAML, as far as it is used: named, so that a bundle leaves the rest out.
 * Load it only where the small reader of `project.ts` gives up.
 *
 * @module
 */

export { parse } from "yaml";
