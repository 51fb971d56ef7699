/**
 * Archives whose bytes follow from what is in them: the same members and the
 * same time make the same file, on every machine.
 *
 * @module
 */

import {
  configure,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
} from "@zip.js/zip.js";
import { packTar } from "modern-tar";
import { joined } from "../lib/base/bytes.ts";
import { promisify } from "node:util";
import { gzip as gzipWithCallback } from "node:zlib";

const compress = promisify(gzipWithCallback);

/** A file in an archive. */
export interface Member {
  /** With slashes, and relative. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Whether it may be run. */
  readonly isProgram?: boolean;
}

/** What archives of one release have in common. */
export interface ArchiveOptions {
  /** When everything in it was last changed. */
  readonly time: Date;
  /** How hard to compress, 1 to 9. */
  readonly level: number;
}

/** The bytes of a member's content. */
export function bytesOf({ content }: Pick<Member, "content">): Uint8Array {
  return typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
}

/** Members by path, in the order of the bytes: locales order names differently. */
export function inOrder(members: readonly Member[]): Member[] {
  return members.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

/** One file, compressed as `gzip -n` does. */
export async function gzip(
  content: string | Uint8Array,
  level: number,
): Promise<Uint8Array> {
  const packed = await compress(bytesOf({ content }), { level });
  // The byte that names the system it was compressed on: always Unix.
  packed[9] = 3;
  return packed;
}

/** A `.tar.gz`, all of root. */
export async function tarGz(
  members: readonly Member[],
  options: ArchiveOptions & {
    /** Whether the folders are members, too; dpkg wants them. */
    readonly folders?: boolean;
  },
): Promise<Uint8Array> {
  const common = {
    mtime: options.time,
    uid: 0,
    gid: 0,
    uname: "root",
    gname: "root",
  };
  const folders = options.folders ? foldersOf(members) : [];
  const entries = [
    ...folders.map((name) => ({
      header: { ...common, name, size: 0, mode: 0o755, type: "directory" },
    } as const)),
    ...inOrder(members).map((member) => {
      const body = bytesOf(member);
      const mode = member.isProgram ? 0o755 : 0o644;
      const size = body.length;
      return { header: { ...common, name: member.path, size, mode }, body };
    }),
  ];
  return await gzip(await packTar(entries), options.level);
}

/** Every folder that the members lie in, each before what is in it. */
export function foldersOf(members: readonly Member[]): string[] {
  const folders = members.flatMap(({ path }) =>
    path.split("/").slice(0, -1)
      .map((_, i, names) => `${names.slice(0, i + 1).join("/")}/`)
  );
  return [...new Set(folders)].sort();
}

/** A `.zip`, also in the form that Python takes as a wheel. The order is kept. */
export async function zip(
  members: readonly Member[],
  { time, level }: ArchiveOptions,
): Promise<Uint8Array> {
  configure({ useWebWorkers: false });
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    level,
    dataDescriptor: false,
    extendedTimestamp: false,
    rawLastModDate: dosTime(time),
  });
  for (const member of members) {
    await writer.add(member.path, new Uint8ArrayReader(bytesOf(member)), {
      unixMode: member.isProgram ? 0o100755 : 0o100644,
    });
  }
  return await writer.close();
}

/** Of UTC: the library would take the time zone of the machine. */
function dosTime(time: Date): number {
  const date = time.getUTCFullYear() - 1980 << 9 |
    time.getUTCMonth() + 1 << 5 | time.getUTCDate();
  const clock = time.getUTCHours() << 11 | time.getUTCMinutes() << 5 |
    time.getUTCSeconds() >> 1;
  return (date << 16 | clock) >>> 0;
}

/** The plain archive of `ar`, which a Debian package is. The order is kept. */
export function ar(
  members: readonly Member[],
  { time }: Pick<ArchiveOptions, "time">,
): Uint8Array {
  const seconds = Math.floor(time.getTime() / 1000);
  const parts: (string | Uint8Array)[] = ["!<arch>\n"];
  for (const member of members) {
    const content = bytesOf(member);
    parts.push(
      member.path.padEnd(16) + `${seconds}`.padEnd(12) + "0".padEnd(6) +
        "0".padEnd(6) + "100644".padEnd(8) + `${content.length}`.padEnd(10) +
        "`\n",
      content,
      content.length % 2 === 0 ? "" : "\n",
    );
  }
  return joined(parts.map((content) => bytesOf({ content })));
}
