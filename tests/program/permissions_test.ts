/** The rights that are baked into the program, tried by a probe compiled with the very same. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PERMISSION_FLAGS } from "../../packaging/permissions.ts";
import { VARIABLES } from "../../lib/base/variables.ts";
import { commandNeed, needing } from "../support/needs.ts";
import { newUser } from "../support/user.ts";
import { builtScript, RUNTIME_BASE } from "./built.ts";

/** What is tried; prints the name of the error that each ends with. */
const PROBE = `
const attempts = {
  "run a program": () => new Deno.Command("true").output(),
  "run itself": () => new Deno.Command(Deno.execPath()).output(),
  "load a library": () => Deno.dlopen("libm.so.6", { cos: { parameters: ["f64"], result: "f64" } }),
  "read another variable": () => Deno.env.get("SECRET"),
  "read all variables": () => Deno.env.toObject(),
  "ask for the network's interfaces": () => Deno.networkInterfaces(),
  "read its own variable": () => Deno.env.get("SPEC_KITTY_HOME"),
  "read the kind of terminal": () => Deno.env.get("TERM"),
  "ask for the host's name": () => Deno.hostname(),
};
const outcome = {};
for (const [what, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    outcome[what] = "done";
  } catch (error) {
    outcome[what] = error.name;
  }
}
for (const name of ["run", "ffi"]) {
  outcome["ask for " + name] = (await Deno.permissions.request({ name })).state;
}
console.log(JSON.stringify(outcome));
`;

const OUTCOME = {
  "run a program": "NotCapable",
  "run itself": "NotCapable",
  "load a library": "NotCapable",
  "read another variable": "NotCapable",
  "read all variables": "NotCapable",
  "ask for the network's interfaces": "NotCapable",
  "read its own variable": "done",
  "read the kind of terminal": "done",
  "ask for the host's name": "done",
  "ask for run": "denied",
  "ask for ffi": "denied",
};

const LIB = new URL("../../lib/", import.meta.url);

/** The source of every module of the program but the list itself. */
async function sources(folder = LIB): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      texts.push(...await sources(new URL(`${name}/`, folder)));
    } else if (name !== "variables.ts") {
      texts.push(await Deno.readTextFile(new URL(name, folder)));
    }
  }
  return texts;
}

Deno.test("rights: variables that the program reads -> all of them, and no other, are in the list and may be read", async () => {
  const texts = await sources();
  const text = texts.join("\n");
  const byName = texts.filter((text) => text.includes("world.env(name)"))
    .join("\n");
  const read = [
    ...text.matchAll(/\benv\(\s*"(\w+)"/g),
    ...text.matchAll(/\bDeno\.env\.\w+\(\s*"(\w+)"/g),
    ...text.matchAll(/"((?:SPEC_KITTY|DENO_KV)_[A-Z_]+)"/g),
    // Those that stand in a row of names.
    ...byName.matchAll(/"([A-Z_]{4,})"/g),
  ].map(([, name]) => name!);
  ok(read.length > 10, read.join());
  const names = VARIABLES.map(({ name }) => name);
  deepStrictEqual(read.filter((name) => !names.includes(name)), []);
  // These only what speaks with a store asks for.
  const own = names.filter((name) => !name.startsWith("PG"));
  deepStrictEqual(own.filter((name) => !text.includes(`"${name}"`)), []);
  const flag = PERMISSION_FLAGS.find((flag) => flag.startsWith("--allow-env"));
  strictEqual(flag, `--allow-env=${names.join(",")}`);
  ok(names.includes("TERM"));
});

Deno.test(needing(
  [RUNTIME_BASE],
  "rights: a program, a library, other variables -> all denied",
  async () => {
    await using user = await newUser({
      program: await builtScript("probe", PROBE),
    });
    const { code, stdout, stderr } = await user.run("kitty-events", {
      SECRET: "s",
    });
    strictEqual(code, 0, stderr);
    deepStrictEqual(JSON.parse(stdout), OUTCOME);
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("script")],
  "rights: on a terminal -> denied without a question",
  async () => {
    await using user = await newUser({
      program: await builtScript("probe", PROBE),
    });
    // A question would wait for an answer, for ever.
    const { code, stdout } = await user.run(
      "SECRET=s timeout 20 script --quiet --return --command kitty-events /dev/null",
    );
    strictEqual(code, 0, stdout);
    // All that the terminal showed.
    deepStrictEqual(JSON.parse(stdout), OUTCOME);
  },
));
