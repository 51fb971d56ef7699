/**
 * The PostgreSQL that collectors share.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { lookAtStore } from "../../collector/place.ts";
import type { NamedCheck } from "../doctor.ts";
import { type Finding, fine, problem, warning } from "../finding.ts";

/** What can be asked of a store. */
export function storeChecks(
  url: string,
  world: World,
): readonly NamedCheck[] {
  return [["store", () => checkStore(url, world)]];
}

async function checkStore(url: string, world: World): Promise<Finding> {
  let state: Awaited<ReturnType<typeof lookAtStore>>;
  try {
    state = await lookAtStore(url, world);
  } catch (error) {
    if (!(error instanceof KittyError)) throw error;
    return problem(
      error.message,
      error.hint ?? "look at the server",
      error.exit,
    );
  }
  const { shown, server, layout, risks, isEncrypted } = state;
  const text = `PostgreSQL ${server}, ${shown}`;
  if (layout === 0) {
    return warning(
      `${text}: no collector has used it yet`,
      "start one: kitty-events collector run --store URL",
    );
  }
  if (risks.length > 0) {
    return warning(
      `${text}: ${
        risks.join(", ")
      } is off, so what was acknowledged may be lost`,
      "switch it on at the server, for this database and user",
    );
  }
  return fine(
    `${text}, layout ${layout}${isEncrypted ? "" : ", not encrypted"}`,
  );
}
