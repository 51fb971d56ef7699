/**
 * The program as a few minified files: what an `emit` needs, and the rest,
 * which is read only when it is called for.
 *
 * @module
 */

import { pairsOf } from "./scripts.ts";

const ROOT = new URL("../", import.meta.url);

/** What the program is made of. */
const SOURCES = [
  "main.ts",
  "lib",
  "contracts",
  "web/deno.json",
  "web/generated",
  "deno.json",
  "deno.lock",
];

/** What is there before any command is: these, and all that they import. */
const CORE = ["lib/cli/cli.ts", "lib/base/world.ts"];

/** The same for rows: it, and all that it imports beyond the core, is one file. */
const ROWS = "lib/cli/commands/emit_row.ts";

/** The same for handing over to an agent elsewhere. */
const HANDING_OVER = "lib/handover/hand_over.ts";

/** The same for the queue of one's own home. */
const OWN_QUEUE = "lib/emit/own_queue.ts";

/** What tells that rows are at hand. */
const ROW_RULES = /^(?:lib\/contract\/rows\/|contracts\/row_)/;

/** Folder of their copy, while the program is bundled. */
const COPY = "sources";

/** Where the commit stands in the source; see `lib/base/build.ts`. */
const COMMIT_MARK = "from source";

/** A bundle on disk. */
export interface Bundle {
  /** The file to compile. */
  readonly entry: string;
  /** Bytes of all its files, source maps left out. */
  readonly bytes: number;
  /** Bytes of those that are loaded before any command is known. */
  readonly coreBytes: number;
}

/**
 * Bundles the program into a folder, which is made anew. Source maps lie
 * beside the files, for reading stack traces, and are no part of the program.
 */
export async function bundle(folder: string): Promise<Bundle> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  await split(await Deno.realPath(folder));
  const commit = await commitOf();
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name).filter((name) => name.endsWith(".js")).sort();
  // Each file names several others: their checksums would be a hundredth of the bundle.
  const short = new Map(
    names.filter((name) => name.startsWith("chunk-"))
      .map((name, i) => [name, `${i.toString(36)}.js`]),
  );
  const texts = new Map<string, string>();
  for (const name of names) {
    const text = (await Deno.readTextFile(`${folder}/${name}`))
      .replaceAll(`"${COMMIT_MARK}"`, JSON.stringify(commit))
      .replaceAll(/chunk-\w{8}\.js/g, (chunk) => short.get(chunk) ?? chunk);
    const renamed = short.get(name) ?? name;
    await Deno.remove(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${renamed}`, text);
    const map = await Deno.readTextFile(`${folder}/${name}.map`);
    await Deno.remove(`${folder}/${name}.map`);
    await Deno.writeTextFile(
      `${folder}/${renamed}.map`,
      map.replaceAll(`"${COPY}/`, '"'),
    );
    texts.set(renamed, text);
  }
  await withoutGoBetweens(folder, texts);
  return {
    entry: `${folder}/main.js`,
    bytes: sizeOf([...texts.values()]),
    coreBytes: sizeOf(loadedWith("main.js", texts)),
  };
}

/**
 * Takes out the files that only pass on what one other holds, as the bundler makes
 * them of files that are loaded later and shared: reading each takes its time.
 */
async function withoutGoBetweens(
  folder: string,
  texts: Map<string, string>,
): Promise<void> {
  const direct = new Map<string, string>();
  for (const [name, text] of texts) {
    const all = /^(?:import(?:\{[^{}]*\}from)?"[^"]+";)+export\{([^{}]*)\};\s*$/
      .exec(text);
    const [from, ...others] = text.matchAll(
      /import\{([^{}]*)\}from"([^"]+)";/g,
    );
    if (!all || !from || others.length > 0 || name === "main.js") continue;
    const held = new Map(
      pairsOf(from[1]!).map(([there, here]) => [here, there]),
    );
    const passed = pairsOf(all[1]!).map(([here, as]) =>
      `${as}:m.${held.get(here)}`
    );
    direct.set(
      `import("./${name}")`,
      `import("${from[2]}").then(m=>({${passed.join(",")}}))`,
    );
    texts.delete(name);
    await Deno.remove(`${folder}/${name}`);
    await Deno.remove(`${folder}/${name}.map`);
  }
  for (const [name, text] of texts) {
    const shorter = text.replaceAll(
      /import\("\.\/[^"]+"\)/g,
      (call) => direct.get(call) ?? call,
    );
    texts.set(name, shorter);
    await Deno.writeTextFile(`${folder}/${name}`, shorter);
  }
}

function sizeOf(texts: readonly string[]): number {
  return texts.reduce(
    (sum, text) => sum + new TextEncoder().encode(text).length,
    0,
  );
}

