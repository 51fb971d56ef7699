/**
 * TOML, as far as it is used: named, so that a bundle leaves the rest out.
 * Load it only where there is such a file.
 *
 * @module
 */

export { parse, stringify } from "smol-toml";
