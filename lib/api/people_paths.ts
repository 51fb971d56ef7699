/**
 * The paths of logins, users and tokens, in OpenAPI.
 *
 * @module
 */

import { PATHS } from "../base/wire.ts";
import { AUDIT_LINES_MAX } from "../collector/accounts/limits.ts";
import { type Form, objectWith, TEXT } from "./answers.ts";
import {
  answered,
  JSON_TYPE,
  named,
  NOTHING,
  operation,
  queried,
  SLOWED,
} from "./operations.ts";

/** Paths that give tokens. */
export function tokenPaths(): Record<string, Form> {
  return {
    [PATHS.token]: {
      post: operation({
        id: "logIn",
        summary: "Tokens for a name and a password.",
        body: {
          [JSON_TYPE]: {
            schema: objectWith({ username: TEXT, password: TEXT }),
          },
        },
        answer: answered("Tokens"),
        security: NOTHING,
        others: SLOWED,
      }),
    },
    [PATHS.refresh]: {
      post: operation({
        id: "refresh",
        summary: "New tokens for a refresh token, which is good once.",
        body: { [JSON_TYPE]: { schema: objectWith({ refresh: TEXT }) } },
        answer: answered("Tokens"),
        security: NOTHING,
      }),
    },
    [PATHS.socketToken]: {
      post: operation({
        id: "socketToken",
        summary: `A token for one WebSocket at ${PATHS.socket}.`,
        answer: { [JSON_TYPE]: { schema: objectWith({ ws_token: TEXT }) } },
      }),
    },
  };
}

/** Who one is, and what admins see and do. */
export function peoplePaths(): Record<string, Form> {
  return {
    [PATHS.me]: {
      get: operation({
        id: "me",
        summary: "Whose the token is.",
        answer: answered("Caller"),
      }),
    },
    [PATHS.audit]: {
      get: operation({
        id: "audit",
        summary:
          `What happened to the team's users and tokens, for its admins: the last ${AUDIT_LINES_MAX} entries.`,
        parameters: [
          queried(
            "since",
            TEXT,
            "moment from which on: a date in UTC, or one with a time and a zone",
          ),
        ],
        answer: answered("Audit"),
      }),
    },
    [PATHS.keys]: {
      get: operation({
        id: "keys",
        summary:
          "The team's tokens for jobs, for its admins; without what is secret.",
        answer: answered("Keys"),
      }),
    },
    [PATHS.key]: {
      delete: operation({
        id: "revokeKey",
        summary: "Makes a token of the team void, for its admins.",
        parameters: [named("key", "its name")],
        status: "204",
      }),
    },
  };
}
