/**
 * The command line: finds the command, reads its arguments, runs it.
 *
 * @module
 */

import { ERROR_EXITS, EXIT, KittyError, usageError } from "../base/errors.ts";
import { nearMiss } from "../base/near_miss.ts";
import type { World } from "../base/world.ts";
import type { Option } from "../base/arguments.ts";
import { homeFolder } from "../emit/identity.ts";
import { parseArgs } from "./args.ts";
import { COMMON_OPTIONS, EMIT_OPTIONS } from "./command.ts";
import {
  COMMANDS,
  isRowEmit,
  loadCommand,
  nextWords,
  TAKES_ARGUMENTS,
} from "./commands.ts";
import { Output, printable } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command line to its end; never rejects. Returns the exit code. */
export async function run(
  argv: readonly string[],
  world: World,
  terminal: Terminal,
): Promise<number> {
  if (argv[0] === "__complete") {
    const { complete } = await import("./completions/complete.ts");
    await complete(argv.slice(1), world, terminal);
    return EXIT.ok;
  }
  // Before the command is known, a failure still has to be reported in the right form.
  const json = argv.includes("--json");
  let out = new Output(terminal, { json, quiet: false, verbose: false });
  try {
    const { name, rest } = findCommand(argv);
    // An emit of one may hand it over: then there is time for this later.
    if (!name.startsWith("emit ")) world.withstand?.();
    const command = await loadCommand(name, () => homeIn(rest, world));
    const { positionals } = command;
    const options = { ...command.options, ...COMMON_OPTIONS };
    const args = parseArgs(rest, { positionals, options }, name);
    out = new Output(terminal, {
      json: args.flag("json"),
      quiet: args.flag("quiet"),
      verbose: args.flag("verbose"),
    });
    if (args.flag("help")) {
      const { commandHelp } = await import("./help.ts");
      await out.line(await commandHelp(name));
      return EXIT.ok;
    }
    const code = await command.run({ args, world, terminal, out });
    // An emit's event is kept all the same, and its caller never pays.
    if (name.startsWith("emit")) return code;
    const { lost } = terminal;
    if (lost !== undefined) {
      await out.warn(`the output was not written: ${lost}`);
    }
    // What nobody has waited for, as the lines of a log.
    await terminal.finish();
    return lost === undefined ? code : code || EXIT.notStored;
  } catch (error) {
    // This is its end, whether what is said of it is read or not.
    terminal.hurry();
    await out.fail(error);
    await terminal.finish();
    return error instanceof KittyError ? error.exit : ERROR_EXITS.internal;
  }
}

/** Options that may stand before or between a command's words. */
const EARLY_OPTIONS: Readonly<Record<string, Option>> = {
  ...COMMON_OPTIONS,
  ...EMIT_OPTIONS,
};

/** The home that a command line names, before its arguments are read. */
function homeIn(
  rest: readonly string[],
  world: World,
): Promise<string | undefined> {
  const at = rest.findLastIndex((arg) => /^--home(?:=|$)/.test(arg));
  const [, inline] = rest[at]?.split("=", 2) ?? [];
  return homeFolder(world, inline ?? (at < 0 ? undefined : rest[at + 1]));
}

/** Takes the command's words out of the arguments. */
function findCommand(
  argv: readonly string[],
): { name: string; rest: string[] } {
  const words: string[] = [], rest: string[] = [];
  let i = 0;
  for (; i < argv.length; i++) {
    const arg = argv[i]!;
    if (!arg.startsWith("-")) {
      if (!isPrefix([...words, arg])) break;
      words.push(arg);
      continue;
    }
    if (arg === "--version" && words.length === 0) {
      words.push("version");
      continue;
    }
    const [name, ...value] = arg.slice(2).split("=");
    const option = arg === "-h"
      ? COMMON_OPTIONS.help
      : Object.hasOwn(EARLY_OPTIONS, name!) && EARLY_OPTIONS[name!];
    if (!option) break;
    rest.push(arg);
    const takesNext = option.kind === "text" && value.length === 0;
    if (takesNext && i + 1 < argv.length) rest.push(argv[++i]!);
  }
  const name = words.join(" "), next = argv[i];
  const isWord = next !== undefined && !next.startsWith("-");
  if (name === "emit" && isWord && isRowEmit(`emit ${next}`)) {
    return { name: `emit ${next}`, rest: [...rest, ...argv.slice(i + 1)] };
  }
  const isOpen = TAKES_ARGUMENTS.has(name) || nextWords(name).length === 0;
  if (COMMANDS.has(name) && (isOpen || !isWord)) {
    return { name, rest: [...rest, ...argv.slice(i)] };
  }
  const asksForHelp = rest.includes("--help") || rest.includes("-h");
  if (!isWord && (asksForHelp || argv.length === 0)) {
    return { name: "help", rest: words };
  }
  throw unknownCommand(words, next);
}

function isPrefix(words: readonly string[]): boolean {
  const prefix = words.join(" ");
  return [...COMMANDS.keys()].some((name) =>
    name === prefix || name.startsWith(`${prefix} `)
  );
}

function unknownCommand(
  words: readonly string[],
  next: string | undefined,
): KittyError {
  const group = words.join(" ");
  const choices = nextWords(group);
  // The help speaks of --version.
  const offer = `one of: ${
    choices.filter((word) => word !== "version").join(", ")
  }`;
  const program = ["kitty-events", ...words].join(" ");
  if (group === "" && next?.startsWith("--") && next !== "--") {
    const [flag] = next.split("=");
    const known = [...Object.keys(EARLY_OPTIONS), "version"]
      .map((name) => `--${name}`);
    const meant = nearMiss(flag!, known);
    return usageError(
      `unknown flag ${printable(flag!, 40)}`,
      meant ? `did you mean: ${meant}?` : "see: kitty-events help",
    );
  }
  if (next === undefined || next.startsWith("-")) {
    return usageError(
      group ? `${group}: which one?` : "no command given",
      offer,
    );
  }
  const meant = group === "clock" && /^\d+$/.test(next)
    ? `receive ${next}`
    : nearMiss(next, choices);
  return usageError(
    `unknown ${group === "emit" ? "event type" : "command"} "${
      printable(next, 40)
    }"`,
    meant ? `did you mean: ${program} ${meant}?` : offer,
  );
}
