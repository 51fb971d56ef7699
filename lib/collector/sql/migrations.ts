/**
 * Brings a store's schema up to what this program knows: forward only, once,
 * also where several collectors start at the same moment.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import type { Statements } from "./connection.ts";
import type { Lane } from "./lane.ts";
import { LAYOUT, STEPS } from "./schema.ts";
import type { Store } from "./store.ts";
import { ServerError } from "./trouble.ts";

/** The oldest server that will do, as it numbers itself. */
const SERVER_MIN = 140_000;

/** Of the lock that one holds who changes the schema: any number that nobody else has chosen. */
const LOCK = 7_245_108_316;

/**
 * Looks at a store before anything else is done with it, and makes what is
 * missing.
 *
 * @throws {KittyError} where it is too old, not writable, of somebody else, or newer than this program
 */
export async function migrate(store: Store): Promise<void> {
  const { shown } = store.url;
  await store.write("look at the schema", async (lane) => {
    await checkServer(lane, shown);
    const found = await layoutOf(lane, shown);
    if (found === LAYOUT) return;
    await lane.transaction("isolation level read committed", async (tx) => {
      await tx.send(`select pg_advisory_xact_lock(${LOCK})`);
      // Somebody else may have made it while this one waited.
      const layout = await layoutOf(tx, shown);
      const missing = STEPS.slice(layout);
      if (layout === 0) await tx.send("create schema kitty_events");
      for (const [i, step] of missing.entries()) {
        await tx.send(step);
        const number = layout + i + 1;
        await tx.send(
          `insert into kitty_events.layout (number) values (${number})`,
        );
      }
      await tx.commit([]);
    });
  }, START_MS_MAX);
}

/** A store that is starting is waited for so long. */
const START_MS_MAX = 5_000;

/** @throws {KittyError} */
export async function checkServer(lane: Lane, shown: string): Promise<void> {
  const [server] = await lane.send(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as version, current_setting('server_encoding') as encoding",
  );
  const { number, version, encoding } = server!;
  if (number < SERVER_MIN) {
    throw unfit(
      `${shown} is PostgreSQL ${version}`,
      "a collector needs 14 or newer",
    );
  }
  if (encoding !== "UTF8") {
    throw unfit(
      `the database of ${shown} has the encoding ${encoding}`,
      "make one with: create database NAME encoding 'UTF8' template template0",
    );
  }
}

/**
 * The layout that is there; 0 where there is nothing.
 *
 * @throws {KittyError} where the schema is of somebody else, or newer
 */
export async function layoutOf(
  statements: Statements,
  shown: string,
): Promise<number> {
  const [there] = await statements.send(
    // Not by `to_regclass`: that may not know yet what another one has just made.
    "select exists (select from pg_namespace where nspname = 'kitty_events') as schema, exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'kitty_events' and c.relname = 'layout') as layout",
  );
  if (!there!.schema) return 0;
  const layout = there!.layout ? await highest(statements) : undefined;
  if (layout === undefined) {
    throw unfit(
      `the schema kitty_events of ${shown} was not made by a collector`,
      "nothing was changed: name another database, or rename that schema",
    );
  }
  if (layout > LAYOUT) {
    throw new KittyError("newer_layout", `${shown} has layout ${layout}`, {
      hint:
        `a newer kitty-events has changed it; this one knows ${LAYOUT}: use that one`,
    });
  }
  return layout;
}

/** Undefined where the table is not one of a collector. */
async function highest(statements: Statements): Promise<number | undefined> {
  try {
    const [row] = await statements.send(
      "select coalesce(max(number), 0)::int as number from kitty_events.layout",
    );
    return row!.number || undefined;
  } catch (error) {
    // No such column, no such function: another table.
    const isOther = error instanceof ServerError &&
      /^42(703|883|804)$/.test(error.code);
    if (isOther) return undefined;
    throw error;
  }
}

function unfit(message: string, hint: string): KittyError {
  return new KittyError("store_unfit", message, { hint });
}
