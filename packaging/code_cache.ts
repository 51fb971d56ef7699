/**
 * The code cache that a program brings along: what V8 made of the functions
 * that it ran while it was recorded. The compiler's own would lie at a place
 * that others can write to, and holds no function that is first called later.
 *
 * @module
 */

import {
  columnOf,
  type Parts,
  partsOf,
  scriptOf,
  shellOf,
  specifierOf,
} from "./scripts.ts";

/** Compiles a script into a program, with further flags. */
export type Compile = (
  entry: string,
  program: string,
  more: readonly string[],
) => Promise<void>;

const MAIN = "main";

/**
 * Compiles a bundle into a program with a code cache.
 *
 * @param bundle the folder of a bundle that begins with `main.js`
 * @param work a folder for what is needed meanwhile, which is not there yet
 * @param program the program to be
 * @param compile for this system, as what it makes is run here
 * @param run runs a program, whose cache will hold what was run; it is done when each process has ended by `Deno.exit`
 * @throws {Error} what `run` throws, as it does when V8 refuses what was recorded
 */
export async function compileWithCache(
  bundle: string,
  work: string,
  program: string,
  compile: Compile,
  run: (program: string) => Promise<void>,
): Promise<void> {
  const texts = await textsOf(bundle);
  const recording = `${work}/recording`, caches = `${work}/caches`;
  await Deno.mkdir(caches, { recursive: true });
  await writeScripts(recording, texts, () => true);
  const recorder = await sourceOf("recorder.js");
  await Deno.writeTextFile(
    `${recording}/recorder.js`,
    `const FOLDER=${JSON.stringify(caches)};\n${recorder}`,
  );
  const entry = `${recording}/recorded.js`;
  await Deno.writeTextFile(
    entry,
    `import"./recorder.js";import"./${MAIN}.js";\n`,
  );
  const recorded = `${work}/recorded${
    Deno.build.os === "windows" ? ".exe" : ""
  }`;
  await compile(entry, recorded, includesOf(recording));
  await run(recorded);
  const cached = `${work}/cached`;
  const names = await namesIn(caches, ".cache");
  await writeScripts(cached, texts, (name) => names.includes(name));
  for (const name of names) {
    const file = `${name}.cache`;
    await Deno.copyFile(`${caches}/${file}`, `${cached}/scripts/${file}`);
  }
  await compile(`${cached}/${MAIN}.js`, program, includesOf(cached));
}

function includesOf(folder: string): string[] {
  return ["--include", `${folder}/scripts`];
}

/** The files of a bundle by their names, without `.js`. */
async function textsOf(bundle: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of await namesIn(bundle, ".js")) {
    texts.set(name, await Deno.readTextFile(`${bundle}/${name}.js`));
  }
  return texts;
}

async function namesIn(folder: string, ending: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)))
    .filter(({ name }) => name.endsWith(ending))
    .map(({ name }) => name.slice(0, -ending.length)).sort();
}

/** Writes a bundle in which some files are scripts; those that cannot be, and what imports them, stay modules. */
async function writeScripts(
  folder: string,
  texts: ReadonlyMap<string, string>,
  isWanted: (name: string) => boolean,
): Promise<void> {
  await Deno.mkdir(`${folder}/scripts`, { recursive: true });
  const scripts = scriptsOf(texts, isWanted);
  for (const [name, text] of texts) {
    const parts = scripts.get(name);
    if (parts) {
      const script = `${folder}/scripts/${name}`;
      await Deno.writeTextFile(`${script}.js`, scriptOf(parts));
      // Of no length until there is one, so that the same loader reads it.
      await Deno.writeTextFile(`${script}.cache`, "");
    }
    await Deno.writeTextFile(
      `${folder}/${name}.js`,
      parts ? shellOf(name, parts) : text,
    );
  }
  const main = mainOf(texts, scripts);
  await Deno.writeTextFile(
    `${folder}/${MAIN}.js`,
    await sourceOf("loader.js") + startOf(scripts, main) +
      // So short that reading a cache of it would take longer.
      `${scriptOf(main, { isWaiting: true })}(load,later);\n`,
  );
}

/** The file that begins; it is only ever run to start the program. */
function mainOf(
  texts: ReadonlyMap<string, string>,
  scripts: ReadonlyMap<string, Parts>,
): Parts {
  const text = texts.get(MAIN)!.replace("import.meta.main", "true");
  const parts = partsOf(text);
  if (parts?.imports.every(({ file }) => scripts.has(file))) return parts;
  throw new Error(`${MAIN}.js needs more than scripts`);
}

function scriptsOf(
  texts: ReadonlyMap<string, string>,
  isWanted: (name: string) => boolean,
): Map<string, Parts> {
  const scripts = new Map<string, Parts>();
  for (const [name, text] of texts) {
    const parts = name !== MAIN && isWanted(name) ? partsOf(text) : undefined;
    if (parts) scripts.set(name, parts);
  }
  for (let before = -1; before !== scripts.size;) {
    before = scripts.size;
    for (const [name, { imports }] of scripts) {
      if (!imports.every(({ file }) => scripts.has(file))) scripts.delete(name);
    }
  }
  return scripts;
}

/** What starts the program, behind the loader. */
function startOf(scripts: ReadonlyMap<string, Parts>, main: Parts): string {
  const columns = Object.fromEntries(
    [...scripts].map(([name, parts]) => [name, columnOf(parts)]),
  );
  const modules = new Set(
    [main, ...scripts.values()].flatMap(({ later }) => [...later]),
  ).difference(new Set(scripts.keys()));
  // Each by its own name, or the compiler would not see that it belongs to the program.
  const cases = [...modules].map((name) =>
    `case${JSON.stringify(name)}:return import("${specifierOf(name)}");`
  );
  return `start(${JSON.stringify(columns)},(name)=>{switch(name){${
    cases.join("")
  }}});\n`;
}

function sourceOf(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, import.meta.url));
}
