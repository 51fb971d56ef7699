/** Completions, asked of the real shells, which ask the program. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pointAt, valuedOptions } from "../../lib/cli/completions/model.ts";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import {
  ENTRY_TYPES,
  EVENT_TYPES,
  STATUSES,
} from "../../lib/contract/contract.ts";
import type { Envelope } from "../../lib/contract/contract.ts";
import { encode } from "../../lib/event/event.ts";
import { eventOf } from "../support/events.ts";
import { HomeLock } from "../../lib/home/lock.ts";
import {
  farDeadline,
  inHome,
  isThere,
  type TempFolder,
  tempFolder,
  tempHome,
} from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { programScript, runProgram, withProgram } from "../support/program.ts";
import { commandNeed, IS_FULL, needing, runTool } from "../support/needs.ts";

/** What is typed, and all that is offered for it. */
type Case = readonly [line: string, words: readonly string[]];

/** A case of each kind that shells treat in their own ways. */
const CASES: readonly Case[] = [
  ["que", ["queue"]],
  ["--home /tmp queue dead r", ["requeue"]],
  ["emit wp-status-changed WP01 ", [...STATUSES].sort()],
  ["emit --home=/tmp history-added WP01 ", [...ENTRY_TYPES].sort()],
  ["emit history-added WP01 -- re", ["review"]],
  ["emit wp-created --dep", ["--depends-on"]],
  ["emit wp-created WP01 T --wait=s", ["server"]],
  ["queue list -- --j", []],
  ["validate tw", ["two words.ndjson"]],
  ["queue import --from ", ["folder"]],
  ["node-id x", []],
];

/** What differs from these in the program alone. */
const MORE_CASES: readonly Case[] = [
  ["queue d", ["dead", "drop"]],
  ["queue dead ", ["drop", "list", "requeue", "show"]],
  ["--quiet queue dead r", ["requeue"]],
  ["emit wp-s", ["wp-status-changed"]],
  ["emit wp-status-changed WP01 planned d", ["doing", "done"]],
  ["emit wp-status-changed --feature x WP01 planned d", ["doing", "done"]],
  ["emit wp-created WP01 T --wait ", ["disk", "server"]],
  ["schema WPS", ["WPStatusChanged"]],
  ["completions p", ["powershell"]],
  ["help ex", ["exit-codes"]],
  ["help queue d", ["dead", "drop"]],
  ["validate ev", ["events.ndjson"]],
];

/** A shell that completes lines in a folder. */
interface Shell {
  readonly name: string;
  /** @returns for each line the candidates, as they are without quotes */
  complete(
    script: string,
    lines: readonly string[],
    cwd: string,
  ): Promise<string[][]>;
}

