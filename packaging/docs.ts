/**
 * The manual and the completions, as the program itself prints them.
 *
 * @module
 */

import { run } from "./bundle.ts";

/** Where a shell looks for completions, by the name of the file. */
export const COMPLETION_FILES = {
  bash: "kitty-events.bash",
  zsh: "_kitty-events",
  fish: "kitty-events.fish",
  powershell: "kitty-events.ps1",
} as const;

/** A shell that there are completions for. */
export type Shell = keyof typeof COMPLETION_FILES;

/** What is read about the program. */
export interface Docs {
  /** The man page, in roff. */
  readonly manual: string;
  readonly completions: Readonly<Record<Shell, string>>;
}

/** Asks the program for its manual and its completions. */
export async function readDocs(): Promise<Docs> {
  const completions = (shell: Shell) => print("completions", shell);
  const [manual, bash, zsh, fish, powershell] = await Promise.all([
    print("man"),
    completions("bash"),
    completions("zsh"),
    completions("fish"),
    completions("powershell"),
  ]);
  return { manual, completions: { bash, zsh, fish, powershell } };
}

/** From source, because the program of another system does not run here. */
function print(...words: string[]): Promise<string> {
  return run(Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", "--no-check", "main.ts"],
    ...words,
  ]);
}
