/**
 * Where users are kept, whatever stores them.
 *
 * @module
 */

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
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** A member sends and looks; a viewer only looks. */
export type Role = "member" | "viewer";

/** What a user may do. A role that this program does not know may do least. */
export function roleOf({ role }: Pick<User, "role">): Role {
  return role === undefined || role === "member" ? "member" : "viewer";
}

/** All users, by their names. Another process may change them at any time. */
export interface AccountStore {
  all(): Promise<readonly User[]>;
  find(name: string): Promise<User | undefined>;
  /**
   * Adds a user.
   *
   * @param options `replace`: a user of this name gives way
   * @returns false where the name is taken; nothing has changed then
   */
  add(user: User, options: { readonly replace: boolean }): Promise<boolean>;
}
