/** Every package of the real program, installed as far as this machine can. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { debianVersion } from "../../packaging/deb.ts";
import { pythonVersion } from "../../packaging/wheel.ts";
import { builtProgram, RUNTIME_BASE } from "../program/built.ts";
import { isThere, namesIn, tempFolder } from "../support/home.ts";
import { commandNeed, FULL, needing } from "../support/needs.ts";
import { checkCommand, checkInstalled, checkProcess } from "./installed.ts";
import { command, type Made, makePackages } from "./made.ts";
import { NpmRegistry } from "./registry.ts";

/** The real program and its packages, made at the first use. */
let made: Promise<Made & { readonly program: string }> | undefined;

function packages() {
  return made ??= builtProgram().then(async ({ path }) => ({
    ...await makePackages(path),
    program: path,
  }));
}

Deno.test.afterAll(async () => {
  await (await made)?.[Symbol.asyncDispose]();
});

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("sha256sum")],
  "SHA256SUMS: checked by sha256sum -> all files named, all as they are",
  async () => {
    const { folder, names } = await packages();
    const said = await command(["sha256sum", "--check", "SHA256SUMS"], {
      cwd: folder,
    });
    const named = said.trim().split("\n").map((line) =>
      line.replace(/: OK$/, "")
    );
    deepStrictEqual(
      named,
      names.filter((name) => name !== "SHA256SUMS").toSorted(),
    );
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("tar")],
  "tar.gz: unpacked -> the program runs, with papers, manual and completions beside it",
  async () => {
    const { folder, release, program } = await packages();
    await using temp = await tempFolder();
    const base = `kitty-events-${release.version}-linux-x64`;
    await command(
      ["tar", "-xzf", `${folder}/${base}.tar.gz`, "-C", temp.path],
    );
    const root = `${temp.path}/${base}`;
    deepStrictEqual(await namesIn(root), [
      ...["CHANGELOG.md", "LICENSE", "NOTICES", "README.md", "completions"],
      ...["docs", "kitty-events", "man", "systemd"],
    ]);
    deepStrictEqual(await namesIn(`${root}/completions`), [
      ...["_kitty-events", "kitty-events.bash"],
      ...["kitty-events.fish", "kitty-events.ps1"],
    ]);
    await checkInstalled(`${root}/kitty-events`, program);
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("python3", ["-c", "import ensurepip"])],
  "wheel: pip install -> the script is the program, and goes when it is uninstalled",
  async () => {
    const { folder, release, program } = await packages();
    await using temp = await tempFolder();
    await command(["python3", "-m", "venv", `${temp.path}/venv`]);
    const bin = `${temp.path}/venv/bin`;
    const pip = [`${bin}/python`, "-m", "pip", "--disable-pip-version-check"];
    const install = [...pip, "install", "--quiet", "--no-index"];
    const version = pythonVersion(release.version);
    await command([
      ...[...install, "--find-links", folder],
      `kitty-events==${version}`,
    ]);
    await checkInstalled(`${bin}/kitty-events`, program);
    match(await command([...pip, "list"]), /kitty-events\s+\d/);
    await command([...pip, "check"]);
    await command([...pip, "uninstall", "--quiet", "--yes", "kitty-events"]);
    ok(!await isThere(`${bin}/kitty-events`));
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "programs for Linux: symbols of glibc -> none that came after 2.27, as the packages say",
  async () => {
    for (const name of ["linux-x64", "linux-arm64"]) {
      const bytes = await Deno.readFile((await builtProgram(name)).path);
      const text = new TextDecoder("latin1").decode(bytes);
      const versions = [...text.matchAll(/GLIBC_2\.(\d+)/g)]
        .map(([, minor]) => Number(minor));
      strictEqual(Math.max(...versions), 27, name);
    }
  },
));

const DPKG = await commandNeed("dpkg");
const ROOT = { isMet: Deno.uid() === 0, reason: "it takes root" };

