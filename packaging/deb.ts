/**
 * The Debian packages, written without Debian's tools, so that every system
 * can make them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  ar,
  bytesOf,
  foldersOf,
  gzip,
  inOrder,
  type Member,
  tarGz,
} from "./archives.ts";
import {
  type Artefact,
  type Program,
  programMember,
  type Release,
  SUMMARY,
  within,
} from "./release.ts";
import { unitMembers } from "./units.ts";

const ARCHITECTURES = { x64: "amd64", arm64: "arm64" } as const;

/** There is no list to write to; the field may not be empty. */
const MAINTAINER =
  "The kitty-events authors <maintainers@kitty-events.invalid>";

/** The package of one Linux system. */
export async function deb(
  release: Release,
  program: Program,
): Promise<Artefact> {
  const architecture = ARCHITECTURES[program.target.cpu];
  const version = debianVersion(release.version);
  const files = inOrder(await filesOf(release, program));
  const control = [
    { path: "./control", content: controlOf(version, architecture, files) },
    { path: "./md5sums", content: md5sums(files) },
  ];
  const options = { ...release, folders: true };
  const content = ar([
    { path: "debian-binary", content: "2.0\n" },
    { path: "control.tar.gz", content: await tarGz(control, options) },
    {
      path: "data.tar.gz",
      content: await tarGz(within(".", files), options),
    },
  ], release);
  return { name: `kitty-events_${version}_${architecture}.deb`, content };
}

/** A version as Debian writes it: what comes before a release has a tilde. */
export function debianVersion(version: string): string {
  return version.replace("-", "~");
}

async function filesOf(release: Release, program: Program): Promise<Member[]> {
  const { docs, level } = release;
  const { bash, zsh, fish } = docs.completions;
  const doc = "usr/share/doc/kitty-events";
  return [
    programMember(program, "usr/bin/"),
    ...within("usr/lib/systemd/user", await unitMembers()),
    {
      path: "usr/share/bash-completion/completions/kitty-events",
      content: bash,
    },
    {
      path: "usr/share/fish/vendor_completions.d/kitty-events.fish",
      content: fish,
    },
    { path: "usr/share/zsh/vendor-completions/_kitty-events", content: zsh },
    {
      path: "usr/share/man/man1/kitty-events.1.gz",
      content: await gzip(docs.manual, 9),
    },
    { path: `${doc}/copyright`, content: copyright(release) },
    { path: `${doc}/NOTICES.gz`, content: await gzip(release.notices, 9) },
    { path: `${doc}/README.md.gz`, content: await gzip(release.readme, level) },
    ...await Promise.all(release.pages.map(async ({ name, text }) => ({
      path: `${doc}/docs/${name}.gz`,
      content: await gzip(text, level),
    }))),
    { path: `${doc}/changelog.gz`, content: await gzip(debianLog(release), 9) },
    {
      path: "usr/share/lintian/overrides/kitty-events",
      content: OVERRIDES,
    },
  ];
}

function controlOf(
  version: string,
  architecture: string,
  files: readonly Member[],
): string {
  return [
    "Package: kitty-events",
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${installedSize(files)}`,
    "Depends: libc6 (>= 2.27), libgcc-s1",
    "Section: devel",
    "Priority: optional",
    "Description: recorder of events for Spec Kitty projects",
    ` ${SUMMARY}:`,
    " checked against a published schema, kept in a durable queue on disk, and",
    " delivered to a server at least once. The same program can be that server.",
    "",
  ].join("\n");
}

/** In KiB, as Debian counts it: files rounded up each, folders one each. */
function installedSize(files: readonly Member[]): number {
  return files.reduce(
    (sum, file) => sum + Math.ceil(bytesOf(file).length / 1024),
    foldersOf(files).length,
  );
}

function md5sums(files: readonly Member[]): string {
  return files.map((file) =>
    `${createHash("md5").update(bytesOf(file)).digest("hex")}  ${file.path}\n`
  ).join("");
}

function copyright({ license }: Release): string {
  const [, holder = ""] = license.match(/^Copyright \(c\) (.*)$/m) ?? [];
  const text = license.slice(license.indexOf("Permission is hereby")).trim()
    .split("\n").map((line) => ` ${line || "."}`).join("\n");
  return [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
    "Upstream-Name: kitty-events",
    "Comment: The licences of what the program contains are in NOTICES.gz.",
    "",
    "Files: *",
    `Copyright: ${holder}`,
    "License: Expat",
    text,
    "",
  ].join("\n");
}

function debianLog({ version, time }: Release): string {
  const date = time.toUTCString().replace("GMT", "+0000");
  return [
    `kitty-events (${debianVersion(version)}) unstable; urgency=low`,
    "",
    "  * Release; what changed stands in CHANGELOG.md of the project.",
    "",
    ` -- ${MAINTAINER}  ${date}`,
    "",
  ].join("\n");
}

/** The runtime is linked to libraries of its own. */
const OVERRIDES = "kitty-events: embedded-library\n";
