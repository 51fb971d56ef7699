/** What the compiled program is made of. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { CONTRACT_VERSION } from "../../lib/contract/contract.ts";
import { VERSION } from "../../lib/base/build.ts";
import { run as runHere } from "../../packaging/bundle.ts";
import { commandNeed, needing } from "../support/needs.ts";
import {
  builtProgram,
  builtScript,
  programUser,
  RUNTIME_BASE,
} from "./built.ts";

/** What a system needs to have; glibc and the compiler's runtime, nothing else. */
const LIBRARIES = [
  "ld-linux-x86-64.so.2",
  "libc.so.6",
  "libdl.so.2",
  "libgcc_s.so.1",
  "libm.so.6",
  "libpthread.so.0",
  "librt.so.1",
];

const MIB = 1024 * 1024;

Deno.test(needing(
  [RUNTIME_BASE],
  "--version: compiled -> version, commit, contract, runtime and system",
  async () => {
    await using user = await programUser();
    const commit = await runHere("git", ["rev-parse", "--short=12", "HEAD"]);
    const { stdout } = await user.run("kitty-events --version --json");
    const document = JSON.parse(stdout);
    match(document.deno, /^2\.\d+\.\d+$/);
    deepStrictEqual(
      { ...document, commit: document.commit.replace(/-changed$/, "") },
      {
        version: VERSION,
        commit: commit.trim(),
        contract: CONTRACT_VERSION,
        deno: document.deno,
        target: "x86_64-unknown-linux-gnu",
      },
    );
    const { stdout: line } = await user.run("kitty-events --version");
    strictEqual(
      line,
      `kitty-events ${VERSION} (${document.commit}, contract ${document.contract}, Deno ${document.deno}, ${document.target})\n`,
    );
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("ldd")],
  "program: its libraries -> seven that every glibc system has",
  async () => {
    const { path } = await builtProgram();
    const listed = (await runHere("ldd", [path])).trim().split("\n")
      .map((line) => line.trim().split(" ")[0]!.replace(/^.*\//, ""))
      .filter((name) => !name.startsWith("linux-vdso"));
    deepStrictEqual(listed.sort(), LIBRARIES);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "program: its size -> at most 3 MiB over an empty one, 1,200 KiB of script, 95 of which every command loads",
  async () => {
    const { path, bundleBytes, coreBytes } = await builtProgram();
    const empty = await builtScript("empty", "");
    const sizes = [path, empty].map(async (at) => (await Deno.stat(at)).size);
    const [own, floor] = await Promise.all(sizes);
    ok(own! - floor! <= 3 * MIB, `${own! - floor!} bytes over an empty one`);
    ok(bundleBytes <= 1200 * 1024, `${bundleBytes} bytes of script`);
    ok(coreBytes <= 95 * 1024, `${coreBytes} bytes before any command`);
    ok(coreBytes > 80 * 1024);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "program for Windows x64: built (it cannot be run here) -> a Windows program",
  async () => {
    using file = await Deno.open((await builtProgram("windows-x64")).path);
    const start = new Uint8Array(2);
    await file.read(start);
    strictEqual(new TextDecoder().decode(start), "MZ");
  },
));
