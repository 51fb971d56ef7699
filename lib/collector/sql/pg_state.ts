/**
 * What can be seen of a store without changing anything in it.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { checkServer, layoutOf } from "./migrations.ts";
import { Store } from "./store.ts";
import { parseStoreUrl } from "./store_url.ts";

/** What is seen. */
export interface StoreState {
  /** The URL without its password. */
  readonly shown: string;
  /** Such as `15.18`. */
  readonly server: string;
  /** 0: no collector has used it. */
  readonly layout: number;
  /** What may be lost when the server ends badly, in words. */
  readonly risks: readonly string[];
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean;
}

const ASK =
  "select current_setting('server_version') as server, current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes, coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as ssl";

/** Looks at a store. @throws {KittyError} where it cannot be used */
export async function storeState(
  url: string,
  world: World,
): Promise<StoreState> {
  await using store = await Store.of(parseStoreUrl(url), world);
  const { shown } = store.url;
  return await store.read("look at the store", async (lane) => {
    await checkServer(lane, shown);
    const [row] = await lane.send(ASK);
    const names = ["fsync", "synchronous_commit", "full_page_writes"];
    return {
      shown,
      server: row!.server,
      layout: await layoutOf(lane, shown),
      risks: names.filter((name) => row![name] === "off"),
      isEncrypted: row!.ssl,
    };
  }, LOOK_MS_MAX);
}

/** A person is waiting for the answer. */
const LOOK_MS_MAX = 4_000;
