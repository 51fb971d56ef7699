/**
 * The Python wheels: the program as a script, so that pip puts it beside the
 * interpreter. There is nothing to import.
 *
 * @module
 */

import { bytesOf, type Member, zip } from "./archives.ts";
import {
  type Artefact,
  type Program,
  programMember,
  type Release,
  sha256,
  SUMMARY,
} from "./release.ts";
import type { Target } from "./targets.ts";

/** What each program runs on: Linux from glibc 2.27, macOS from version 12. */
const PLATFORMS: Readonly<
  Record<Target["os"], Readonly<Record<Target["cpu"], string>>>
> = {
  linux: { x64: "manylinux_2_27_x86_64", arm64: "manylinux_2_27_aarch64" },
  macos: { x64: "macosx_12_0_x86_64", arm64: "macosx_12_0_arm64" },
  windows: { x64: "win_amd64", arm64: "win_arm64" },
};

/** The wheel of one system. */
export async function wheel(
  release: Release,
  program: Program,
): Promise<Artefact> {
  const { os, cpu } = program.target;
  const tag = `py3-none-${PLATFORMS[os][cpu]}`;
  const base = `kitty_events-${pythonVersion(release.version)}`;
  const info = `${base}.dist-info`;
  const members = [
    programMember(program, `${base}.data/scripts/`),
    {
      path: `${base}.data/data/share/man/man1/kitty-events.1`,
      content: release.docs.manual,
    },
    { path: `${info}/METADATA`, content: metadata(release) },
    { path: `${info}/WHEEL`, content: wheelText(tag) },
    { path: `${info}/licenses/LICENSE`, content: release.license },
    { path: `${info}/licenses/NOTICES`, content: release.notices },
  ];
  const record = await recordOf(members, `${info}/RECORD`);
  return {
    name: `${base}-${tag}.whl`,
    content: await zip([...members, record], release),
  };
}

/** A version as Python writes it: `0.2.0-rc.1` is `0.2.0rc1`. */
export function pythonVersion(version: string): string {
  return version.replace(
    /-(alpha|beta|rc)\.?(\d+)$/,
    (_, stage: string, n: string) =>
      `${stage === "rc" ? stage : stage.slice(0, 1)}${n}`,
  );
}

function metadata({ version, readme }: Release): string {
  return [
    "Metadata-Version: 2.4",
    "Name: kitty-events",
    `Version: ${pythonVersion(version)}`,
    `Summary: ${SUMMARY}`,
    "License-Expression: MIT",
    "License-File: LICENSE",
    "License-File: NOTICES",
    "Requires-Python: >=3.8",
    "Description-Content-Type: text/markdown",
    "",
    readme,
  ].join("\n");
}

function wheelText(tag: string): string {
  return [
    "Wheel-Version: 1.0",
    "Generator: kitty-events",
    "Root-Is-Purelib: false",
    `Tag: ${tag}`,
    "",
  ].join("\n");
}

/** The list of all files with their hashes, itself without one. */
async function recordOf(
  members: readonly Member[],
  path: string,
): Promise<Member> {
  const lines = await Promise.all(members.map(async (member) => {
    const hash = (await sha256(member.content))
      .toBase64({ alphabet: "base64url", omitPadding: true });
    return `${member.path},sha256=${hash},${bytesOf(member).length}\n`;
  }));
  return { path, content: `${lines.join("")}${path},,\n` };
}
