/**
 * Makes all packages of the compiled programs:
 *
 *     deno task package [--target NAME] [--all] [--out DIR] [--programs DIR]
 *
 * The programs are those of `deno task compile`, in its folder or in DIR. Their
 * packages, the bill of materials and `SHA256SUMS` come into `dist/packages` or
 * into DIR, which is made anew.
 *
 * @module
 */

import { targetsOf, valueOf } from "./arguments.ts";
import { checksumsOf } from "./checksums.ts";
import { deb } from "./deb.ts";
import { npmMainPackage, npmProgramPackage } from "./npm.ts";
import { programArchive } from "./program_archive.ts";
import {
  type Artefact,
  type Program,
  readRelease,
  type Release,
} from "./release.ts";
import { sbom } from "./sbom.ts";
import type { Target } from "./targets.ts";
import { wheel } from "./wheel.ts";

/** What to package. */
export interface PackageOptions {
  readonly targets: readonly Target[];
  /** Where the programs lie, each in a folder named for its target. */
  readonly programs: string;
  /** Where the packages come. */
  readonly out: string;
  /** Version of the Deno that the programs were compiled with. */
  readonly runtime?: string;
}

/**
 * Makes all packages, and the list of their checksums; the names of the files.
 *
 * @throws {Deno.errors.NotFound} when a program has not been compiled
 */
export async function packagePrograms(
  release: Release,
  options: PackageOptions,
): Promise<string[]> {
  const { targets, programs, out, runtime = Deno.version.deno } = options;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  const artefacts: Artefact[] = [
    await npmMainPackage(release),
    await sbom(release, runtime),
  ];
  for (const target of targets) {
    const path = `${programs}/${target.name}/${target.program}`;
    const program = { target, content: await Deno.readFile(path) };
    artefacts.push(...await packagesOf(release, program));
  }
  const sums = new TextEncoder().encode(await checksumsOf(artefacts));
  artefacts.push({ name: "SHA256SUMS", content: sums });
  for (const { name, content } of artefacts) {
    await Deno.writeFile(`${out}/${name}`, content);
  }
  return artefacts.map(({ name }) => name);
}

/** All packages of one program. */
function packagesOf(release: Release, program: Program): Promise<Artefact[]> {
  return Promise.all([
    programArchive(release, program),
    npmProgramPackage(release, program),
    wheel(release, program),
    ...program.target.os === "linux" ? [deb(release, program)] : [],
  ]);
}

if (import.meta.main) {
  const programs = valueOf(Deno.args, "--programs") ?? "dist";
  const out = valueOf(Deno.args, "--out") ?? "dist/packages";
  const targets = targetsOf(Deno.args);
  try {
    const options = { targets, programs, out };
    const names = await packagePrograms(await readRelease(), options);
    for (const name of names) {
      const { size } = await Deno.stat(`${out}/${name}`);
      console.log(`${out}/${name}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof Deno.errors.NotFound) {
      console.error("Is the program compiled? Try: deno task compile");
    }
    Deno.exitCode = 1;
  }
}
