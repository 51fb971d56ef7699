/**
 * Descriptors of files that this process may still open. Some things of the
 * runtime end the process, or hang, where they find none.
 *
 * @module
 */

/** Whether so many are left; a file is opened as often, and closed again. */
export function mayOpen(path: string, count: number): boolean {
  const open: Deno.FsFile[] = [];
  try {
    while (open.length < count) open.push(Deno.openSync(path));
    return true;
  } catch (error) {
    // What else may be wrong with it, its own use meets.
    return !/too many open files|os error 24/i.test(String(error));
  } finally {
    for (const file of open) file.close();
  }
}
