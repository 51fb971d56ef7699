/**
 * What a command says: data on stdout, words for people on stderr.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import type { Problem } from "../base/problem.ts";
import { harmless } from "../base/shown.ts";
import { type Accent, accented, paint } from "./colour.ts";
import type { Terminal } from "./terminal.ts";

/** How much a command says, and in which form. */
export interface OutputMode {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** The voice of one command. */
export class Output {
  constructor(readonly terminal: Terminal, readonly mode: OutputMode) {}

  /** One line of data: `document` with `--json`, else `text`. */
  data(document: unknown, text: string): Promise<boolean> {
    return this.line(this.mode.json ? JSON.stringify(document) : text);
  }

  /** One line of data as it is. */
  line(text: string): Promise<boolean> {
    return this.terminal.write(text + "\n");
  }

  /** What people may like to know; silent with `--quiet`. */
  async note(text: string, accent?: Accent): Promise<void> {
    if (!this.mode.quiet) {
      await this.terminal.writeError(this.#told(text, accent));
    }
  }

  /** What people should know. */
  async warn(text: string, accent?: Accent): Promise<void> {
    const prefix = "kitty-events:";
    const shown = this.terminal.hasErrorColours
      ? paint(prefix, "yellow")
      : prefix;
    await this.terminal.writeError(`${shown} ${this.#told(text, accent)}`);
  }

  #told(text: string, accent: Accent | undefined): string {
    const words = harmless(text);
    return accent && this.terminal.hasErrorColours
      ? accented(words, accent)
      : words;
  }

  /** Says why the command itself failed. */
  async fail(error: unknown): Promise<void> {
    const { code, hint } = error instanceof KittyError
      ? error
      : { code: "internal", hint: undefined };
    const message = reasonOf(error);
    if (this.mode.json) {
      await this.line(
        JSON.stringify({ error: { code, message, ...hint && { try: hint } } }),
      );
      return;
    }
    await this.warn(message + (hint ? `\n  ${hint}` : ""));
  }
}

/** Columns of the narrowest terminal in use. */
export const WIDTH = 80;

/** The fields of a document as a table for people. */
export function tableOf(document: object): string {
  const rows = Object.entries(document).map(([name, value]) => {
    const text = Array.isArray(value)
      ? value.join(", ")
      : typeof value === "object" && value !== null
      ? Object.entries(value).map(([key, n]) => `${key} ${n}`).join(", ")
      : String(value ?? "");
    return [name, printable(text, Infinity) || "none"] as const;
  });
  return columns(rows).join("\n");
}

/** Two columns, the right one wrapped. */
export function columns(
  rows: readonly (readonly [string, string])[],
  indent = 0,
): string[] {
  const left = Math.max(0, ...rows.map(([name]) => name.length)) + indent + 2;
  return rows.flatMap(([name, text]) =>
    wrapped(text, WIDTH - left).map((line, i) =>
      `${" ".repeat(indent)}${i === 0 ? name : ""}`.padEnd(left) + line
    )
  );
}

/** Breaks a text into lines of at most `width` characters, between words. */
export function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1]!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** A problem in one line. */
export function problemText(problem: Problem): string {
  const { path, expected, found, hint } = problem;
  // A path holds keys of the document, which are text from outside.
  const place = printable(path, Infinity) || "the document";
  return `${place}: expected ${expected}, found ${found}${
    hint ? ` (${hint})` : ""
  }`;
}

/** Text from outside, fit for a terminal: no control characters, not too long. */
export function printable(text: string, charsMax = 60): string {
  const clean = harmless(text).replaceAll("\n", "?");
  if (clean.length <= charsMax) return clean;
  // Half of a surrogate pair would be shown as a sign of damage.
  const cut = clean.slice(0, charsMax - 1).replace(/[\ud800-\udbff]$/, "");
  return `${cut}…`;
}
