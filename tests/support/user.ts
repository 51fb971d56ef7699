/** A person at a shell, with an empty home and the program on the path. */

import { type TempFolder, tempFolder } from "./home.ts";
import { programScript } from "./program.ts";
import { BASH, type Need, needing, runTool } from "./needs.ts";

/** A test that needs a shell, and whatever else it names. */
export function inShell(
  name: string,
  fn: () => Promise<void>,
  ...needs: readonly Need[]
): Deno.TestDefinition {
  return needing([BASH, ...needs], name, fn);
}

/** What a script left. */
export interface ScriptResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new user. */
export interface User extends AsyncDisposable {
  /** The folder that is the user's home, and where scripts run. */
  readonly path: string;
  /** The program's home in it. */
  readonly home: string;
  /** Runs a script to its end, strictly. */
  run(
    script: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<ScriptResult>;
}

/**
 * Makes a new user, removed at the end with all that is theirs.
 *
 * @param options.program a compiled program, to be used in place of the source
 */
export async function newUser(
  options: { program?: string } = {},
): Promise<User> {
  const { program } = options;
  const folder: TempFolder = await tempFolder();
  const command = `${folder.path}/bin/kitty-events`;
  await Deno.mkdir(`${folder.path}/bin`);
  if (program) await Deno.symlink(program, command);
  else await Deno.writeTextFile(command, programScript(), { mode: 0o755 });
  return {
    path: folder.path,
    home: `${folder.path}/.spec-kitty`,
    async run(script, env = {}) {
      const { code, stdout, stderr } = await runTool("bash", {
        args: ["-euo", "pipefail", "-c", script],
        cwd: folder.path,
        env: {
          HOME: folder.path,
          PATH: `${folder.path}/bin:${Deno.env.get("PATH")}`,
          ...env,
        },
        clearEnv: true,
      });
      const decoder = new TextDecoder();
      return {
        code,
        stdout: decoder.decode(stdout),
        stderr: decoder.decode(stderr),
      };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