/** A file, and all that it loads at once. */
function loadedWith(
  first: string,
  texts: ReadonlyMap<string, string>,
): string[] {
  const loaded = reached(
    first,
    (name) =>
      [...texts.get(name)!.matchAll(/(?:from|import)"\.\/([^"]+)"/g)]
        .map(([, next]) => next!),
  );
  return [...loaded].map((name) => texts.get(name)!);
}

/** A file, and all that is reached from it. */
function reached(
  first: string,
  nextOf: (file: string) => readonly string[],
): Set<string> {
  const found = new Set<string>();
  const open = [first];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    open.push(...nextOf(file));
  }
  return found;
}

/**
 * Splits the program so that `main.js` and one file beside it hold what every
 * `emit` runs, and one more what an own queue takes, or an agent elsewhere. The bundler makes a file of each set of modules that the same
 * entries reach, some twenty in place of that one, and each costs an `emit` a
 * quarter of a millisecond. It cannot know that the core is there when
 * anything is loaded later, so that is written into a copy of the sources:
 * whatever is loaded later imports the core, which runs nothing anew. The same
 * is done for rows, for the queue, and for what hands over to an agent.
 */
async function split(folder: string): Promise<void> {
  // Inside, because the names of the files depend on where the sources lie beside them.
  const copy = `${folder}/${COPY}`;
  try {
    await copySources(copy);
    await run(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--minify",
      // For the other platform it would put a piece of the Node layer before the program.
      "--platform=browser",
      "--code-splitting",
      "--sourcemap=external",
      `--outdir=${folder}`,
      "main.ts",
    ], copy);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

async function copySources(copy: string): Promise<void> {
  const texts = new Map<string, string>();
  for (const source of SOURCES) {
    for await (const path of filesIn(source)) {
      texts.set(path, await Deno.readTextFile(new URL(path, ROOT)));
    }
  }
  const loadedLater = new Set(
    [...texts].flatMap(([path, text]) =>
      [...text.matchAll(/\bimport\(\s*"(\.[^"]+)"/g)]
        .map(([, to]) => new URL(to!, `file:///${path}`).pathname.slice(1))
    ),
  );
  const core = CORE.flatMap((file) => [...importedBy(file, texts)]);
  const [handing, queueing] = [HANDING_OVER, OWN_QUEUE].map((file) =>
    importedBy(file, texts).difference(new Set(core))
  ) as [Set<string>, Set<string>];
  for (const [path, text] of texts) {
    const [, ...folders] = path.split("/").reverse();
    await Deno.mkdir([copy, ...folders.reverse()].join("/"), {
      recursive: true,
    });
    const up = "./" + "../".repeat(folders.length);
    const also = loadedLater.has(path) ? [...importedBy(path, texts)] : [];
    const needed = [
      ...also.length > 0 ? CORE : [],
      ...also.some((file) => ROW_RULES.test(file)) ? [ROWS] : [],
      ...also.some((file) => queueing.has(file)) ? [OWN_QUEUE] : [],
      ...also.some((file) => handing.has(file)) ? [HANDING_OVER] : [],
    ];
    const imports = needed.map((file) => `import "${up}${file}";\n`);
    await Deno.writeTextFile(`${copy}/${path}`, `${text}\n${imports.join("")}`);
  }
}

/** A source, and all that is loaded with it. */
function importedBy(
  first: string,
  texts: ReadonlyMap<string, string>,
): Set<string> {
  // Whatever stands between the words is names only: an import within an expression is for later.
  const fixed =
    /^(?:import|export) (?!type )(?:[\w$*{},\s]*\sfrom )?"(\.[^"]+)"/gm;
  return reached(
    first,
    (path) =>
      [...(texts.get(path) ?? "").matchAll(fixed)].map(([, to]) =>
        new URL(to!, `file:///${path}`).pathname.slice(1)
      ),
  );
}

/** The files of a folder of the project, or the one file, by their paths from its root. */
async function* filesIn(source: string): AsyncGenerator<string> {
  const { isDirectory } = await Deno.stat(new URL(source, ROOT));
  if (!isDirectory) return yield source;
  for await (const { name } of Deno.readDir(new URL(source, ROOT))) {
    yield* filesIn(`${source}/${name}`);
  }
}

/** The commit that is checked out; says so where files differ from it. */
async function commitOf(): Promise<string> {
  try {
    const commit = await run("git", ["rev-parse", "--short=12", "HEAD"]);
    // Who else works in the checkout must not meet the lock of a mere look.
    const changes = await run("git", [
      "--no-optional-locks",
      ...["status", "--porcelain"],
    ]);
    return commit.trim() + (changes === "" ? "" : "-changed");
  } catch {
    return "unknown";
  }
}

/** Runs a command in the project's folder, or another; its standard output. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string | URL = ROOT,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    env,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) {
    throw new Error(
      `${command} ${args[0]} failed with exit code ${code}:\n${
        decoder.decode(stderr)
      }`,
    );
  }
  return decoder.decode(stdout);
}
