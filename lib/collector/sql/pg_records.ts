/**
 * Records in PostgreSQL: those that collectors change, and those that
 * commands change.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import type { Entry, Recorded, Records, Space } from "../records/records.ts";
import { keyOf, textOf } from "./columns.ts";
import type { Lane } from "./lane.ts";
import type { Store } from "./store.ts";
import { LostError } from "./trouble.ts";

/** Records in one table. */
export class PgRecords implements Records {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async get<T extends Recorded>(
    space: Space,
    key: string,
  ): Promise<T | undefined> {
    const text = await this.#store.read(
      "read a record",
      (lane) => readText(lane, space, key),
    );
    return text === undefined ? undefined : JSON.parse(text);
  }

  async list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]> {
    const rows = await this.#store.read("read records", (lane) =>
      lane.send(
        `select key, value from kitty_events.records where space = $1 order by key collate "C"`,
        [space],
      ));
    return rows.map(({ key, value }) => [textOf(key), JSON.parse(value)]);
  }

  replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean> {
    const isUnchanged = sameJson(before, after);
    // Whether a try got no answer: what stands there then may be its work.
    let isTried = false;
    return this.#store.write("change a record", async (lane) => {
      for (;;) {
        const text = await readText(lane, space, key);
        const stands = text === undefined ? undefined : JSON.parse(text);
        if (isTried && sameJson(stands, after)) return true;
        if (!sameJson(stands, before)) return false;
        if (isUnchanged) return true;
        const [change, values] = changeOf(text, after);
        try {
          const done = await lane.send(change, [space, keyOf(key), ...values]);
          if (done.length === 1) return true;
        } catch (error) {
          isTried ||= error instanceof LostError;
          throw error;
        }
      }
    });
  }
}

/** One statement that puts a value in the place of a text, if that still stands there. */
function changeOf(
  before: string | undefined,
  after: Recorded | undefined,
): [text: string, values: string[]] {
  const value = after && JSON.stringify(after);
  if (before === undefined) {
    return [
      "insert into kitty_events.records (space, key, value) values ($1, $2, $3) on conflict do nothing returning 1",
      [value!],
    ];
  }
  return value === undefined
    ? [
      "delete from kitty_events.records where space = $1 and key = $2 and value = $3 returning 1",
      [before],
    ]
    : [
      "update kitty_events.records set value = $4 where space = $1 and key = $2 and value = $3 returning 1",
      [before, value],
    ];
}

async function readText(
  lane: Lane,
  space: string,
  key: string,
): Promise<string | undefined> {
  const [row] = await lane.send(
    "select value from kitty_events.records where space = $1 and key = $2",
    [space, keyOf(key)],
  );
  return row?.value;
}
