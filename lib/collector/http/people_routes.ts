/**
 * Who one is, and what admins see and do: the audit of their team, and its
 * keys. Users and new keys are made on the collector's machine only.
 *
 * @module
 */

import { type CallerAnswer, PATHS } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { type KeyStore, type ShownKey, shownKey } from "../accounts/keys.ts";
import type { AddressOf } from "../accounts/logins.ts";
import { type AuditEntry, type AuditLog, entryAt } from "../audit/audit.ts";
import { momentOf } from "../board/query.ts";
import { Gate } from "../gate.ts";
import { AUDIT_LINES_MAX } from "../accounts/limits.ts";
import type { Callers } from "./callers.ts";
import { HttpError, jsonAnswer, type Methods, NO_STORE } from "./http.ts";

/** What they work with. */
export interface PeopleParts {
  readonly world: World;
  readonly keys: KeyStore;
  readonly audit: AuditLog;
  readonly addressOf: AddressOf;
}

/** `GET /api/v1/audit/`: the last lines, the oldest first. */
interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
}

/** `GET /api/v1/keys/`. */
interface KeysAnswer {
  readonly keys: readonly ShownKey[];
}

/** The routes. */
export function peopleRoutes(
  { world, keys, audit, addressOf }: PeopleParts,
  callers: Callers,
): Record<string, Methods> {
  /** An audit may be long, and all of it is read. */
  const reading = new Gate(1);
  return {
    [PATHS.me]: {
      async GET(request) {
        const { kind, name, team, role } = await callers.bearer(request);
        const answer: CallerAnswer = { kind, name, team_slug: team, role };
        return jsonAnswer(answer, { headers: NO_STORE });
      },
    },
    [PATHS.audit]: {
      async GET(request, { searchParams }) {
        const { team } = await callers.admin(request);
        const since = sinceOf(searchParams);
        const answer: AuditAnswer = await reading.enter(async () => {
          const last: AuditEntry[] = [];
          for await (const entry of audit.read({ team, since })) {
            last.push(entry);
            if (last.length > AUDIT_LINES_MAX) last.shift();
          }
          return { entries: last };
        });
        return jsonAnswer(answer, { headers: NO_STORE });
      },
    },
    [PATHS.keys]: {
      async GET(request) {
        const { team } = await callers.admin(request);
        const all = (await keys.all()).filter((key) => key.team === team);
        const answer: KeysAnswer = { keys: all.map(shownKey) };
        return jsonAnswer(answer, { headers: NO_STORE });
      },
    },
    [PATHS.key]: {
      async DELETE(request, _, { key: name }) {
        const { team, name: by } = await callers.admin(request);
        const key = await keys.find(name!);
        // Of another team's key nobody learns that it is there.
        if (key?.team !== team || !await keys.remove(name!)) {
          throw new HttpError(404, "the team has no such token");
        }
        const address = addressOf(request);
        await audit.note(entryAt(world.nowMs(), {
          what: "key_revoked",
          name: key.name,
          team,
          by,
          ...address !== undefined && { address },
        }));
        return new Response(null, { status: 204, headers: NO_STORE });
      },
    },
  };
}

/** @throws {HttpError} 400 for what is no moment */
function sinceOf(query: URLSearchParams): string | undefined {
  const ms = momentOf(query, "since");
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
