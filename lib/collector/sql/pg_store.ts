/**
 * Opens a store: its URL is read, its server looked at, its schema made.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { migrate } from "./migrations.ts";
import { Store } from "./store.ts";
import { parseStoreUrl } from "./store_url.ts";

/** Opens a store, and brings its schema up to date. @throws {KittyError} */
export async function openStore(url: string, world: World): Promise<Store> {
  const store = await Store.of(parseStoreUrl(url), world);
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw store.error(error);
  }
}
