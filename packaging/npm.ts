/**
 * The npm packages: one per system that holds the program, and `kitty-events`,
 * which takes the one that fits. No script runs at installation.
 *
 * The command of a system's package is the program itself. npm links it into
 * `node_modules/.bin` of a project, where it comes before the launcher of the
 * same name in `kitty-events`: that one serves installations in which only the
 * commands of named packages are linked, and becomes the program by `exec`.
 *
 * @module
 */

import { type Member, tarGz } from "./archives.ts";
import {
  type Artefact,
  papersOf,
  type Program,
  programMember,
  type Release,
  SUMMARY,
  within,
} from "./release.ts";
import { type Target, TARGETS } from "./targets.ts";

const OS = { linux: "linux", macos: "darwin", windows: "win32" } as const;

const LAUNCHER = new URL("npm/launcher.sh", import.meta.url);

/** The name of a system's package. */
export function npmName({ name }: Target): string {
  return `@kitty-events/${name}`;
}

/** The package of one system. */
export async function npmProgramPackage(
  release: Release,
  program: Program,
): Promise<Artefact> {
  const { target } = program;
  const manifest = {
    ...manifestOf(release, npmName(target)),
    os: [OS[target.os]],
    cpu: [target.cpu],
    ...target.os === "linux" && { libc: ["glibc"] },
    bin: { "kitty-events": target.program },
    // Yarn would otherwise leave the program inside its archive.
    preferUnplugged: true,
  };
  return await npmPackage(release, manifest, [programMember(program)]);
}

/** The package that people install. */
export async function npmMainPackage(release: Release): Promise<Artefact> {
  const manifest = {
    ...manifestOf(release, "kitty-events"),
    bin: { "kitty-events": "bin/kitty-events" },
    man: "kitty-events.1",
    optionalDependencies: Object.fromEntries(
      TARGETS.map((target) => [npmName(target), release.version]),
    ),
  };
  return await npmPackage(release, manifest, [
    {
      path: "bin/kitty-events",
      content: await Deno.readTextFile(LAUNCHER),
      isProgram: true,
    },
    { path: "kitty-events.1", content: release.docs.manual },
  ]);
}

/** As much of a `package.json` as is set here. */
interface Manifest {
  readonly name: string;
  readonly [field: string]: unknown;
}

function manifestOf({ version }: Release, name: string): Manifest {
  return { name, version, description: SUMMARY, license: "MIT" };
}

async function npmPackage(
  release: Release,
  manifest: Manifest,
  members: readonly Member[],
): Promise<Artefact> {
  const base = manifest.name.replace("@", "").replace("/", "-");
  const content = await tarGz(
    within("package", [
      {
        path: "package.json",
        content: `${JSON.stringify(manifest, null, 2)}\n`,
      },
      ...papersOf(release),
      ...members,
    ]),
    release,
  );
  return { name: `npm-${base}-${release.version}.tgz`, content };
}
