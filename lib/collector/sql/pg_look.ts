/**
 * A look at a store that changes nothing.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { checkServer, layoutOf } from "./migrations.ts";
import { LAYOUT } from "./schema.ts";
import { Store } from "./store.ts";
import { parseStoreUrl } from "./store_url.ts";

/** How a store stands. */
export interface StoreLook {
  /** Its URL without the password. */
  readonly shown: string;
  /** Version of the server. */
  readonly version: string;
  /** Whether the server takes changes: it is no standby, and does not recover. */
  readonly isWritable: boolean;
  /** 0: no collector has been there yet. */
  readonly layout: number;
  /** What this program would make it. */
  readonly layoutKnown: number;
  /** How far this machine is ahead of the server, milliseconds. */
  readonly skewMs: number;
  /** Of one question and its answer. */
  readonly tookMs: number;
  readonly connections: number;
  readonly connectionsMax: number;
  /** Size of the database. */
  readonly bytes: number;
  /** Settings of the server that are off, and without which what was acknowledged may be lost. */
  readonly risks: readonly string[];
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean;
}

/**
 * Looks at a store.
 *
 * @throws {KittyError} for a URL that is wrong, a server that cannot be asked,
 *   and a schema that is of somebody else, or newer than this program
 */
export async function lookAt(
  url: string,
  world: World,
): Promise<StoreLook> {
  await using store = await Store.of(parseStoreUrl(url), world);
  const { shown } = store.url;
  return await store.read("look at the store", async (lane) => {
    await checkServer(lane, shown);
    const startedMs = world.elapsedMs();
    await lane.send("select 1");
    const tookMs = world.elapsedMs() - startedMs;
    const [facts] = await lane.send(
      "select current_setting('server_version') as version, " +
        "pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as closed, " +
        "(extract(epoch from clock_timestamp()) * 1000)::float8 as now, " +
        "(select count(*)::int from pg_stat_activity) as connections, " +
        "current_setting('fsync') as fsync, " +
        "current_setting('full_page_writes') as full_page_writes, " +
        "current_setting('synchronous_commit') as synchronous_commit, " +
        "coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as ssl, " +
        "current_setting('max_connections')::int as connections_max, " +
        "pg_database_size(current_database())::float8 as bytes",
    );
    const nowMs = world.nowMs();
    return {
      shown,
      version: facts!.version,
      isWritable: !facts!.closed,
      layout: await layoutOf(lane, shown),
      layoutKnown: LAYOUT,
      skewMs: nowMs - tookMs / 2 - facts!.now,
      tookMs,
      connections: facts!.connections,
      connectionsMax: facts!.connections_max,
      bytes: facts!.bytes,
      risks: RISKS.filter((name) => facts![name] === "off"),
      isEncrypted: facts!.ssl,
    };
  }, LOOK_MS_MAX);
}

/** Settings without which what was acknowledged may be lost. */
const RISKS = ["fsync", "full_page_writes", "synchronous_commit"];

/** Whoever asks wants to know soon. */
const LOOK_MS_MAX = 5_000;
