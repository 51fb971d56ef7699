/** The library in a program that lacks some of the rights it needs. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { logIn } from "../support/agent.ts";
import { localCollector } from "../support/collector.ts";
import { tempFolder } from "../support/home.ts";
import { needing } from "../support/needs.ts";
import { onTerminal, PTY } from "../support/pty.ts";

const ROOT = new URL("../../", import.meta.url);

/** Prints the receipt of one event, the connection, and the node's id; each as JSON, in a line. */
const PROGRAM = `
import { emitHistoryAdded, generateCausationId, generateNodeId, getEmitter } from "${ROOT}lib/mod.ts";
console.log(JSON.stringify(await emitHistoryAdded("WP01", "note", "x")));
const emitter = await getEmitter();
console.log(JSON.stringify(await emitter.connect()));
await emitter.disconnect();
console.log(JSON.stringify((await generateCausationId()).length));
console.log(JSON.stringify(await generateNodeId().catch((error) => error.message)));
emitter[Symbol.dispose]();
`;

interface Place {
  readonly home: string;
  /** Arguments of the runtime but for the rights: the program comes last. */
  readonly words: (rights: readonly string[]) => string[];
  readonly env: Record<string, string>;
}

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  const program = `${folder.path}/program.ts`;
  await Deno.writeTextFile(program, PROGRAM);
  const config = decodeURIComponent(new URL("deno.json", ROOT).pathname);
  const home = `${folder.path}/home`;
  await work({
    home,
    words: (rights) => [
      ...["run", "--quiet", "--no-check", "--no-remote"],
      ...[`--config=${config}`, ...rights, program],
    ],
    env: { SPEC_KITTY_HOME: home, USER: "ada", NO_COLOR: "1" },
  });
}

async function run({ words, env }: Place, rights: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: words(["--no-prompt", ...rights]),
    env,
  }).output();
  const decoder = new TextDecoder();
  const told = decoder.decode(stderr);
  strictEqual(code, 0, told);
  const [receipt, connection, length, node] = decoder.decode(stdout).trim()
    .split("\n").map((line) => JSON.parse(line));
  strictEqual(length, 26);
  return { receipt, connection, node, told };
}

/** Rights but one, or none, and what the receipt then says. */
const LACKING: [
  string,
  (home: string) => string[],
  (home: string) => string,
][] = [
  [
    "read",
    () => ["--allow-write", "--allow-env", "--allow-sys"],
    (home) => `no right to read ${home}; run with --allow-read`,
  ],
  [
    "write",
    () => ["--allow-read", "--allow-env", "--allow-sys"],
    (home) => `no right to write ${home}; run with --allow-write`,
  ],
  [
    "sys",
    () => ["--allow-read", "--allow-write", "--allow-env"],
    () => "no right to ask for the host's name; run with --allow-sys",
  ],
  [
    "read and write elsewhere only",
    () => [
      "--allow-read=/nowhere",
      "--allow-write=/nowhere",
      "--allow-env",
      "--allow-sys",
    ],
    (home) =>
      `no right to read ${home}, to write ${home}; run with --allow-read --allow-write`,
  ],
  [
    "all",
    () => [],
    () =>
      "no right to read environment variables such as $SPEC_KITTY_HOME, to ask for the user's id, to ask for the host's name, to read the home folder, to write the home folder; run with --allow-env --allow-read --allow-sys --allow-write",
  ],
];

for (const [name, rights, words] of LACKING) {
  Deno.test(`emit functions: without the right to ${name} -> lost, and the receipt names what lacks and each flag`, () =>
    inPlace(async (place) => {
      const { receipt, connection } = await run(place, rights(place.home));
      deepStrictEqual([receipt.status, receipt.warning], [
        "lost",
        `nothing could be kept: ${words(place.home)}`,
      ]);
      strictEqual(connection, "Offline");
    }));
}

