/**
 * The units of systemd that keep an agent running.
 *
 * @module
 */

import { inOrder, type Member } from "./archives.ts";

const FOLDER = new URL("../examples/systemd/", import.meta.url);

/** All of them, by the name of the file. */
export async function unitMembers(): Promise<Member[]> {
  const entries = await Array.fromAsync(Deno.readDir(FOLDER));
  return inOrder(
    await Promise.all(entries.map(async ({ name }) => ({
      path: name,
      content: await Deno.readTextFile(new URL(name, FOLDER)),
    }))),
  );
}
