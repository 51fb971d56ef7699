/**
 * Records in a map, for as long as the process is.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import type { Entry, Recorded, Records, Space } from "./records.ts";

/** Records in a map. */
export class MemoryRecords implements Records {
  readonly #spaces = new Map<Space, Map<string, Recorded>>();

  #of(space: Space): Map<string, Recorded> {
    let values = this.#spaces.get(space);
    if (!values) this.#spaces.set(space, values = new Map());
    return values;
  }

  get<T extends Recorded>(space: Space, key: string): Promise<T | undefined> {
    return Promise.resolve(this.#of(space).get(key) as T | undefined);
  }

  list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]> {
    return Promise.resolve(
      [...this.#of(space)].map(([key, value]) => [key, value as T]),
    );
  }

  replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean> {
    const values = this.#of(space);
    const isSame = sameJson(values.get(key), before);
    if (isSame && after) values.set(key, after);
    else if (isSame) values.delete(key);
    return Promise.resolve(isSame);
  }
}
