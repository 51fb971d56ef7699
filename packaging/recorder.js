/**
 * Loaded before a program that is run to record its code cache: keeps what V8
 * has made of each script when the process ends, on top of what runs before it
 * left there. `FOLDER` is put in by what builds the program.
 */

import vm from "node:vm";

const scripts = new Map();

class RecordedScript extends vm.Script {
  constructor(source, { filename, ...options }) {
    const path = `${FOLDER}/${filename.replace(/\.js$/, ".cache")}`;
    super(source, { filename, ...options, cachedData: cacheAt(path) });
    if (this.cachedDataRejected) throw new Error(`${path}: V8 refused it`);
    scripts.set(path, this);
  }
}

function cacheAt(path) {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

vm.Script = RecordedScript;

const exit = Deno.exit;
Deno.exit = (code) => {
  for (const [path, script] of scripts) {
    Deno.writeFileSync(path, script.createCachedData());
  }
  exit(code);
};
