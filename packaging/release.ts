/**
 * What all packages of one release are made of.
 *
 * @module
 */

import { type ArchiveOptions, bytesOf, type Member } from "./archives.ts";
import { VERSION } from "../lib/base/build.ts";
import { run } from "./bundle.ts";
import { type Docs, readDocs } from "./docs.ts";
import { noticesOf } from "./notices.ts";
import { type Component, readComponents } from "./components.ts";
import type { Target } from "./targets.ts";

const ROOT = new URL("../", import.meta.url);

/** In every index that packages are listed in. */
export const SUMMARY =
  "Records what happens to the work packages and features of a Spec Kitty project";

/** One release: everything but the programs. */
export interface Release extends ArchiveOptions {
  readonly version: string;
  readonly docs: Docs;
  readonly license: string;
  readonly readme: string;
  /** The pages that it links to, by their names in `docs/`. */
  readonly pages: readonly { readonly name: string; readonly text: string }[];
  readonly changelog: string;
  /** The licences of what is in the program. */
  readonly notices: string;
  /** The npm packages that are in the program. */
  readonly components: readonly Component[];
}

/** A compiled program. */
export interface Program {
  readonly target: Target;
  readonly content: Uint8Array;
}

/** A file that is released. */
export interface Artefact {
  /** Its name, without a folder. */
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Reads what the packages of the checked out commit are made of.
 *
 * @param level how hard to compress, 1 to 9
 * @throws {Error} when neither `SOURCE_DATE_EPOCH` nor git tells the time
 */
export async function readRelease(level = 9): Promise<Release> {
  const read = (name: string) => Deno.readTextFile(new URL(name, ROOT));
  const [time, docs, license, readme, pages, changelog, components] =
    await Promise
      .all([
        timeOfRelease(),
        readDocs(),
        read("LICENSE"),
        read("README.md"),
        readPages(),
        read("CHANGELOG.md"),
        readComponents(),
      ]);
  return {
    version: VERSION,
    time,
    level,
    docs,
    license,
    readme,
    pages,
    changelog,
    notices: noticesOf(components),
    components,
  };
}

/** The pages of reference, in the order of their names. */
async function readPages(): Promise<Release["pages"]> {
  const folder = new URL("docs/", ROOT);
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name).filter((name) => name.endsWith(".md")).sort();
  return await Promise.all(names.map(async (name) => ({
    name,
    text: await Deno.readTextFile(new URL(name, folder)),
  })));
}

/** The time that all files bear: the reproducible-builds variable, or the commit's. */
async function timeOfRelease(): Promise<Date> {
  const seconds = Deno.env.get("SOURCE_DATE_EPOCH") ??
    await run("git", ["log", "-1", "--format=%ct"]);
  const time = new Date(Number(seconds) * 1000);
  // Zip archives know no earlier time.
  if (time.getTime() >= Date.UTC(1980, 0)) return time;
  throw new Error(
    `SOURCE_DATE_EPOCH: expected seconds from 1980 on, found ${seconds}`,
  );
}

/** What lies beside the program in packages for people. */
export function papersOf(release: Release): Member[] {
  return [
    { path: "CHANGELOG.md", content: release.changelog },
    { path: "LICENSE", content: release.license },
    { path: "NOTICES", content: release.notices },
    { path: "README.md", content: release.readme },
    ...release.pages.map(({ name, text }) => ({
      path: `docs/${name}`,
      content: text,
    })),
  ];
}

/** The program as a member of a package. */
export function programMember(
  { target, content }: Program,
  folder = "",
): Member {
  return { path: `${folder}${target.program}`, content, isProgram: true };
}

/** Moves members into a folder. */
export function within(folder: string, members: readonly Member[]): Member[] {
  return members.map((member) => ({
    ...member,
    path: `${folder}/${member.path}`,
  }));
}

/** SHA-256 of a content. */
export async function sha256(content: Member["content"]): Promise<Uint8Array> {
  const bytes = bytesOf({ content }) as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
