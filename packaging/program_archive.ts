/**
 * The program in an archive, for people who install by hand.
 *
 * @module
 */

import { inOrder, type Member, tarGz, zip } from "./archives.ts";
import { COMPLETION_FILES, type Shell } from "./docs.ts";
import {
  type Artefact,
  papersOf,
  type Program,
  programMember,
  type Release,
  within,
} from "./release.ts";
import { unitMembers } from "./units.ts";

/** A `.zip` for Windows, a `.tar.gz` for all others. */
export async function programArchive(
  release: Release,
  program: Program,
): Promise<Artefact> {
  const { target } = program;
  const folder = `kitty-events-${release.version}-${target.name}`;
  const { manual, completions } = release.docs;
  const members = inOrder(within(folder, [
    programMember(program),
    ...papersOf(release),
    { path: "man/kitty-events.1", content: manual },
    ...Object.entries(completions).map(([shell, content]): Member => ({
      path: `completions/${COMPLETION_FILES[shell as Shell]}`,
      content,
    })),
    ...target.os === "linux" ? within("systemd", await unitMembers()) : [],
  ]));
  return target.os === "windows"
    ? { name: `${folder}.zip`, content: await zip(members, release) }
    : { name: `${folder}.tar.gz`, content: await tarGz(members, release) };
}
