/** The program in the few files that it is shipped as, which start faster than its sources. */

import { type Bundle, bundle } from "../../packaging/bundle.ts";

/** The bundle that whoever runs all tests has made of what is checked out. */
const SHIPPED = Deno.env.get("KITTY_EVENTS_SHIPPED");

/** The bundle as it is shipped, in a folder that is made anew. */
export async function shippedBundle(folder: string): Promise<Bundle> {
  // Bundling takes longer than most tests.
  return SHIPPED
    ? await copyOf(JSON.parse(SHIPPED), folder)
    : await bundle(folder);
}

/**
 * Copies a bundle into a folder, and changes it there. The runtime would look at every
 * file that any command could load, before the first one runs; what it cannot read from
 * the text it loads when it is called for, and a start takes a quarter less.
 *
 * @returns the file to run
 */
export async function bundledProgram(
  folder: string,
  shipped?: Bundle,
): Promise<string> {
  const { entry } = shipped
    ? await copyOf(shipped, folder)
    : await bundle(folder);
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

async function copyOf(bundle: Bundle, folder: string): Promise<Bundle> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const [from, main] = bundle.entry.split(/\/(?=[^/]+$)/);
  for await (const { name } of Deno.readDir(from!)) {
    await Deno.copyFile(`${from}/${name}`, `${folder}/${name}`);
  }
  return { ...bundle, entry: `${folder}/${main}` };
}
