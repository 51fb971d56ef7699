import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Uint8ArrayReader, ZipReader } from "@zip.js/zip.js";
import { unpackTar } from "modern-tar";
import {
  ar,
  foldersOf,
  type Member,
  tarGz,
  zip,
} from "../../packaging/archives.ts";

const TIME = new Date("2026-05-04T03:02:02Z");
const OPTIONS = { time: TIME, level: 1 };

const MEMBERS: readonly Member[] = [
  { path: "b/text", content: "text" },
  { path: "b/program", content: "program", isProgram: true },
  { path: "a", content: new Uint8Array([0, 255]) },
];

/** What a `.tar.gz` holds. */
async function unpack(content: Uint8Array) {
  const blob = new Blob([content as Uint8Array<ArrayBuffer>]);
  const tar = blob.stream().pipeThrough(new DecompressionStream("gzip"));
  return await unpackTar(tar);
}

Deno.test("tarGz: members in any order -> the same bytes, in order, of root, at the release's time", async () => {
  const packed = await tarGz(MEMBERS, OPTIONS);
  deepStrictEqual(await tarGz(MEMBERS.toReversed(), OPTIONS), packed);
  const headers = (await unpack(packed)).map(({ header }) => header);
  deepStrictEqual(
    headers.map(({ name, mode }) => [name, mode]),
    [["a", 0o644], ["b/program", 0o755], ["b/text", 0o644]],
  );
  for (const { uid, gid, uname, mtime } of headers) {
    deepStrictEqual([uid, gid, uname, mtime], [0, 0, "root", TIME]);
  }
});

Deno.test("tarGz: header of gzip -> neither time nor machine", async () => {
  const packed = await tarGz(MEMBERS, OPTIONS);
  deepStrictEqual([...packed.slice(4, 8), packed[9]], [0, 0, 0, 0, 3]);
});

Deno.test("tarGz: with folders -> each before what is in it", async () => {
  const packed = await tarGz(MEMBERS, { ...OPTIONS, folders: true });
  const names = (await unpack(packed)).map(({ header }) => header.name);
  deepStrictEqual(names, ["b/", "a", "b/program", "b/text"]);
});

Deno.test("foldersOf: nested, and with a leading dot -> all, once", () => {
  const members = ["./a/b/c", "./a/d"].map((path) => ({ path, content: "" }));
  deepStrictEqual(foldersOf(members), ["./", "./a/", "./a/b/"]);
});

Deno.test("zip: members -> their order, modes and content, and a time without a zone", async () => {
  const packed = await zip(MEMBERS, OPTIONS);
  deepStrictEqual(await zip(MEMBERS, OPTIONS), packed);
  const entries = await new ZipReader(new Uint8ArrayReader(packed))
    .getEntries();
  deepStrictEqual(
    entries.map(({ filename, unixMode }) => [filename, unixMode]),
    [["b/text", 0o100644], ["b/program", 0o100755], ["a", 0o100644]],
  );
  for (const { rawLastModDate } of entries) {
    const [date, clock] = [
      Number(rawLastModDate) >>> 16,
      Number(rawLastModDate) & 0xffff,
    ];
    deepStrictEqual(
      [1980 + (date >> 9), date >> 5 & 15, date & 31],
      [2026, 5, 4],
    );
    deepStrictEqual(
      [clock >> 11, clock >> 5 & 63, (clock & 31) * 2],
      [3, 2, 2],
    );
  }
});

Deno.test("ar: content of odd length -> padded, so that the next header is even", () => {
  const text = new TextDecoder().decode(ar([
    { path: "one", content: "odd" },
    { path: "two", content: "even" },
  ], { time: new Date(0) }));
  const fields = (name: string, size: number) =>
    `${name.padEnd(16)}${"0".padEnd(12)}0     0     100644  ${
      `${size}`.padEnd(10)
    }\`\n`;
  strictEqual(
    text,
    `!<arch>\n${fields("one", 3)}odd\n${fields("two", 4)}even`,
  );
  ok(text.indexOf("two") % 2 === 0);
});
