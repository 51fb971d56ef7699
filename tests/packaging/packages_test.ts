/** Packages of all systems, made of stand-ins for the programs. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { TextWriter, Uint8ArrayReader, ZipReader } from "@zip.js/zip.js";
import { debianVersion } from "../../packaging/deb.ts";
import { packagePrograms } from "../../packaging/package.ts";
import { TARGETS } from "../../packaging/targets.ts";
import { pythonVersion } from "../../packaging/wheel.ts";
import { tempFolder } from "../support/home.ts";
import { commandNeed, needing } from "../support/needs.ts";
import {
  command,
  freshRelease,
  type Made,
  makePackages,
  standIn,
  testRelease,
} from "./made.ts";
import { manifestIn } from "./registry.ts";

/** Made at the first use, for all tests that only look at them. */
let made: Promise<Made> | undefined;

function packages(): Promise<Made> {
  return made ??= makePackages();
}

Deno.test.afterAll(async () => {
  await (await made)?.[Symbol.asyncDispose]();
});

Deno.test("packagePrograms: all targets -> an archive, an npm package and a wheel each, and Debian packages", async () => {
  const made = await packages();
  const { version: v } = made.release;
  const [py, deb] = [pythonVersion(v), debianVersion(v)];
  deepStrictEqual(
    made.names.toSorted(),
    [
      "SHA256SUMS",
      `kitty-events-${v}-linux-arm64.tar.gz`,
      `kitty-events-${v}-linux-x64.tar.gz`,
      `kitty-events-${v}-macos-arm64.tar.gz`,
      `kitty-events-${v}-macos-x64.tar.gz`,
      `kitty-events-${v}-windows-arm64.zip`,
      `kitty-events-${v}-windows-x64.zip`,
      `kitty-events-${v}.cdx.json`,
      `kitty-events_${deb}_amd64.deb`,
      `kitty-events_${deb}_arm64.deb`,
      `kitty_events-${py}-py3-none-macosx_12_0_arm64.whl`,
      `kitty_events-${py}-py3-none-macosx_12_0_x86_64.whl`,
      `kitty_events-${py}-py3-none-manylinux_2_27_aarch64.whl`,
      `kitty_events-${py}-py3-none-manylinux_2_27_x86_64.whl`,
      `kitty_events-${py}-py3-none-win_amd64.whl`,
      `kitty_events-${py}-py3-none-win_arm64.whl`,
      `npm-kitty-events-${v}.tgz`,
      ...TARGETS.map(({ name }) => `npm-kitty-events-${name}-${v}.tgz`),
    ].toSorted(),
  );
});

Deno.test("packagePrograms: twice -> the same checksums", async () => {
  const one = await packages();
  await using two = await makePackages(undefined, freshRelease());
  const sums = (folder: string) => Deno.readTextFile(`${folder}/SHA256SUMS`);
  strictEqual(await sums(two.folder), await sums(one.folder));
});

Deno.test("packagePrograms: a program that was not compiled -> an error, and no packages", async () => {
  await using temp = await tempFolder();
  const out = `${temp.path}/packages`;
  const options = { targets: TARGETS, programs: `${temp.path}/nowhere`, out };
  await rejects(
    packagePrograms(await testRelease(), options),
    Deno.errors.NotFound,
  );
  deepStrictEqual(await Array.fromAsync(Deno.readDir(out)), []);
});

Deno.test("npm: packages of systems -> for that system only, and all of them wanted by the main one", async () => {
  const made = await packages();
  const { version } = made.release;
  const read = async (name: string) =>
    await manifestIn(
      await Deno.readFile(`${made.folder}/npm-${name}-${version}.tgz`),
    );
  const main = await read("kitty-events");
  deepStrictEqual(
    main.optionalDependencies,
    Object.fromEntries(
      TARGETS.map(({ name }) => [`@kitty-events/${name}`, version]),
    ),
  );
  ok(!("scripts" in main));
  const systems = await Promise.all(
    TARGETS.map(async ({ name }) => {
      const { os, cpu, libc, bin } = await read(`kitty-events-${name}`);
      return [os, cpu, libc, bin].flatMap((one) => Object.values(one ?? {}));
    }),
  );
  deepStrictEqual(systems, [
    ["linux", "x64", "glibc", "kitty-events"],
    ["linux", "arm64", "glibc", "kitty-events"],
    ["darwin", "x64", "kitty-events"],
    ["darwin", "arm64", "kitty-events"],
    ["win32", "x64", "kitty-events.exe"],
    ["win32", "arm64", "kitty-events.exe"],
  ]);
});

