/**
 * The start of a program that brings its code cache along: what every `emit`
 * runs lies there as scripts, each beside what V8 made of it when the program
 * was built, and needs no parsing and no compiling. A cache that V8 does not
 * want, as it has other flags, is left alone, and the script compiled as ever.
 *
 * What is written behind this file calls `start`, and is the program's beginning.
 */

// The names of a Node module cannot be replaced, its object can: that is how a cache is recorded.
import vm from "node:vm";

const files = `${import.meta.dirname}/scripts/`;

/** What the scripts that have run export, by name. */
const loaded = new Map();

/** The files that are scripts, with the column that the first line of each began with in its module. */
let columns = {};

/** Loads a file that is a module. */
let importModule;

/**
 * Says where everything is.
 *
 * @param {Record<string, number>} ofScripts
 * @param {(name: string) => Promise<unknown>} ofModules
 */
export function start(ofScripts, ofModules) {
  columns = ofScripts;
  importModule = ofModules;
}

/** What a script exports; it runs when it is first asked for. */
export function load(name) {
  let exports = loaded.get(name);
  if (exports === undefined) {
    const source = Deno.readTextFileSync(`${files}${name}.js`);
    const script = new vm.Script(source, {
      filename: `${name}.js`,
      columnOffset: columns[name],
      cachedData: Deno.readFileSync(`${files}${name}.cache`),
    });
    exports = script.runInThisContext()(load, later);
    loaded.set(name, exports);
  }
  return exports;
}

/** The same of any file, as `import()` gives it. */
export async function later(name) {
  return name in columns ? load(name) : await importModule(name);
}
