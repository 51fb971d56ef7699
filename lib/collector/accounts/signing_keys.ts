/**
 * The keys that sign tokens. The newest one signs; older ones verify until
 * all that they signed has run out.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { Fresh } from "../fresh.ts";
import {
  SIGNED_LIFETIME_MS,
  SIGNING_KEY_AGE_MS,
  STANDING_PACE,
} from "./limits.ts";
import { type Records, removed } from "../records/records.ts";

/** What is kept of one. */
export interface SigningKey {
  /** A number, which counts up. */
  readonly name: string;
  /** Hexadecimal digits. */
  readonly secret: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

const SECRET_BYTES = 32, NAME = /^[1-9]\d{0,9}$/;

/** Name of the first one. Tokens of programs that knew no other do not name it. */
export const FIRST = "1";

/** All of them, the newest last. @throws {KittyError} where one is damaged */
export async function signingKeys(
  settings: Records,
): Promise<readonly SigningKey[]> {
  const all = (await settings.list<SigningKey>("signing_keys"))
    .map(([, key]) => key);
  const isWhole = all.every(({ name, secret, created_at }) =>
    NAME.test(name) && /^(?:[0-9a-f]{2}){16,}$/.test(secret) &&
    !Number.isNaN(Date.parse(created_at))
  );
  if (isWhole) return all.toSorted((a, b) => Number(a.name) - Number(b.name));
  throw new KittyError("settings_damaged", "a signing key is damaged", {
    hint:
      "put a backup of the signing keys in their place, or remove them: new ones are made, and everybody has to log in again",
  });
}

/**
 * Makes a signing key that is used from now on.
 *
 * @param newest the one that it follows; undefined: there is none yet
 * @returns the newest now: another one may have been faster
 */
export async function rotate(
  settings: Records,
  world: Pick<World, "randomBytes" | "nowMs">,
  newest: SigningKey | undefined,
): Promise<SigningKey> {
  const key: SigningKey = {
    name: newest ? `${Number(newest.name) + 1}` : FIRST,
    secret: world.randomBytes(SECRET_BYTES).toHex(),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  await settings.replace("signing_keys", key.name, undefined, key);
  return (await signingKeys(settings)).at(-1)!;
}

/** Removes all but the newest: what they have signed is void at once. @returns how many */
export async function dropOlder(settings: Records): Promise<number> {
  const older = (await signingKeys(settings)).slice(0, -1);
  for (const { name } of older) await removed(settings, "signing_keys", name);
  return older.length;
}

/** The signing keys as a running collector uses them. */
export class SigningKeys {
  readonly #settings: Records;
  readonly #world: World;
  readonly #all: Fresh<readonly SigningKey[]>;

  constructor(settings: Records, world: World) {
    this.#settings = settings;
    this.#world = world;
    this.#all = new Fresh(
      async () => {
        const all = await signingKeys(settings);
        return all.length > 0 ? all : [
          await rotate(settings, world, undefined),
        ];
      },
      world,
      STANDING_PACE,
    );
  }

  /** The one that signs. */
  async newest(): Promise<SigningKey> {
    return (await this.#all.get()).at(-1)!;
  }

  /** The one of a name; undefined where there is none, or none any more. */
  async find(name: string): Promise<SigningKey | undefined> {
    if (!NAME.test(name)) return undefined;
    const named = (all: readonly SigningKey[]) =>
      all.find((key) => key.name === name);
    return named(await this.#all.get()) ?? named(await this.#all.anew());
  }

  /** Makes a new one where the newest is old, and removes those that nobody needs. @returns what was done */
  async look(): Promise<{ made?: string; removed: readonly string[] }> {
    const nowMs = this.#world.nowMs();
    const all = await this.#all.get();
    const newest = all.at(-1)!;
    const isOld = nowMs - Date.parse(newest.created_at) >= SIGNING_KEY_AGE_MS;
    // A key is out of use since its successor was made.
    const over = all.filter((_, i) => {
      const next = all[i + 1];
      return next && nowMs - Date.parse(next.created_at) > SIGNED_LIFETIME_MS;
    }).map(({ name }) => name);
    for (const name of over) {
      await removed(this.#settings, "signing_keys", name);
    }
    const made = isOld
      ? await rotate(this.#settings, this.#world, newest)
      : undefined;
    if (made || over.length > 0) await this.#all.anew();
    return { ...made && { made: made.name }, removed: over };
  }
}
