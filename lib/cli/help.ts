/**
 * The help texts, made from the commands themselves.
 *
 * @module
 */

import type { Option } from "../base/arguments.ts";
import { type Command, COMMON_OPTIONS } from "./command.ts";
import { COMMANDS, loadCommand } from "./commands.ts";
import { columns, WIDTH, wrapped } from "./output.ts";
import { type Topic, TOPICS } from "./topics.ts";

/** How far the tables stand from the edge. */
const INDENT = 2;

/** What the commands of a first word are for. */
export const GROUPS: Readonly<Record<string, string>> = {
  clock: "The Lamport clock of this home",
  contract: "What events have to be like",
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
    const words = joined(
      names.filter((name) => name !== word)
        .map((name) => name.slice(word.length + 1)),
    );
    if (!Object.hasOwn(GROUPS, word)) {
      const { summary } = await loadCommand(word);
      // The types of emit have a paragraph of their own.
      const isWhole = words.length === 0 || word === "emit";
      return [
        word,
        isWhole ? summary : `${summary} Also: ${words.join(", ")}.`,
      ] as const;
    }
    return [word, `${GROUPS[word]}: ${words.join(", ")}.`] as const;
  });
  const types = all.filter((name) => name.startsWith("emit "))
    .map((name) => name.slice("emit ".length));
  return [
    "Records what happens to the work packages and features of a Spec Kitty project.",
    "",
    "usage: kitty-events <command> [arguments]",
    "",
    ...columns(await Promise.all(rows), INDENT),
    "",
    ...wrapped(`event types of emit: ${types.join(", ")}`, WIDTH),
    "",
    `topics: ${TOPICS.map(({ name }) => name).join(", ")}`,
    "",
    "kitty-events help <command or topic> says more.",
    "kitty-events --version shows the versions.",
  ].join("\n");
}

/** `user add` and `user list` as `user add|list`. */
function joined(words: readonly string[]): string[] {
  const byFirst = Map.groupBy(words, (word) => word.split(" ", 1)[0]!);
  return [...byFirst].map(([first, all]) => {
    const rest = all.filter((word) => word !== first)
      .map((word) => word.slice(first.length + 1));
    return rest.length === 0 ? first : `${first} ${rest.join("|")}`;
  });
}

/** Help for all commands that begin with the same words. */
export async function groupHelp(names: readonly string[]): Promise<string> {
  const commands = await Promise.all(names.map((name) => loadCommand(name)));
  return columns(
    commands.map(({ name, summary }) => [`kitty-events ${name}`, summary]),
    INDENT,
  ).join("\n");
}

/** Help for one command. */
export async function commandHelp(name: string): Promise<string> {
  const command = await loadCommand(name);
  const { summary, details, positionals, options, examples } = command;
  const own = Object.entries(options);
  const usage = `usage: kitty-events ${usageOf(command)}`;
  const sections = [
    `${summary}\n\n${wrapped(usage, WIDTH).join("\n  ")}`,
    details?.join("\n"),
    columns(positionals.map(({ name, help }) => [name, help]), INDENT)
      .join("\n"),
    columns(
      [...own, ...Object.entries(COMMON_OPTIONS)].map(([name, option]) => [
        synopsis(name, option),
        option.help,
      ]),
      INDENT,
    ).join("\n"),
    [
      "examples:",
      ...examples.flatMap((example) => commandLine(example, WIDTH - INDENT))
        .map((line) => " ".repeat(INDENT) + line),
    ].join("\n"),
  ];
  return sections.filter(Boolean).join("\n\n");
}

/** Help for a topic. */
export function topicHelp(topic: Topic): string {
  const { summary, intro = [], rows, example = [], outro = [] } = topic;
  const paragraph = (text: string) => wrapped(text, WIDTH).join("\n");
  const sections = [
    summary,
    ...intro.map(paragraph),
    columns(rows, INDENT).join("\n"),
    ...outro.map(paragraph),
    example.map((line) => `  ${line}`).join("\n"),
  ];
  return sections.filter(Boolean).join("\n\n");
}

/** A command line in general: its words, arguments and required options. */
export function usageOf(
  { name, positionals, options }: Pick<
    Command,
    "name" | "positionals" | "options"
  >,
): string {
  const words = positionals.map(({ name, optional, rest }) => {
    const word = rest ? `${name} ...` : name;
    return optional ? `[${word}]` : word;
  });
  const own = Object.entries(options);
  const required = own.filter(([, { required }]) => required)
    .map(([name, option]) => synopsis(name, option));
  const optional = own.some(([, { required }]) => !required) ? "[options]" : "";
  return [name, ...words, ...required, optional].filter(Boolean).join(" ");
}

/** An option as one types it. */
export function synopsis(name: string, option: Option): string {
  return option.kind === "flag" ? `--${name}` : `--${name} ${option.value}`;
}

/** A command line as one types it, continued in further lines where it is too long. */
export function commandLine(example: string, width: number): string[] {
  const lines = [""];
  for (const part of `kitty-events ${example}`.split(/ (?=--)/)) {
    const line = lines.at(-1)!;
    const longer = line === "" ? part : `${line} ${part}`;
    if (line === "" || longer.length + 2 <= width) {
      lines[lines.length - 1] = longer;
    } else {
      lines[lines.length - 1] = `${line} \\`;
      lines.push(`    ${part}`);
    }
  }
  return lines;
}