Deno.test("zip: for Windows -> the program as .exe, with papers, manual and completions", async () => {
  const made = await packages();
  const folder = `kitty-events-${made.release.version}-windows-x64`;
  const packed = await Deno.readFile(`${made.folder}/${folder}.zip`);
  const entries = await new ZipReader(new Uint8ArrayReader(packed))
    .getEntries();
  deepStrictEqual(
    entries.map(({ filename }) => filename),
    [
      ...["CHANGELOG.md", "LICENSE", "NOTICES", "README.md"],
      "completions/_kitty-events",
      "completions/kitty-events.bash",
      "completions/kitty-events.fish",
      "completions/kitty-events.ps1",
      ...made.release.pages.map(({ name }) => `docs/${name}`),
      ...["kitty-events.exe", "man/kitty-events.1"],
    ].map((path) => `${folder}/${path}`),
  );
});

Deno.test("wheel: RECORD -> every file with its hash and size, itself without", async () => {
  const made = await packages();
  const version = pythonVersion(made.release.version);
  const packed = await Deno.readFile(
    `${made.folder}/kitty_events-${version}-py3-none-win_arm64.whl`,
  );
  const entries = await new ZipReader(new Uint8ArrayReader(packed))
    .getEntries();
  const record = entries.at(-1)!;
  strictEqual(record.filename, `kitty_events-${version}.dist-info/RECORD`);
  ok(!record.directory);
  const lines = (await record.getData(new TextWriter())).trim().split("\n");
  deepStrictEqual(
    lines.map((line) => line.split(",")[0]),
    entries.map(({ filename }) => filename),
  );
  const program = TARGETS.find(({ name }) => name === "windows-arm64")!;
  const hash = new Uint8Array(
    await crypto.subtle.digest(
      "SHA-256",
      standIn(program) as Uint8Array<ArrayBuffer>,
    ),
  ).toBase64({ alphabet: "base64url", omitPadding: true });
  strictEqual(
    lines[0],
    `kitty_events-${version}.data/scripts/kitty-events.exe,sha256=${hash},${
      standIn(program).length
    }`,
  );
  match(lines.at(-1)!, /RECORD,,$/);
});

Deno.test(needing(
  [await commandNeed("dpkg-deb")],
  "deb: read by dpkg-deb -> its system, what it needs, its size, and every file at its place",
  async () => {
    const made = await packages();
    const version = debianVersion(made.release.version);
    const path = `${made.folder}/kitty-events_${version}_arm64.deb`;
    const fields = await command(["dpkg-deb", "--field", path]);
    match(fields, /^Architecture: arm64$/m);
    match(fields, /^Depends: libc6 \(>= 2\.27\), libgcc-s1$/m);
    const listed = await command(["dpkg-deb", "--contents", path]);
    const lines = listed.trim().split("\n");
    ok(lines.every((line) => line.includes(" root/root ")), listed);
    const files = lines.filter((line) => line.startsWith("-"))
      .map((line) => line.split(/ \.\//)[1]!);
    deepStrictEqual(files, [
      "usr/bin/kitty-events",
      "usr/lib/systemd/user/kitty-events-agent.service",
      "usr/lib/systemd/user/kitty-events-sync.service",
      "usr/lib/systemd/user/kitty-events-sync.timer",
      "usr/share/bash-completion/completions/kitty-events",
      "usr/share/doc/kitty-events/NOTICES.gz",
      "usr/share/doc/kitty-events/README.md.gz",
      "usr/share/doc/kitty-events/changelog.gz",
      "usr/share/doc/kitty-events/copyright",
      ...made.release.pages.map(({ name }) =>
        `usr/share/doc/kitty-events/docs/${name}.gz`
      ),
      "usr/share/fish/vendor_completions.d/kitty-events.fish",
      "usr/share/lintian/overrides/kitty-events",
      "usr/share/man/man1/kitty-events.1.gz",
      "usr/share/zsh/vendor-completions/_kitty-events",
    ]);
    const sizes = lines.map((line) => {
      const bytes = Number(line.split(/\s+/)[2]);
      return line.startsWith("d") ? 1 : Math.ceil(bytes / 1024);
    });
    const [, size] = fields.match(/^Installed-Size: (\d+)$/m)!;
    // The root itself is no part of the package.
    strictEqual(Number(size), sizes.reduce((a, b) => a + b) - 1);
  },
));

Deno.test("pythonVersion, debianVersion: before a release -> sorted before it", () => {
  strictEqual(pythonVersion("0.2.0"), "0.2.0");
  strictEqual(pythonVersion("0.2.0-rc.1"), "0.2.0rc1");
  strictEqual(pythonVersion("0.2.0-beta.3"), "0.2.0b3");
  strictEqual(debianVersion("0.2.0"), "0.2.0");
  strictEqual(debianVersion("0.2.0-rc.1"), "0.2.0~rc.1");
});
