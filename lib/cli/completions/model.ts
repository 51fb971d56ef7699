/**
 * What can be completed, read off the table of commands.
 *
 * @module
 */

import type { Option, Positional } from "../../base/arguments.ts";
import { type Command, COMMON_OPTIONS, EMIT_OPTIONS } from "../command.ts";
import { withoutVersion } from "../../contract/rows/contracts.ts";
import { COMMANDS, isRowEmit, loadCommand, nextWords } from "../commands.ts";
import { GROUPS } from "../help.ts";
import { TOPICS } from "../topics.ts";

/** A word that can stand somewhere, and what it is for. */
export interface Word {
  readonly word: string;
  readonly help: string;
}

/** What is looked up in the home. */
export type Known =
  | "queued_event"
  | "dead_letter"
  | "team"
  | "work_package"
  | "feature";

/** What a value can be: one of some words, something known, a file, a folder, or anything. */
export type Values = readonly string[] | Known | "file" | "folder" | "any";

/** A point of the command line: the words so far, and what may follow. */
export interface Point {
  readonly words: readonly Word[];
  /** With their dashes. */
  readonly options: readonly Word[];
  /** What the arguments can be, in order. */
  readonly values: readonly Values[];
  /** Whether the last of them may come again and again. */
  readonly repeats: boolean;
}

/**
 * What may follow the words of a command, or their beginning.
 *
 * @param path such as `queue dead`; empty at the beginning
 */
export async function pointAt(path: string): Promise<Point> {
  const isHelp = path === "help" || path.startsWith("help ");
  if (isHelp && path !== "help") {
    // `help queue dead` completes as `queue dead` does, less its arguments.
    return { ...await pointAt(path.slice("help ".length)), ...NO_ARGUMENTS };
  }
  const isCommand = COMMANDS.has(path) || isRowEmit(path);
  const command = isCommand ? await loadCommand(path) : undefined;
  const words = [
    ...await wordsAfter(isHelp ? "" : path),
    ...path === "emit" ? await rowWords() : [],
  ];
  const options = { ...command?.options ?? EMIT_OPTIONS, ...COMMON_OPTIONS };
  const positionals = isHelp ? [] : command?.positionals ?? [];
  return {
    words: isHelp ? [...words, ...topicWords()] : words,
    options: [
      ...optionWords(options),
      ...path === "" ? [{ word: "--version", help: "the versions" }] : [],
    ],
    values: positionals.map((positional) => argumentOf(path, positional)),
    repeats: positionals.at(-1)?.rest ?? false,
  };
}

const NO_ARGUMENTS = {
  options: optionWords(COMMON_OPTIONS),
  values: [],
  repeats: false,
};

/** Types of rows, which stand behind `emit` as other types do. */
async function rowWords(): Promise<Word[]> {
  const { rowContracts } = await import("../contract_choice.ts");
  const { contracts } = await rowContracts(undefined);
  return contracts.all.flatMap(({ types }) =>
    [...types.values()].map(({ name, description }) => ({
      word: withoutVersion(name),
      help: description.replace(/\.$/, ""),
    }))
  );
}

/**
 * Options that take a value, with their dashes. A name means the same in
 * every command, so that a value can be told from a word before the command
 * is known; but for the types of rows, whose options are their own.
 *
 * @param typed the words of the line
 */
export async function valuedOptions(
  typed: readonly string[] = [],
): Promise<ReadonlyMap<string, Values>> {
  const valued = new Map<string, Values>();
  const row = typed.map((word) => `emit ${word}`).filter(isRowEmit)
    .slice(0, typed.includes("emit") ? 1 : 0);
  const commands: Pick<Command, "options">[] = await Promise.all(
    [...COMMANDS.keys(), ...row].map((name) => loadCommand(name)),
  );
  for (const { options } of [...commands, { options: COMMON_OPTIONS }]) {
    for (const [name, option] of Object.entries(options)) {
      if (option.kind !== "flag") {
        valued.set(`--${name}`, valueOf(name, option));
      }
    }
  }
  return valued;
}

async function wordsAfter(path: string): Promise<Word[]> {
  const next = nextWords(path).filter((word) => word !== "version");
  return await Promise.all(next.map(async (word) => {
    const name = `${path} ${word}`.trim();
    const help = GROUPS[name] ??
      (COMMANDS.has(name)
        ? (await loadCommand(name)).summary.replace(/\.$/, "")
        : `${name} ...`);
    return { word, help };
  }));
}

function topicWords(): Word[] {
  return TOPICS.map(({ name, summary }) => ({
    word: name,
    help: summary.replace(/\.$/, ""),
  }));
}

function optionWords(options: Readonly<Record<string, Option>>): Word[] {
  return Object.entries(options)
    .map(([name, { help }]) => ({ word: `--${name}`, help }));
}

function argumentOf(path: string, { name, help }: Positional): Values {
  switch (name) {
    case "ID":
      return path.startsWith("queue dead") ? "dead_letter" : "queued_event";
    case "WP":
    case "DEPENDENCY":
      return "work_package";
    case "SLUG":
      return "feature";
    default:
      return valuesOf({ value: name, help });
  }
}

function valueOf(name: string, option: Option): Values {
  if (name === "team") return "team";
  if (name === "follow") return "folder";
  if (name === "feature") return "feature";
  return option.value === "WP" ? "work_package" : valuesOf(option);
}

/** The table says what a value is by its name, and in the words of its help. */
function valuesOf(
  { value, help, choices }: Pick<Option, "value" | "help" | "choices">,
): Values {
  if (choices) return choices;
  if (value === "FILE") return "file";
  if (value === "DIR") return "folder";
  return help.match(/^one of (\S+(?:, \S+)*)$/)?.[1]?.split(", ") ?? "any";
}
