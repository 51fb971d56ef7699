/** Packages to look at and to install, of the real program or of stand-ins for it. */

import { packagePrograms } from "../../packaging/package.ts";
import { readRelease, type Release } from "../../packaging/release.ts";
import { type Target, TARGETS } from "../../packaging/targets.ts";
import { tempFolder } from "../support/home.ts";
import { outputOf, type ToolOptions } from "../support/needs.ts";

let release: Promise<Release> | undefined;

/** The release of what is checked out, hardly compressed; read at the first use. */
export function testRelease(): Promise<Release> {
  return release ??= freshRelease();
}

/** The same, read anew: the program prints its papers, in a process for each. */
export function freshRelease(): Promise<Release> {
  return readRelease(1);
}

/** What stands in for the program of a system. */
export function standIn({ name }: Target): Uint8Array {
  return new TextEncoder().encode(`the program for ${name}\n`);
}

/** The packages of one release. */
export interface Made extends AsyncDisposable {
  readonly release: Release;
  /** Where the packages lie. */
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * Packages all targets.
 *
 * @param real path of a real program for Linux x64; without it, a stand-in
 * @param source what they are made of
 */
export async function makePackages(
  real?: string,
  source = testRelease(),
): Promise<Made> {
  const temp = await tempFolder();
  const programs = `${temp.path}/programs`;
  for (const target of TARGETS) {
    const folder = `${programs}/${target.name}`;
    await Deno.mkdir(folder, { recursive: true });
    const path = `${folder}/${target.program}`;
    if (real && target.name === "linux-x64") await Deno.symlink(real, path);
    else await Deno.writeFile(path, standIn(target));
  }
  const [release, folder] = [await source, `${temp.path}/packages`];
  const names = await packagePrograms(release, {
    targets: TARGETS,
    programs,
    out: folder,
  });
  const dispose = () => temp[Symbol.asyncDispose]();
  return { release, folder, names, [Symbol.asyncDispose]: dispose };
}

/** Runs a command line that has to end well; its standard output. */
export function command(
  [name, ...args]: readonly string[],
  options: Pick<ToolOptions, "cwd" | "env"> = {},
): Promise<string> {
  return outputOf(name!, args, options);
}
