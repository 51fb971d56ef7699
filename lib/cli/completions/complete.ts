/**
 * `__complete =CURRENT WORD...`: what may stand at the cursor, a candidate a
 * line, with what it is for behind a tab; `@file` or `@folder` where the shell
 * knows best. Asked by the scripts of the shells, and not in the help.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { harmless } from "../../base/shown.ts";
import type { Terminal } from "../terminal.ts";
import { known } from "./known.ts";
import {
  type Point,
  pointAt,
  valuedOptions,
  type Values,
  type Word,
} from "./model.ts";

/** Answers a shell. Never fails: a person who types gets no candidates then. */
export async function complete(
  [current = "=", ...before]: readonly string[],
  world: World,
  terminal: Terminal,
): Promise<void> {
  try {
    const lines = await candidates(current.slice(1), before, world);
    await terminal.write(lines.map((line) => `${line}\n`).join(""));
  } catch {
    // It would not be read.
  }
}

/** Where the cursor stands. */
interface Cursor {
  /** The command's words so far. */
  readonly path: string;
  /** How many arguments stand before it. */
  readonly count: number;
  /** The option whose value it is at. */
  readonly option: string | undefined;
  /** Whether `--` has ended the options. */
  readonly isEnded: boolean;
  /** The `--home` that was given, for what is looked up there. */
  readonly home: string | undefined;
}

async function candidates(
  current: string,
  before: readonly string[],
  world: World,
): Promise<string[]> {
  const valued = await valuedOptions(before);
  const cursor = await cursorAfter(before, valued);
  const lookUp = (values: Values) => resolve(values, cursor, world);
  const [, name, value] = current.match(/^(--[^=]+)=(.*)$/) ?? [];
  if (!cursor.isEnded && name !== undefined && valued.has(name)) {
    const found = await lookUp(valued.get(name)!);
    return fitting(found, value!).map((line) =>
      line.startsWith("@") ? line : `${name}=${line}`
    );
  }
  if (cursor.option !== undefined) {
    return fitting(await lookUp(valued.get(cursor.option)!), current);
  }
  const point = await pointAt(cursor.path);
  if (!cursor.isEnded && current.startsWith("-")) {
    return fitting(point.options, current);
  }
  const words = !cursor.isEnded && cursor.count === 0 ? point.words : [];
  const values = await lookUp(valuesAt(point, cursor.count));
  return [
    ...fitting(words, current),
    ...fitting(values, current),
  ];
}

function valuesAt({ values, repeats }: Point, count: number): Values {
  return values[repeats ? Math.min(count, values.length - 1) : count] ?? [];
}

/** Reads what stands before the cursor. */
async function cursorAfter(
  before: readonly string[],
  valued: ReadonlyMap<string, Values>,
): Promise<Cursor> {
  let path = "", count = 0, isEnded = false;
  let option: string | undefined, home: string | undefined;
  for (const word of before) {
    if (option !== undefined) {
      // Bash makes a word of its own of the sign between an option and its value.
      if (word === "=") continue;
      if (option === "--home") home = word;
      option = undefined;
    } else if (isEnded) {
      count += 1;
    } else if (word === "--") {
      isEnded = true;
    } else if (word.startsWith("-") && word !== "-") {
      if (word.startsWith("--home=")) home = word.slice("--home=".length);
      if (valued.has(word)) option = word;
    } else if (count === 0 && await leadsOn(path, word)) {
      path = `${path} ${word}`.trim();
    } else {
      count += 1;
    }
  }
  return { path, count, option, isEnded, home };
}

async function leadsOn(path: string, next: string): Promise<boolean> {
  return (await pointAt(path)).words.some(({ word }) => word === next);
}

/** The words that a value can be; or the one that lets the shell look. */
async function resolve(
  values: Values,
  { home }: Cursor,
  world: World,
): Promise<readonly Word[] | string> {
  if (values === "any") return [];
  if (values === "file" || values === "folder") return `@${values}`;
  const words = typeof values === "string"
    ? await known(values, world, home)
    : values.map((word) => ({ word, help: "" }));
  return words;
}

/** Lines of those that begin like the word at the cursor. */
function fitting(words: readonly Word[] | string, start: string): string[] {
  if (typeof words === "string") return [words];
  return words.filter(({ word }) => word.startsWith(start) && isPlain(word))
    .map(({ word, help }) =>
      help ? `${word}\t${harmless(help)}`.replaceAll("\n", " ") : word
    );
}

/** A shell cuts candidates at blanks, and would take others for a directive. */
function isPlain(word: string): boolean {
  return word !== "" && !/[\s\p{C}]/u.test(word) && !word.startsWith("@");
}
