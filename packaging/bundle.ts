/**
 * The program as a few minified files: what an `emit` needs, and the rest,
 * which is read only when it is called for.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/** Where the commit stands in the source; see `lib/build.ts`. */
const COMMIT_MARK = "from source";

/** A bundle on disk. */
export interface Bundle {
  /** The file to compile. */
  readonly entry: string;
  /** Bytes of all its files, source maps left out. */
  readonly bytes: number;
}

/**
 * Bundles the program into a folder, which is made anew. Source maps lie
 * beside the files, for reading stack traces, and are no part of the program.
 */
export async function bundle(folder: string): Promise<Bundle> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
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
  ]);
  const commit = await commitOf();
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name).filter((name) => name.endsWith(".js")).sort();
  // Each file names several others: their checksums would be a hundredth of the bundle.
  const short = new Map(
    names.filter((name) => name.startsWith("chunk-"))
      .map((name, i) => [name, `${i.toString(36)}.js`]),
  );
  let bytes = 0;
  for (const name of names) {
    const text = (await Deno.readTextFile(`${folder}/${name}`))
      .replaceAll(`"${COMMIT_MARK}"`, JSON.stringify(commit))
      .replaceAll(/chunk-\w{8}\.js/g, (chunk) => short.get(chunk) ?? chunk);
    const renamed = short.get(name) ?? name;
    await Deno.remove(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${renamed}`, text);
    await Deno.rename(`${folder}/${name}.map`, `${folder}/${renamed}.map`);
    bytes += new TextEncoder().encode(text).length;
  }
  return { entry: `${folder}/main.js`, bytes };
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

/** Runs a command in the project's folder; its standard output. */
export async function run(
  command: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
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
