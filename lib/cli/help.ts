/**
 * The help texts, made from the commands themselves.
 *
 * @module
 */

import type { Option } from "./args.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { COMMANDS, loadCommand } from "./commands.ts";

/** Help for the whole program. */
export async function programHelp(): Promise<string> {
  const names = [...COMMANDS.keys()].filter((name) =>
    !["clock", "version"].includes(name)
  );
  const commands = await Promise.all(names.map(loadCommand));
  return [
    "Records what happens to the work packages and features of a Spec Kitty project.",
    "",
    "usage: kitty-events <command> [arguments]",
    "",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    "kitty-events <command> --help says more; kitty-events --version, too.",
  ].join("\n");
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
    `${summary}\n\nusage: ${usage}`,
    details?.join("\n"),
    table(positionals.map(({ name, help }) => [name, help])).join("\n"),
    table(
      [...own, ...Object.entries(COMMON_OPTIONS)].map(([name, option]) => [
        synopsis(name, option),
        option.help,
      ]),
    ).join("\n"),
    ["examples:", ...examples.map((line) => `  kitty-events ${line}`)].join(
      "\n",
    ),
  ];
  return sections.filter(Boolean).join("\n\n");
}

function synopsis(name: string, option: Option): string {
  return option.kind === "flag" ? `--${name}` : `--${name} ${option.value}`;
}

/** Two columns; fits 80 characters where the texts allow it. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