Deno.test("emit functions: a program without Deno KV -> lost, and the receipt names the flag; nothing is spooled for ever", () =>
  inPlace(async (place) => {
    const words = (rights: readonly string[]) =>
      place.words(rights).map((word) =>
        word.startsWith("--config=") ? "--no-config" : word
      );
    const { receipt } = await run({ ...place, words }, ["--allow-all"]);
    deepStrictEqual([receipt.status, receipt.warning], [
      "lost",
      "nothing could be kept: no right to use Deno KV; run with --unstable-kv",
    ]);
  }));

Deno.test("generateNodeId: without the right to sys -> rejects with the words of the receipt, as no id is better than a wrong one", () =>
  inPlace(async (place) => {
    const rights = ["--allow-read", "--allow-write", "--allow-env"];
    const { node } = await run(place, rights);
    strictEqual(
      node,
      "no right to ask for the host's name; run with --allow-sys",
    );
  }));

Deno.test("emit functions: without the right to the environment -> another home than was meant; both lacks are named", () =>
  inPlace(async (place) => {
    // The one that the system knows is out of reach, so that the test leaves it alone.
    const { receipt } = await run(place, [
      "--allow-read",
      `--allow-write=${place.home}`,
      "--allow-sys",
    ]);
    match(
      receipt.warning,
      /no right to read environment variables such as \$SPEC_KITTY_HOME, to write \/.*\.spec-kitty; run with --allow-env --allow-write$/,
    );
  }));

Deno.test("emit functions: the rights to the home and to some variables alone -> queued; a warning of the others", () =>
  inPlace(async (place) => {
    const { receipt, told, node } = await run(place, [
      `--allow-read=${place.home}`,
      `--allow-write=${place.home}`,
      "--allow-env=SPEC_KITTY_HOME,HOME,USER",
      "--allow-sys=hostname",
    ]);
    deepStrictEqual([receipt.status, receipt.warning], ["queued", undefined]);
    strictEqual(
      told,
      "kitty-events: no right to read environment variables such as $SPEC_KITTY_NODE_ID; run with --allow-env: done without\n",
    );
    match(node, /^[0-9a-f]{12}$/);
  }));

Deno.test("connect: without the right to the network -> Offline, a warning with the flag; with it -> Connected", () =>
  inPlace(async (place) => {
    await using collector = await localCollector();
    await logIn(place.home, collector.client);
    const rights = [
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
    ];
    const { host } = new URL(collector.client.url);
    const without = await run(place, rights);
    deepStrictEqual([without.receipt.status, without.connection], [
      "queued",
      "Offline",
    ]);
    strictEqual(
      without.told,
      `kitty-events: no right to reach ${host}; run with --allow-net=${host}\n`,
    );
    const { connection, told } = await run(place, [
      ...rights,
      `--allow-net=${host}`,
    ]);
    deepStrictEqual([connection, told], ["Connected", ""]);
  }));

Deno.test(needing(
  [PTY],
  "emit functions: on a terminal, without rights -> nobody is asked for them",
  () =>
    inPlace(async (place) => {
      const ofHome = [
        `--allow-read=${place.home}`,
        `--allow-write=${place.home}`,
      ];
      const trials: [rights: string[], user: string, expected: RegExp][] = [
        [[], "ada", /"lost"/],
        [["--allow-env"], "ada", /"lost"/],
        [["--allow-env", "--allow-sys"], "ada", /"lost"/],
        [
          ["--allow-env", "--allow-sys=hostname", ...ofHome],
          "ada",
          /look for the project[^]*"queued"/,
        ],
        // Without a name in the environment it would be read from there.
        [
          ["--allow-env", "--allow-sys=hostname,uid", ...ofHome],
          "",
          /"lost"[^]*no right to read \/etc\/passwd; run with --allow-read/,
        ],
      ];
      for (const [rights, user, expected] of trials) {
        const line = ["timeout", "20", Deno.execPath(), ...place.words(rights)]
          .map((word) => `'${word}'`).join(" ");
        const { shown } = await onTerminal(`${line}; echo "EXIT $?"`, {
          ...place.env,
          ...{ USER: user, LOGNAME: "", LNAME: "", USERNAME: "" },
        });
        ok(!/requests .* access|Allow\?/.test(shown), shown);
        match(shown, /EXIT 0/);
        match(shown, expected);
      }
    }),
));
