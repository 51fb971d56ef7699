/**
 * The PostgreSQL that collectors share.
 *
 * @module
 */

import { sizeText } from "../../base/amounts.ts";
import { ERROR_EXITS, EXIT, KittyError } from "../../base/errors.ts";
import type { StoreLook } from "../../collector/sql/pg_look.ts";
import type { NamedCheck } from "../doctor.ts";
import {
  type Finding,
  fine,
  problem,
  timeFinding,
  warning,
} from "../finding.ts";
import { CONNECTIONS_SHARE_MAX, SLOW_STORE_MS } from "../limits.ts";

/** A look at a store, or why there is none. */
type Looked = StoreLook | KittyError;

/**
 * What can be asked of a store.
 *
 * @param lookAt looks at it, once for all of them
 */
export function storeChecks(
  lookAt: () => Promise<StoreLook>,
): readonly NamedCheck[] {
  const look = (): Promise<Looked> =>
    lookAt().catch((error) => {
      if (error instanceof KittyError) return error;
      throw error;
    });
  const of = (check: (look: StoreLook) => Finding) => async () => {
    const looked = await look();
    return looked instanceof KittyError ? fine("not known") : check(looked);
  };
  return [
    ["store", async () => checkStore(await look())],
    ["durability", of(checkDurability)],
    ["schema", of(checkSchema)],
    ["connections", of(checkConnections)],
    ["store_clock", of(checkClock)],
  ];
}

function checkStore(looked: Looked): Finding {
  if (looked instanceof KittyError) {
    const { message, hint = "look at the store", code } = looked;
    return problem(message, hint, ERROR_EXITS[code]);
  }
  const { shown, version, isWritable, tookMs, bytes, isEncrypted } = looked;
  const text = `${shown}: PostgreSQL ${version}, ${sizeText(bytes)}, ${
    isEncrypted ? "" : "not "
  }encrypted, answered after ${tookMs.toFixed(1)} ms`;
  if (!isWritable) {
    return problem(
      `${text}; it takes no changes: a standby, or read-only`,
      "name the server that takes changes; several may stand in one URL",
      EXIT.unavailable,
    );
  }
  return tookMs < SLOW_STORE_MS ? fine(text) : warning(
    text,
    "bring collectors and store closer together: each batch waits for several answers",
  );
}

function checkDurability({ risks }: StoreLook): Finding {
  if (risks.length === 0) return fine("what was acknowledged is on disk");
  return warning(
    `${risks.join(", ")} is off, so what was acknowledged may be lost`,
    "switch it on at the server, for this database and user",
  );
}

function checkSchema({ layout, layoutKnown }: StoreLook): Finding {
  if (layout === 0) return fine("not made yet: the first collector makes it");
  return layout === layoutKnown ? fine(`layout ${layout}`) : warning(
    `layout ${layout}, and this program knows ${layoutKnown}`,
    "the next collector of this version that starts brings it up to date",
  );
}

function checkConnections(
  { connections, connectionsMax }: StoreLook,
): Finding {
  const text = `${connections} of ${connectionsMax} are in use`;
  return connections < CONNECTIONS_SHARE_MAX * connectionsMax
    ? fine(text)
    : warning(
      text,
      "raise max_connections, lower kitty_pool in the URL, or put a pooler in between",
    );
}

function checkClock({ skewMs }: StoreLook): Finding {
  return timeFinding(
    skewMs,
    "the store",
    "set the time of the one that is wrong",
  );
}
