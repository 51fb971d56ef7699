/**
 * What can be completed, read off the table of commands: the generators for
 * the shells only put it into another language.
 *
 * @module
 */

import type { Option } from "../../base/arguments.ts";
import { COMMON_OPTIONS, EMIT_OPTIONS } from "../command.ts";
import { COMMANDS, loadCommand } from "../commands.ts";
import { GROUPS } from "../help.ts";
import { TOPICS } from "../topics.ts";

/** A word that can stand somewhere, and what it is for. */
export interface Word {
  readonly word: string;
  readonly help: string;
}

/** What a value can be: one of some words, a file, a folder, or anything. */
export type Values = readonly string[] | "file" | "folder" | "any";

/** A point of the command line: the words so far, and what may follow. */
export interface Place {
  /** Such as `queue dead`; empty at the beginning. */
  readonly path: string;
  readonly words: readonly Word[];
  /** With their dashes. */
  readonly options: readonly Word[];
  /** What the arguments can be, in order. */
  readonly values: readonly Values[];
  /** Whether the last of them may come again and again. */
  readonly repeats: boolean;
}

/** All that the shells are told. */
export interface Model {
  readonly places: readonly Place[];
  /**
   * Options that take a value, with their dashes. A name means the same in
   * every command, so that a shell can tell a value from a word without
   * knowing the command yet.
   */
  readonly valued: ReadonlyMap<string, Values>;
}

/** Reads the table of commands. */
export async function completionModel(): Promise<Model> {
  const valued = new Map<string, Values>();
  const places = new Map<string, Place>();
  for (const path of allPaths()) {
    const place = await placeOf(path, valued);
    places.set(path, place);
  }
  // `help queue dead` completes as `queue dead` does, less its arguments.
  for (const { path, words } of [...places.values()]) {
    if (path === "help" || words.length === 0) continue;
    const behindHelp = `help ${path}`.trim();
    places.set(behindHelp, {
      path: behindHelp,
      words: path === "" ? [...words, ...topicWords()] : words,
      options: optionWords(COMMON_OPTIONS),
      values: [],
      repeats: false,
    });
  }
  return { places: [...places.values()], valued };
}

/** Every beginning of every command, the empty one first. */
function allPaths(): Set<string> {
  const paths = [...COMMANDS.keys()].filter((name) => name !== "version")
    .flatMap((name) => {
      const words = name.split(" ");
      return words.map((_, i) => words.slice(0, i + 1).join(" "));
    });
  return new Set(["", ...paths]);
}

async function placeOf(
  path: string,
  valued: Map<string, Values>,
): Promise<Place> {
  const command = COMMANDS.has(path) ? await loadCommand(path) : undefined;
  const options = {
    ...command ? command.options : EMIT_OPTIONS,
    ...COMMON_OPTIONS,
  };
  for (const [name, option] of Object.entries(options)) {
    if (option.kind !== "flag") valued.set(`--${name}`, valuesOf(option));
  }
  const positionals = command?.positionals ?? [];
  return {
    path,
    words: await nextWords(path),
    options: [
      ...optionWords(options),
      ...path === "" ? [{ word: "--version", help: "the versions" }] : [],
    ],
    values: positionals.map(({ name, help }) =>
      valuesOf({ value: name, help })
    ),
    repeats: positionals.at(-1)?.rest ?? false,
  };
}

async function nextWords(path: string): Promise<Word[]> {
  const begin = path === "" ? "" : `${path} `;
  const names = [...allPaths()].filter((name) =>
    name !== "" && name.startsWith(begin) &&
    !name.slice(begin.length).includes(" ")
  );
  return await Promise.all(names.map(async (name) => ({
    word: name.slice(begin.length),
    help: GROUPS[name] ??
      (COMMANDS.has(name)
        ? (await loadCommand(name)).summary.replace(/\.$/, "")
        : `${name} ...`),
  })));
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

/** The table says what a value is by its name, and in the words of its help. */
function valuesOf(
  { value, help, choices }: Pick<Option, "value" | "help" | "choices">,
): Values {
  if (choices) return choices;
  if (value === "FILE") return "file";
  if (value === "DIR") return "folder";
  return help.match(/^one of (\S+(?:, \S+)*)$/)?.[1]?.split(", ") ?? "any";
}

/** The values of a place's arguments by their number, where there is anything to complete. */
export function valuesByNumber(
  { values }: Place,
): [number, Exclude<Values, "any">][] {
  return values.flatMap((value, i) =>
    value === "any" ? [] : [[i, value] as [number, Exclude<Values, "any">]]
  );
}
