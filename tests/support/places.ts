/**
 * Where the data of collectors under test lies: in their homes, or, where a
 * server is named, each in a database of its own there. So tests of what a
 * collector does over the network can be run on either engine.
 */

import { collectorFolder } from "../../lib/collector/folder.ts";
import type { Place } from "../../lib/collector/place.ts";

/** Names the server: the URL of a database from which others can be made. */
export const TEST_SERVER = "KITTY_EVENTS_TEST_SERVER";

const made = new Map<string, Promise<string>>();

/** The place of the collector of a home. */
export async function placeIn(
  home: string,
): Promise<Place & { readonly folder: string }> {
  const folder = collectorFolder(home), server = Deno.env.get(TEST_SERVER);
  if (!server) return { folder };
  let making = made.get(home);
  if (!making) made.set(home, making = newDatabase(server));
  return { folder, store: await making };
}

async function newDatabase(server: string): Promise<string> {
  const { default: postgres } = await import("postgres");
  const name = `c_${crypto.randomUUID().replaceAll("-", "")}`;
  const sql = postgres(server, { max: 1, fetch_types: false });
  try {
    await sql.unsafe(`create database ${name}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
