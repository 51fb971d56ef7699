/**
 * The forms of what the paths of users and tokens answer, as schemas.
 *
 * @module
 */

import { ROLES } from "../collector/accounts/account_store.ts";
import {
  type Form,
  listOf,
  MOMENT,
  objectWith,
  TEXT,
  TIME,
  toSchema,
  word,
} from "./answers.ts";

const ROLE = word("What one may do.", ...ROLES);

/** All forms, by their names. */
export const PEOPLE_ANSWERS: Readonly<Record<string, Form>> = {
  Caller: objectWith({
    kind: word(
      "What was shown: a login's token, or one for jobs.",
      "user",
      "key",
    ),
    name: TEXT,
    team_slug: TEXT,
    role: ROLE,
  }),
  Audit: objectWith({ entries: listOf(toSchema("AuditEntry")) }),
  AuditEntry: objectWith({
    at: MOMENT,
    what: word("What happened.", "login", "login_failed", "key_revoked"),
    name: { ...TEXT, description: "The user or token that it happened to." },
  }, {
    team: TEXT,
    by: { ...TEXT, description: "Who did it, where that is somebody else." },
    address: {
      ...TEXT,
      description:
        "Where it came from; without it: a command on the collector's machine.",
    },
    details: TEXT,
  }),
  Keys: objectWith({ keys: listOf(toSchema("Key")) }),
  Key: objectWith({
    name: TEXT,
    id: { ...TEXT, description: "What the token begins with, after ske_." },
    team: TEXT,
    role: ROLE,
    created_at: MOMENT,
    expires_at: TIME,
  }),
};
