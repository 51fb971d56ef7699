/**
 * The npm packages that are in the program.
 *
 * @module
 */

import { run } from "./bundle.ts";

/** An npm package that is in the program. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** As an SPDX expression. */
  readonly license: string;
  /** The licence's text. */
  readonly licenseText: string;
  /** SHA-512 of the package as it was downloaded, in Base64. */
  readonly sha512: string;
}

/** What `deno info --json` says, as far as it is read here. */
interface ModuleGraph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<
    Record<string, {
      readonly name: string;
      readonly version: string;
      readonly dependencies: readonly string[];
      readonly localPath: string;
    }>
  >;
}

/** What packages need for other things than the program does with them: it does not hold these. */
const LEFT_OUT = /^(?:argparse|require-from-string)@/;

/** Where the imports of the program begin, and those of the page that lies in it. */
const ENTRIES = ["main.ts", "web/main.tsx"];

/** Follows the program's imports; by name. */
export async function readComponents(): Promise<Component[]> {
  const graphs: ModuleGraph[] = await Promise.all(
    ENTRIES.map(async (entry) =>
      JSON.parse(await run(Deno.execPath(), ["info", "--json", entry]))
    ),
  );
  const npmPackages: ModuleGraph["npmPackages"] = Object.assign(
    {},
    ...graphs.map(({ npmPackages }) => npmPackages),
  );
  const lock = JSON.parse(
    await Deno.readTextFile(new URL("../deno.lock", import.meta.url)),
  );
  const found = new Set<string>();
  const visit = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    const { dependencies } = npmPackages[id]!;
    dependencies.filter((id) => !LEFT_OUT.test(id)).forEach(visit);
  };
  for (const { npmPackage } of graphs.flatMap(({ modules }) => modules)) {
    if (npmPackage) visit(npmPackage);
  }
  return await Promise.all(
    [...found].sort().map(async (id) => {
      const { name, version, localPath } = npmPackages[id]!;
      const manifest = JSON.parse(
        await Deno.readTextFile(`${localPath}/package.json`),
      );
      const [kind, sha512] = lock.npm[id].integrity.split("-");
      if (kind !== "sha512") throw new Error(`${id}: its hash is ${kind}`);
      return {
        name,
        version,
        license: manifest.license,
        licenseText: await licenseTextIn(localPath, manifest.license),
        sha512,
      };
    }),
  );
}

/** The licence as it is in the package, or the text that its name stands for: some packages leave it out. */
async function licenseTextIn(folder: string, name: string): Promise<string> {
  for await (const file of Deno.readDir(folder)) {
    if (/^licen[cs]e(\.\w+)?$/i.test(file.name)) {
      return await Deno.readTextFile(`${folder}/${file.name}`);
    }
  }
  const own = new URL(`licenses/${name}.txt`, import.meta.url);
  return await Deno.readTextFile(own).catch(() => {
    throw new Error(`${folder} has no licence, and ${name} is not known here`);
  });
}
