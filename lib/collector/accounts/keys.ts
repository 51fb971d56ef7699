/**
 * Tokens for jobs: what a CI job shows in place of a login. A `Key` here, as a
 * `Token` is what a login is given. They stand in the settings,
 * without their secrets.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import { sha256Hex } from "../../base/digest.ts";
import { KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { type Records, removed } from "../records/records.ts";
import type { Role } from "./account_store.ts";
import { checkName } from "./names.ts";

/** What is kept of a key. */
export interface Key {
  readonly name: string;
  /** Part of the key itself, and no secret. */
  readonly id: string;
  readonly team: string;
  readonly role: Role;
  /** SHA-256 of the whole key, in hex. Its secret is random, so that no slower hash is needed. */
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  /** ISO 8601, UTC; without it: for ever. */
  readonly expires_at?: string;
}

/** A key as people see it. */
export type ShownKey = Omit<Key, "hash" | "expires_at"> & {
  readonly expires_at: string | null;
};

/** A key to be. */
export interface NewKey {
  readonly name: string;
  readonly team: string;
  readonly role: Role;
  /** How long it is good, milliseconds; undefined: for ever. */
  readonly lifetimeMs?: number | undefined;
}

const ID_BYTES = 8, SECRET_BYTES = 32;

/** All keys, by their names. Another process may change them at any time. */
export class KeyStore {
  readonly #settings: Records;

  constructor(settings: Records) {
    this.#settings = settings;
  }

  /** @throws {KittyError} where one of them is damaged */
  async all(): Promise<readonly Key[]> {
    return (await this.#settings.list<Key>("keys"))
      .map(([name, key]) => checked(name, key));
  }

  /** @throws {KittyError} where it is damaged */
  async find(name: string): Promise<Key | undefined> {
    const key = await this.#settings.get<Key>("keys", name);
    return key && checked(name, key);
  }

  /** Removes a key. @returns which it was; undefined where there is none of the name */
  remove(name: string): Promise<Key | undefined> {
    return removed<Key>(this.#settings, "keys", name);
  }

  /**
   * Makes a key.
   *
   * @returns what is kept of it, and the key itself, which nobody can find out again
   * @throws {KittyError} where the name is taken, or a value is not allowed
   */
  async create(
    { name, team, role, lifetimeMs }: NewKey,
    world: World,
  ): Promise<{ key: Key; text: string }> {
    checkName("name", name);
    checkName("team", team);
    if (team === LOCAL_TEAM) {
      throw new KittyError("bad_user", `"${team}" stands for no team`);
    }
    const id = world.randomBytes(ID_BYTES).toHex();
    const text = `ske_${id}_${world.randomBytes(SECRET_BYTES).toHex()}`;
    const nowMs = world.nowMs();
    const key: Key = {
      name,
      id,
      team,
      role,
      hash: await sha256Hex(text),
      created_at: new Date(nowMs).toISOString(),
      ...lifetimeMs !== undefined &&
        { expires_at: new Date(nowMs + lifetimeMs).toISOString() },
    };
    if (await this.#settings.replace("keys", name, undefined, key)) {
      return { key, text };
    }
    throw new KittyError("key_exists", `the token "${name}" is there already`, {
      hint: "choose another name, or revoke that one first",
    });
  }
}

function checked(name: string, key: Key): Key {
  const { id, team, role, hash, expires_at }: Partial<Key> = key;
  const isWhole = [id, team, role, hash, expires_at ?? ""]
    .every((text) => typeof text === "string");
  const ends = expires_at === undefined ||
    !Number.isNaN(Date.parse(expires_at));
  if (isWhole && ends) return key;
  throw new KittyError(
    "settings_damaged",
    `the token ${
      JSON.stringify(name)
    } lacks an id, team, role or hash, or has another end`,
    { hint: "put a backup of keys.json in its place, or make the token again" },
  );
}

/** The id of what looks like a key; undefined where a text is none. */
export function keyIdOf(text: string): string | undefined {
  return text.match(/^ske_([0-9a-f]{16})_[0-9a-f]{64}$/)?.[1];
}

/** Whether a text is the key of which this was kept. */
export async function isKey(text: string, { hash }: Key): Promise<boolean> {
  // Of the time that this takes nothing about the key can be learned: what is compared is a hash.
  return await sha256Hex(text) === hash;
}

/** Whether a key's time is over. */
export function isExpired({ expires_at }: Key, nowMs: number): boolean {
  return expires_at !== undefined && Date.parse(expires_at) <= nowMs;
}

/** A key without what was kept to know it by. */
export function shownKey(key: Key): ShownKey {
  const { name, id, team, role, created_at, expires_at = null } = key;
  return { name, id, team, role, created_at, expires_at };
}
