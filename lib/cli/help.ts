/**
 * The help texts, made from the commands themselves.
 *
 * @module
 */

import type { Option } from "./args.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { COMMANDS, loadCommand } from "./commands.ts";

/** What the commands of a first word are for. */
const GROUPS: Readonly<Record<string, string>> = {
  clock: "The Lamport clock of this home",
  queue: "Look after what waits to be sent",
  sync: "Send it, or see how that stands",
  auth: "Who the events are sent as",
  agent: "A process that keeps sending",
  collector: "The server side, for one team or many",
};

/** Help for the whole program. */
export async function programHelp(): Promise<string> {
  const all = [...COMMANDS.keys()].filter((name) => name !== "version");
  const byWord = Map.groupBy(all, (name) => name.split(" ")[0]!);
  const rows = [...byWord].map(async ([word, names]) => {
    if (!Object.hasOwn(GROUPS, word)) {
      return [word, (await loadCommand(word)).summary] as const;
    }
    const words = names.filter((name) => name !== word)
      .map((name) => name.slice(word.length + 1));
    return [word, `${GROUPS[word]}: ${words.join(", ")}.`] as const;
  });
  const types = all.filter((name) => name.startsWith("emit "))
    .map((name) => name.slice("emit ".length));
  return [
    "Records what happens to the work packages and features of a Spec Kitty project.",
    "",
    "usage: kitty-events <command> [arguments]",
    "",
    ...table(await Promise.all(rows)),
    "",
    ...wrapped(`event types of emit: ${types.join(", ")}`, WIDTH),
    "",
    "kitty-events help <command> says more; kitty-events --version, too.",
  ].join("\n");
}

/** Help for all commands that begin with the same words. */
export async function groupHelp(names: readonly string[]): Promise<string> {
  const commands = await Promise.all(names.map(loadCommand));
  return table(
    commands.map(({ name, summary }) => [`kitty-events ${name}`, summary]),
  ).join("\n");
}

/** Help for one command. */
export async function commandHelp(name: string): Promise<string> {
  const command = await loadCommand(name);
  const { summary, details, positionals, options, examples } = command;
  const words = positionals.map(({ name, optional, rest }) => {
    const word = rest ? `${name} ...` : name;
    return optional ? `[${word}]` : word;
  });
  const own = Object.entries(options);
  const required = own.filter(([, { required }]) => required)
    .map(([name, option]) => synopsis(name, option));
  const optional = own.some(([, { required }]) => !required) ? "[options]" : "";
  const usage = ["kitty-events", name, ...words, ...required, optional]
    .filter(Boolean).join(" ");
  const sections = [
    `${summary}\n\n${wrapped(`usage: ${usage}`, WIDTH).join("\n  ")}`,
    details?.join("\n"),
    table(positionals.map(({ name, help }) => [name, help])).join("\n"),
    table(
      [...own, ...Object.entries(COMMON_OPTIONS)].map(([name, option]) => [
        synopsis(name, option),
        option.help,
      ]),
    ).join("\n"),
    ["examples:", ...examples.map(commandLine)].join("\n"),
  ];
  return sections.filter(Boolean).join("\n\n");
}

function synopsis(name: string, option: Option): string {
  return option.kind === "flag" ? `--${name}` : `--${name} ${option.value}`;
}

const WIDTH = 80;

/** A command line as one types it, continued where it is too long. */
function commandLine(example: string): string {
  const parts = `  kitty-events ${example}`.split(/ (?=--)/);
  return parts.reduce((text, part) => {
    const line = text.slice(text.lastIndexOf("\n") + 1);
    const fits = line.length + part.length + 3 <= WIDTH;
    return `${text}${fits ? " " : " \\\n      "}${part}`;
  });
}

/** Two columns, the right one wrapped. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrapped(right, WIDTH - width - 4).map((line, i) =>
      `  ${(i === 0 ? left : "").padEnd(width)}  ${line}`
    )
  );
}

/** Breaks a text into lines of at most `width` characters, between words. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1]!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
