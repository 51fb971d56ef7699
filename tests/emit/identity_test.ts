import { strictEqual } from "node:assert/strict";
import {
  generateNodeId,
  homeFolder,
  userName,
} from "../../lib/emit/identity.ts";
import { NOBODY, runCode } from "../support/child.ts";
import { TestWorld } from "../support/world.ts";
import {
  commandNeed,
  type Need,
  needing,
  runTool,
  SUPERUSER,
  UNIX,
} from "../support/needs.ts";

const sha256Of = async (text: string) =>
  new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  ).toHex();

Deno.test("generateNodeId: host and user -> first 12 hex digits of SHA-256 of host:user in UTF-8", async () => {
  for (
    const [hostname, user] of [
      ["build-7", "kim"],
      ["rechner-ü", "jürgen"],
      ["host", "with space "],
      ["a:b", "c"],
    ] as const
  ) {
    const world = new TestWorld({ hostname, env: { USER: user } });
    const expected = (await sha256Of(`${hostname}:${user}`)).slice(0, 12);
    strictEqual(await generateNodeId(world), expected);
  }
  const known = new TestWorld({ hostname: "host", env: { USER: "user" } });
  strictEqual(await generateNodeId(known), "2e1a29e6f4ef");
});

Deno.test("generateNodeId: SPEC_KITTY_NODE_ID -> that, untouched; empty -> computed", async () => {
  const world = new TestWorld({
    env: { SPEC_KITTY_NODE_ID: " ci-runner ", USER: "kim" },
  });
  strictEqual(await generateNodeId(world), " ci-runner ");
  world.vars.set("SPEC_KITTY_NODE_ID", "");
  strictEqual(
    await generateNodeId(world),
    (await sha256Of("test-host:kim")).slice(0, 12),
  );
});

Deno.test("userName: several variables -> LOGNAME, USER, LNAME, USERNAME in this order, empty ones passed over", async () => {
  const world = new TestWorld({
    env: { LOGNAME: "a", USER: "b", LNAME: "c", USERNAME: "d" },
  });
  for (
    const [name, expected] of [
      ["LOGNAME", "a"],
      ["USER", "b"],
      ["LNAME", "c"],
      ["USERNAME", "d"],
    ] as const
  ) {
    strictEqual(await userName(world), expected);
    world.vars.set(name, "");
  }
});

Deno.test("userName: white space -> kept, as Python keeps it", async () => {
  strictEqual(
    await userName(new TestWorld({ env: { USER: " kim " } })),
    " kim ",
  );
});

const PASSWD: Need = {
  isMet: await Deno.readTextFile("/etc/passwd").then(
    (text) => /^root:[^:]*:0:/m.test(text),
    () => false,
  ),
  reason: "root has no entry in /etc/passwd",
};
Deno.test(needing(
  [PASSWD],
  "userName: no variable -> the passwd entry of the user id",
  async () => {
    strictEqual(await userName(new TestWorld({ uid: 0 })), "root");
  },
));

const CHILD = `
  const { generateNodeId, userName, homeFolder } = await import(lib + "emit/identity.ts");
  const { realWorld } = await import(lib + "base/world.ts");
  const world = realWorld();
  console.log(JSON.stringify([
    await userName(world), await generateNodeId(world),
    await homeFolder(world) ?? null, Deno.hostname(),
  ]));`;

async function identityIn(
  options: Parameters<typeof runCode>[1],
): Promise<[user: string, node: string, home: string | null, host: string]> {
  return JSON.parse(await runCode(CHILD, options));
}

Deno.test(needing(
  [SUPERUSER],
  "generateNodeId, homeFolder: a user without an entry or variables -> uid-<n>, no home",
  async () => {
    const [user, node, home, host] = await identityIn({
      uid: NOBODY,
      clearEnv: true,
    });
    strictEqual(user, `uid-${NOBODY}`);
    strictEqual(node, (await sha256Of(`${host}:${user}`)).slice(0, 12));
    strictEqual(home, null);
  },
));

/** Python's word for this machine's node, with an environment of its own. */
async function pythonNode(env: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await python(
    env,
    "import hashlib, socket, getpass; print(hashlib.sha256(f'{socket.gethostname()}:{getpass.getuser()}'.encode()).hexdigest()[:12])",
  );
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

function python(
  env: Record<string, string>,
  code: string,
): Promise<Deno.CommandOutput> {
  const path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
  const home = Deno.env.get("HOME") ?? "/";
  return runTool("python3", {
    args: ["-c", code],
    env: { PATH: path, HOME: home, PYTHONUTF8: "1", ...env },
    clearEnv: true,
  });
}

const PYTHON3 = await commandNeed("python3");
for (
  const env of [
    {},
    { LOGNAME: "log", USER: "user" },
    { LOGNAME: "", USER: "üser" },
    { LNAME: " l ", USERNAME: "n" },
  ]
) {
  Deno.test(needing(
    [PYTHON3],
    `generateNodeId: ${JSON.stringify(env)} -> what Python computes`,
    async () => {
      const home = Deno.env.get("HOME") ?? "/";
      const cache = Deno.env.get("DENO_DIR");
      const [, node] = await identityIn({
        clearEnv: true,
        env: { HOME: home, ...cache && { DENO_DIR: cache }, ...env },
      });
      strictEqual(node, await pythonNode(env));
    },
  ));
}

Deno.test(needing(
  [UNIX],
  "realWorld: a variable that is not UTF-8 -> passed over, the next one counts",
  async () => {
    const root = new URL("../../", import.meta.url);
    const code = `const lib = ${JSON.stringify(`${root}lib/`)};${CHILD}`;
    // Only a shell can put such bytes into an environment.
    const { stdout, stderr } = await runTool("sh", {
      args: [
        "-c",
        `LOGNAME=$(printf 'k\\377m') USER=kim exec "$0" eval --quiet --no-check "$1"`,
        Deno.execPath(),
        code,
      ],
    });
    const text = new TextDecoder().decode(stdout);
    strictEqual(new TextDecoder().decode(stderr), "");
    strictEqual(JSON.parse(text)[0], "kim");
  },
));

Deno.test("homeFolder: asked for -> that, before SPEC_KITTY_HOME, before HOME", async () => {
  const world = new TestWorld({
    env: { SPEC_KITTY_HOME: "/var/kitty/", HOME: "/home/kim/" },
    cwd: "/work",
  });
  strictEqual(await homeFolder(world, "/asked"), "/asked");
  strictEqual(await homeFolder(world, ""), "/var/kitty");
  strictEqual(await homeFolder(world), "/var/kitty");
  world.vars.set("SPEC_KITTY_HOME", "");
  strictEqual(await homeFolder(world), "/home/kim/.spec-kitty");
});

Deno.test("homeFolder: a relative path -> below the working directory", async () => {
  const world = new TestWorld({ cwd: "/some/where" });
  strictEqual(await homeFolder(world, "home"), "/some/where/home");
  strictEqual(await homeFolder(world, "./a/"), "/some/where/./a");
});

Deno.test(needing(
  [PASSWD],
  "homeFolder: no variable -> the passwd entry's home",
  async () => {
    const entry = (await Deno.readTextFile("/etc/passwd")).split("\n")
      .find((line) => /^root:[^:]*:0:/.test(line))!;
    strictEqual(
      await homeFolder(new TestWorld({ uid: 0 })),
      `${entry.split(":")[5]}/.spec-kitty`,
    );
  },
));
