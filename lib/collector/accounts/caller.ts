/**
 * Who asks: a user who has logged in, or a key.
 *
 * @module
 */

import { type Role, roleOf, type User } from "./account_store.ts";

/** Somebody who has shown who they are. */
export interface Caller {
  readonly kind: "user" | "key";
  readonly name: string;
  /** Of the user with the password of that time, or of the key. */
  readonly id: string;
  readonly team: string;
  readonly role: Role;
  /** Of a user: the session that began with the login. */
  readonly session?: string;
}

/** A user within a session. */
export function callerOf(user: User, session: string): Caller {
  const { name, id, team } = user;
  return { kind: "user", name, id, team, role: roleOf(user), session };
}
