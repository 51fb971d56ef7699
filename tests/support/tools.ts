/** Programs of the system that a test may need and a machine may lack. */

/** Whether a program is there, and runs with these arguments. */
export async function hasTool(
  name: string,
  args: readonly string[],
): Promise<boolean> {
  try {
    // Where there is no such program, this may throw before it promises anything.
    const { success } = await new Deno.Command(name, {
      args: [...args],
      stdin: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Options of a test that needs a program: without it, it is left out, and its name says so. */
export function withTool(
  name: string,
  isThere: boolean,
): { readonly ignore: boolean; readonly suffix: string } {
  return {
    ignore: !isThere,
    suffix: isThere ? "" : ` (ignored: there is no ${name})`,
  };
}