Deno.test(needing(
  [RUNTIME_BASE, DPKG, ROOT],
  "deb: dpkg -i into a root of its own -> the program runs, all files verify, and all go",
  async () => {
    const { folder, release, program } = await packages();
    await using temp = await tempFolder();
    const admin = `${temp.path}/var/lib/dpkg`;
    await Deno.mkdir(`${admin}/updates`, { recursive: true });
    await Deno.mkdir(`${admin}/info`);
    await Deno.writeTextFile(`${admin}/status`, "");
    const dpkg = [
      ...["dpkg", `--instdir=${temp.path}`, `--admindir=${admin}`],
      // The libraries are those of the machine, not of this root.
      "--force-depends",
    ];
    const version = debianVersion(release.version);
    await command(
      [...dpkg, "-i", `${folder}/kitty-events_${version}_amd64.deb`],
    );
    await checkInstalled(`${temp.path}/usr/bin/kitty-events`, program);
    strictEqual(await command([...dpkg, "--verify", "kitty-events"]), "");
    await command([...dpkg, "--purge", "kitty-events"]);
    ok(!await isThere(`${temp.path}/usr/bin/kitty-events`));
    ok(!await isThere(`${temp.path}/usr/share/man`));
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("lintian"), ROOT, FULL],
  "deb: looked at by lintian -> no error and no warning",
  async () => {
    const { folder, release } = await packages();
    const version = debianVersion(release.version);
    const said = await command([
      ...["lintian", "--allow-root", "--fail-on", "error,warning"],
      `${folder}/kitty-events_${version}_amd64.deb`,
    ]);
    strictEqual(said, "");
  },
));

const NPM = await commandNeed("npm");

/** Works with npm and a registry that has only these packages. */
async function withNpm(
  work: (
    at: { npm: string[]; env: Record<string, string>; program: string },
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  const { folder, names, program } = await packages();
  const npmNames = names.filter((name) => name.endsWith(".tgz"));
  await using registry = await NpmRegistry.start(folder, npmNames);
  await using temp = await tempFolder();
  const env = {
    HOME: temp.path,
    npm_config_registry: registry.url,
    npm_config_cache: `${temp.path}/cache`,
    npm_config_ignore_scripts: "true",
    npm_config_update_notifier: "false",
  };
  const npm = ["npm", "install", "--no-audit", "--no-fund"];
  await work({ npm, env, program }, temp.path);
}

Deno.test(needing(
  [RUNTIME_BASE, NPM],
  "npm install: into a project, scripts off -> the command is the program of this system, alone",
  () =>
    withNpm(async ({ npm, env, program }, folder) => {
      const cwd = `${folder}/project`;
      await Deno.mkdir(cwd);
      await Deno.writeTextFile(`${cwd}/package.json`, "{}");
      await command([...npm, "kitty-events"], { cwd, env });
      const modules = `${cwd}/node_modules`;
      deepStrictEqual(await namesIn(`${modules}/@kitty-events`), ["linux-x64"]);
      await checkInstalled(`${modules}/.bin/kitty-events`, program);
      await checkProcess(`${modules}/.bin/kitty-events`, program);
    }),
));

Deno.test(needing(
  [RUNTIME_BASE, NPM, FULL],
  "npm install --global: scripts off -> the process is the program",
  () =>
    withNpm(async ({ npm, env, program }, folder) => {
      await command([
        ...[...npm, "--global", "--prefix", `${folder}/prefix`],
        "kitty-events",
      ], { env });
      const path = `${folder}/prefix/bin/kitty-events`;
      await checkCommand([path]);
      await checkProcess(path, program);
    }),
));

Deno.test(needing(
  [RUNTIME_BASE, NPM],
  "npm install --global: of this system's package -> the command is the program",
  () =>
    withNpm(async ({ npm, env, program }, folder) => {
      await command([
        ...[...npm, "--global", "--prefix", `${folder}/prefix`],
        "@kitty-events/linux-x64",
      ], { env });
      await checkInstalled(`${folder}/prefix/bin/kitty-events`, program);
    }),
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("npx"), FULL],
  "npx: kitty-events -> runs",
  () =>
    withNpm(async ({ env }, folder) => {
      await checkCommand(["npx", "--yes", "kitty-events"], {
        cwd: folder,
        env,
      });
    }),
));
