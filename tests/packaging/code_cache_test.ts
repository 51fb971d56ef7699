/** A program with a code cache does what it does without one. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { type Compile, compileWithCache } from "../../packaging/code_cache.ts";
import { compilerAt } from "../../packaging/compile.ts";
import { partsOf, scriptOf, shellOf } from "../../packaging/scripts.ts";
import { findTarget } from "../../packaging/targets.ts";
import { RUNTIME_BASE, TOOLS } from "../program/built.ts";
import { isThere, tempFolder } from "../support/home.ts";
import { type Need, needing, runTool, UNIX } from "../support/needs.ts";

/** What a bundler writes: `late` is loaded when it is called for, `never` is not. */
const BUNDLE: Readonly<Record<string, string>> = {
  main:
    `import{a as x,b}from"./core.js";x("main",import.meta.main);const m=await import("./late.js");` +
    `await m.go(Deno.args[0]);b();Deno.exit(3);\n`,
  core:
    `var n=0;function say(...w){n++;console.log(...w)}function where(){return new Error().stack.match(/core\\.js:(\\d+:\\d+)/)[1]}` +
    `function last(){say("said",n,where())}export{say as a,last as b,n as c};\n/*! a licence */\n`,
  late:
    `import{a as s}from"./core.js";async function go(w){s("late",w);if(w==="more"){const{default:d}=await import("./never.js");d();const{sep:p}=await import("node:path");s(p.length)}}export{go};\n`,
  never:
    `import{a}from"./core.js";var f=()=>a("never",import.meta.url.endsWith("/never.js"));export{f as default};\n`,
};

const COMPILER = `${TOOLS}compile-offline`;

async function writeBundle(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const [name, text] of Object.entries(BUNDLE)) {
    await Deno.writeTextFile(`${folder}/${name}.js`, text);
  }
}

/** What makes programs, and what it takes. */
const WAYS: readonly {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly compile: Compile;
}[] = [
  {
    name: "compiled",
    needs: [RUNTIME_BASE],
    compile: (entry, program, more) => {
      const target = findTarget(Deno.build.target)!;
      return compilerAt(COMPILER)(entry, target, program, more);
    },
  },
  {
    // The runtime that the program is shipped with has no base here, but its scripts run on it.
    name: `on Deno ${Deno.version.deno}`,
    needs: [UNIX],
    compile: async (entry, program) => {
      const run = `'${Deno.execPath()}' run --quiet --allow-all --no-config`;
      await Deno.writeTextFile(
        program,
        `#!/bin/sh\nexec ${run} '${entry}' "$@"\n`,
        { mode: 0o755 },
      );
    },
  },
];

Deno.test("partsOf: what the bundler wrote -> taken apart; what no script can do -> undefined", () => {
  const parts = partsOf(BUNDLE.late!)!;
  deepStrictEqual(
    [parts.imports, parts.exports, [...parts.later]],
    [[{ file: "core", names: [["a", "s"]] }], [["go", "go"]], [
      "never",
      "node:path",
    ]],
  );
  ok(partsOf(`var a="import x from y";export{a};`));
  for (
    const text of [
      BUNDLE.never!,
      `import{Socket as s}from"node:net";s();`,
      `import{a}from"./core.js";import{b}from"node:net";a(b);`,
      `var a=1;export default a;`,
      `export*from"./core.js";`,
      `var $load=1;export{$load as a};`,
      `var a=(b)=>import(b);export{a};`,
    ]
  ) strictEqual(partsOf(text), undefined, text);
});

Deno.test("scriptOf: a module -> a function that returns what it exports, by what it is given for others", () => {
  const parts = partsOf(BUNDLE.core!)!;
  const run = (0, eval)(scriptOf(parts)) as (load: unknown) => {
    c: number;
    a: unknown;
  };
  const { c, a } = run(() => ({}));
  deepStrictEqual([c, typeof a], [0, "function"]);
  strictEqual(
    shellOf("core", parts),
    'import{load as $load}from"./main.js";const{a:e0,b:e1,c:e2}=$load("core");export{e0 as a,e1 as b,e2 as c};\n',
  );
});

for (const { name, needs, compile } of WAYS) {
  Deno.test(needing(
    needs,
    `program with a code cache, ${name} -> says and ends as without, also what was not recorded, and where V8 refuses the cache`,
    async () => {
      await using folder = await tempFolder();
      const bundle = `${folder.path}/bundle`;
      await writeBundle(bundle);
      const plain = `${folder.path}/plain`;
      await compile(`${bundle}/main.js`, plain, []);
      const made = async (name: string, then = (_caches: string) => {}) => {
        const work = `${folder.path}/${name}-work`;
        const program = `${folder.path}/${name}`;
        await compileWithCache(bundle, work, program, compile, async (one) => {
          // The second adds to what the first one left.
          for (const word of ["one", "two"]) await endsWell(one, word);
          then(`${work}/caches`);
        });
        const scripts = `${work}/cached/scripts`;
        deepStrictEqual(await namesIn(scripts), ["core", "late"]);
        return program;
      };
      const programs = [await made("cached"), await made("refused", damage)];
      for (const word of ["one", "more"]) {
        const said = await endsWell(plain, word);
        ok(said.includes(`late ${word}`), said);
        for (const program of programs) {
          strictEqual(await endsWell(program, word), said, program);
        }
      }
    },
  ));

  Deno.test(needing(
    needs,
    `program that is recorded, ${name}: V8 refuses what was recorded before -> it fails, and no program is made`,
    async () => {
      await using folder = await tempFolder();
      const bundle = `${folder.path}/bundle`, work = `${folder.path}/work`;
      await writeBundle(bundle);
      const run = async (recorded: string) => {
        await endsWell(recorded, "one");
        damage(`${work}/caches`);
        await endsWell(recorded, "one");
      };
      const program = `${folder.path}/program`;
      await rejects(
        compileWithCache(bundle, work, program, compile, run),
        /V8 refused it/,
      );
      strictEqual(await isThere(program), false);
    },
  ));
}

/** What a program says; with 3 it ends well. */
async function endsWell(program: string, word: string): Promise<string> {
  const { code, stdout, stderr } = await runTool(program, { args: [word] });
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  deepStrictEqual([code, complained], [3, ""], complained);
  return said!;
}

/** Makes caches those of another V8: its version stands in their first bytes. */
function damage(caches: string): void {
  for (const { name } of Deno.readDirSync(caches)) {
    const bytes = Deno.readFileSync(`${caches}/${name}`);
    Deno.writeFileSync(
      `${caches}/${name}`,
      bytes.map((b, i) => i < 8 ? b ^ 1 : b),
    );
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name.replace(/\.\w+$/, ""));
  return [...new Set(names)].sort();
}
