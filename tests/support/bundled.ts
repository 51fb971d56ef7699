/** The program in the few files that it is shipped as, which start faster than its sources. */

import { bundle } from "../../packaging/bundle.ts";

/**
 * Bundles the program into a folder. The runtime would look at every file that
 * any command could load, before the first one runs; what it cannot read from
 * the text it loads when it is called for, and a start takes a quarter less.
 *
 * @returns the file to run
 */
export async function bundledProgram(folder: string): Promise<string> {
  const { entry } = await bundle(folder);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".js")) continue;
    const path = `${folder}/${name}`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(
      path,
      text.replaceAll(/\bimport\("(\.\/[^"]+)"\)/g, 'import("$1"+"")'),
    );
  }
  return entry;
}
