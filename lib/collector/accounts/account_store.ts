/**
 * The users of a collector.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { isJsonObject } from "../../base/json.ts";
import { changed, type Records, removed } from "../records/records.ts";
import type { PasswordHash } from "./passwords.ts";

/** A user. */
export interface User {
  readonly name: string;
  /** Another one for each time the name is given a password. */
  readonly id: string;
  readonly team: string;
  /** What the user may do; without one: everything that is of the team. */
  readonly role?: Role;
  readonly password: PasswordHash;
  /** Not let in until enabled again. */
  readonly disabled?: boolean;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** A viewer looks; a writer also sends; an admin also reads the team's audit, and revokes its tokens. */
export type Role = "writer" | "viewer" | "admin";

/** All roles, the usual one first. */
export const ROLES: readonly Role[] = ["writer", "viewer", "admin"];

/** The role that a word stands for. One that this program does not know may do least. */
export function roleNamed(word: unknown): Role {
  // Programs before this one called writers members.
  if (word === undefined || word === "member") return "writer";
  return ROLES.find((role) => role === word) ?? "viewer";
}

/** What a user may do. */
export function roleOf({ role }: { readonly role?: unknown }): Role {
  return roleNamed(role);
}

/** All users, by their names. Another process may change them at any time. */
export class AccountStore {
  readonly #settings: Records;

  constructor(settings: Records) {
    this.#settings = settings;
  }

  /** @throws {KittyError} where one of them is damaged */
  async all(): Promise<readonly User[]> {
    return (await this.#settings.list<User>("users"))
      .map(([name, user]) => checked(name, user));
  }

  /** @throws {KittyError} where it is damaged */
  async find(name: string): Promise<User | undefined> {
    const user = await this.#settings.get<User>("users", name);
    return user && checked(name, user);
  }

  /**
   * Adds a user.
   *
   * @param options `replace`: a user of this name gives way
   * @returns false where the name is taken; nothing has changed then
   */
  async add(
    user: User,
    { replace }: { readonly replace: boolean },
  ): Promise<boolean> {
    const { after } = await changed<User>(
      this.#settings,
      "users",
      user.name,
      (before) => before && !replace ? before : user,
    );
    return after === user;
  }

  /**
   * Changes a user.
   *
   * @returns the user as it is now; undefined where there is none of the name
   */
  async change(
    name: string,
    change: (user: User) => User,
  ): Promise<User | undefined> {
    const { after } = await changed<User>(
      this.#settings,
      "users",
      name,
      (before) => before && change(checked(name, before)),
    );
    return after;
  }

  /** Removes a user. @returns who it was; undefined where there is none of the name */
  remove(name: string): Promise<User | undefined> {
    return removed<User>(this.#settings, "users", name);
  }
}

function checked(name: string, user: User): User {
  const { password, ...texts }: Partial<User> = user;
  const isWhole = isJsonObject(password) &&
    [texts.id, texts.team].every((text) => typeof text === "string");
  if (isWhole) return user;
  throw new KittyError(
    "settings_damaged",
    `the user ${JSON.stringify(name)} has no password, team or id`,
    { hint: "put a backup of the users in their place, or add the user again" },
  );
}