async function output(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const { success, stdout, stderr } = await runTool(command, {
    args: [...args],
    cwd,
    env: {
      HOME: cwd,
      PATH: `${cwd}/../bin:${Deno.env.get("PATH")}`,
      TERM: "xterm",
      LANG: "C.UTF-8",
    },
    clearEnv: true,
  });
  ok(success, new TextDecoder().decode(stderr));
  strictEqual(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** What is printed behind the candidates of a line. */
const END = "-- end --";

/** Candidates of each line, out of what a shell has printed. */
function candidates(text: string): string[][] {
  return text.split(`${END}\n`).slice(0, -1)
    .map((part) => part.split("\n").filter(Boolean))
    .map((words) => words.map((word) => word.replaceAll("\\ ", " ")));
}

/** Splits as bash does before it completes: at blanks, and at `=`. */
const bash: Shell = {
  name: "bash",
  async complete(script, lines, cwd) {
    const typed = lines.map((line) => {
      const words = `kitty-events ${line}`.split(/ |(=)/)
        .filter((word) => word !== undefined);
      const quoted = words.map((word) => `'${word}'`).join(" ");
      return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
        _kitty_events; printf '%s\\n' "\${COMPREPLY[@]}" '${END}'`;
    });
    const text = ["source " + script, ...typed].join("\n");
    return candidates(
      await output("bash", ["--norc", "--noprofile", "-c", text], cwd),
    );
  },
};

/** Types into a zsh on a terminal of its own, which notes what it is offered. */
const zsh: Shell = {
  name: "zsh",
  async complete(script, lines, cwd) {
    const found = `${script}.found`;
    await Deno.writeTextFile(
      `${script}.typed`,
      `autoload -Uz compinit; compinit -u -D; source ${script}; PS1=; LISTMAX=10000; KEYTIMEOUT=1
compadd() {
  local -a found
  # Calls with -O, -A or -D only ask what would fit.
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)* ]]; then
    builtin compadd -O found "$@"
    print -rl -- $found >> ${found}
  fi
  builtin compadd "$@"
}
mark() { print -r -- '${END}' >> ${found}; zle kill-buffer }
zle -N mark; bindkey '^X' mark
print READY
`,
    );
    const driver = `zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z 'source ${script}.typed'
zpty -r z junk '*READY*'
for line in ${lines.map((line) => `'${line}'`).join(" ")}; do
  zpty -w -n z "kitty-events $line"$'\\t\\x18'
  (( expected += 1 ))
  for i in {1..1000}; do
    while zpty -r -t z junk; do :; done
    [[ "$(grep -c -e '${END}' ${found} 2>/dev/null)" == $expected ]] && break
    sleep 0.005
  done
done
zpty -d z`;
    await output("zsh", ["-f", "-c", driver], cwd);
    return candidates(await Deno.readTextFile(found));
  },
};

const fish: Shell = {
  name: "fish",
  async complete(script, lines, cwd) {
    const typed = lines.map((line) =>
      `complete -C 'kitty-events ${line}' | string replace -r '\\t.*' ''; echo '${END}'`
    );
    const text = [`source ${script}`, ...typed].join("\n");
    return candidates(await output("fish", ["--no-config", "-c", text], cwd));
  },
};

/** A folder with a script, and beside it one with something to complete. */
async function furnished(shell: string): Promise<TempFolder> {
  const folder = await tempFolder();
  const { code, stdout } = await runProgram(["completions", shell], {});
  strictEqual(code, 0);
  await Deno.writeTextFile(`${folder.path}/script`, stdout);
  await Deno.mkdir(`${folder.path}/bin`);
  const command = `${folder.path}/bin/kitty-events`;
  await Deno.writeTextFile(command, programScript(), { mode: 0o755 });
  await Deno.mkdir(`${folder.path}/at/folder`, { recursive: true });
  for (const name of ["events.ndjson", "two words.ndjson"]) {
    await Deno.writeTextFile(`${folder.path}/at/${name}`, "");
  }
  return folder;
}

for (const shell of [bash, zsh, fish]) {
  const need = await commandNeed(shell.name, ["-c", "true"]);
  Deno.test(needing(
    [need],
    `completions ${shell.name}: commands, flags, values, files -> exactly what fits`,
    async () => {
      await using folder = await furnished(shell.name);
      // For each line the shell starts the program.
      const cases = IS_FULL || shell === bash
        ? [...CASES, ...MORE_CASES]
        : CASES;
      const lines = cases.map(([line]) => line);
      const { path } = folder;
      const found = await shell.complete(`${path}/script`, lines, `${path}/at`);
      for (const [i, [line, expected]] of cases.entries()) {
        const words = found[i]!.map((word) =>
          word.replace(/^--\w+=/, "").replace(/\/$/, "")
        );
        deepStrictEqual([...new Set(words)].sort(), expected, line);
      }
    },
  ));
}

const PWSH = await commandNeed("pwsh", ["-v"]);

Deno.test(needing(
  [PWSH],
  "completions powershell: the script -> can be read",
  async () => {
    await using folder = await furnished("powershell");
    const parse =
      `$errors = $null; [void][System.Management.Automation.Language.Parser]::ParseFile("${folder.path}/script", [ref]$null, [ref]$errors); $errors.Count`;
    const args = ["-NoProfile", "-Command", parse];
    strictEqual((await output("pwsh", args, folder.path)).trim(), "0");
  },
));

Deno.test("completions powershell: quotes, brackets -> balanced", () =>
  withProgram(async (run) => {
    const { stdout } = await run(["completions", "powershell"]);
    const bare = stdout.replace(/^\s*#.*$/gm, "").replace(/'(?:''|[^'])*'/g, "")
      .replace(/"[^"\n]*"/g, "");
    ok(!/['"]/.test(bare), bare);
    for (const [open, close] of ["()", "{}", "[]"]) {
      strictEqual(bare.split(open!).length, bare.split(close!).length, open!);
    }
  }));

Deno.test("pointAt, valuedOptions: of the table -> values by name and help, each option one meaning", async () => {
  const valued = await valuedOptions();
  const valuesOf = async (path: string) => (await pointAt(path)).values;
  deepStrictEqual(await valuesOf("schema"), [EVENT_TYPES]);
  deepStrictEqual(await valuesOf("emit wp-status-changed"), [
    "work_package",
    STATUSES,
    STATUSES,
  ]);
  deepStrictEqual(await valuesOf("validate"), ["file"]);
  deepStrictEqual(await valuesOf("queue show"), ["queued_event"]);
  deepStrictEqual(await valuesOf("queue dead drop"), ["dead_letter"]);
  const names = ["--home", "--report", "--wait", "--feature", "--team"];
  deepStrictEqual(
    names.map((name) => valued.get(name)),
    ["folder", "file", ["disk", "server"], "feature", "team"],
  );
  // An option is read before its command is known.
  for (const path of COMMANDS.keys()) {
    const { options } = await pointAt(path);
    const own = await loadCommand(path).then(({ options }) => options);
    for (const [name, { kind }] of Object.entries(own)) {
      strictEqual(valued.has(`--${name}`), kind !== "flag", `${path} ${name}`);
      ok(options.some(({ word }) => word === `--${name}`));
    }
  }
});

/** What the program says of a line, which ends at the cursor. */
async function asked(line: string, home: string): Promise<string[]> {
  const words = line.split(" ");
  const current = words.pop()!;
  const env = { SPEC_KITTY_HOME: home };
  const args = ["__complete", `=${current}`, ...words];
  const { code, stdout, stderr } = await runHere(args, env);
  deepStrictEqual([code, stderr], [0, ""]);
  return stdout.split("\n").filter(Boolean);
}

Deno.test("__complete: what the home knows -> events with what they are, work packages, features, teams", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const emit = async (...words: string[]) =>
    (await runHere(["emit", ...words], env)).stdout.trim();
  const queued = await emit(
    ...[
      "wp-created",
      "WP07",
      "T",
      "--feature",
      "028-x",
      "--depends-on",
      "WP01",
    ],
  );
  const dead = await emit("dependency-resolved", "WP08", "WP09", "completed");
  await inHome(
    home.path,
    ({ queue }) => queue.deadLetter([dead], { reason: "refused", nowMs: 0 }),
  );
  const look = (line: string) => asked(line, home.path);
  deepStrictEqual(await look("queue show "), [`${queued}\tWPCreated WP07`]);
  deepStrictEqual(await look(`queue drop ${queued} 01`), [
    `${queued}\tWPCreated WP07`,
  ]);
  deepStrictEqual(await look("queue dead requeue "), [
    `${dead}\tDependencyResolved WP08 WP09 completed`,
  ]);
  deepStrictEqual(await look("emit wp-assigned W"), ["WP07"]);
  deepStrictEqual(await look("emit wp-created X T --feature "), ["028-x"]);
  deepStrictEqual(await look("auth login --team="), ["--team=local"]);
  deepStrictEqual(await look(`--home ${home.path}/none queue show `), []);
  // Asking makes and changes nothing.
  strictEqual(await isThere(`${home.path}/none`), false);
  const { stdout } = await runHere(["queue", "stats", "--json"], env);
  const { queued: left, dead: dropped } = JSON.parse(stdout);
  deepStrictEqual([left, dropped], [1, 1]);
});

Deno.test("__complete: names with blanks, escapes and directives in them -> not offered; a lock that is held -> no candidates, soon", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await runHere(["emit", "wp-assigned", "WP02", "a", "implementation"], env);
  const { envelope } = eventOf(2);
  const { payload } = envelope;
  const odd = ["WP 1", "W\x1b[2JP", "@file"].map((wp_id, i) =>
    encode(
      {
        ...eventOf(i + 2).envelope,
        payload: { ...payload, wp_id },
      } as Envelope,
    )
  );
  await inHome(home.path, ({ queue }) => queue.append(odd, "imported"));
  deepStrictEqual(await asked("emit wp-assigned ", home.path), ["WP02"]);
  const lock = await HomeLock.take(home.path, farDeadline());
  deepStrictEqual(await asked("emit wp-assigned ", home.path), []);
  await lock.release(lock.lastSeal);
});

Deno.test("help: of the program -> does not speak of __complete", async () => {
  const { stdout } = await runHere(["help"], {});
  ok(!stdout.includes("__complete"));
});

Deno.test("completions: another shell -> 64 with a suggestion; --json -> one document", () =>
  withProgram(async (run) => {
    const { code, stderr } = await run(["completions", "fihs"]);
    strictEqual(code, 64);
    match(stderr, /did you mean: kitty-events completions fish/);
    const { stdout } = await run(["completions", "bash", "--json"]);
    const { shell, script } = JSON.parse(stdout);
    strictEqual(shell, "bash");
    strictEqual(script, (await run(["completions", "bash"])).stdout);
  }));
