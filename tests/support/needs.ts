/** What tests need of the machine: without it they are left out, and their names say so. */

/** Something that may not be there. */
export interface Need {
  readonly isMet: boolean;
  /** What is missing, such as `there is no strace`. */
  readonly reason: string;
}

/** A test that is left out, aloud, where a need is not met. */
export function needing(
  needs: readonly Need[],
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): Deno.TestDefinition {
  const missing = needs.find(({ isMet }) => !isMet);
  return {
    name: missing ? `${name} (left out: ${missing.reason})` : name,
    ignore: missing !== undefined,
    fn,
  };
}

/** That a command is there, and runs with these arguments. */
export async function commandNeed(
  command: string,
  args: readonly string[] = ["--version"],
): Promise<Need> {
  const isMet = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output().then(({ success }) => success, () => false);
  return { isMet, reason: `there is no ${command}` };
}
