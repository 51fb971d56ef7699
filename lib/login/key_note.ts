/**
 * What an earlier process of the home has learned of the environment's token.
 *
 * @module
 */

import type { Ledger } from "../home/queue.ts";
import { lookAtQueue } from "../home/queue_look.ts";
import type { NoSession } from "./open_session.ts";
import { Session } from "./session.ts";

/** Lets a session know what the queue's notes say of its key. */
export async function recallKey(
  session: Session | NoSession,
  ledger: Pick<Ledger, "key"> | undefined,
): Promise<void> {
  const key = ledger?.key;
  if (!(session instanceof Session)) return;
  // One that goes on may have another key by now.
  if (!key || await session.keySum() !== key.sum) return session.recall({});
  const { at, team, refused } = key;
  session.recall({
    atMs: Date.parse(at),
    ...team !== undefined && { team },
    ...refused !== undefined && { refused },
  });
}

/** The same for those who have not opened the queue, and change nothing in it. */
export async function recallKeyAt(
  session: Session | NoSession,
  home: string,
): Promise<void> {
  if (!(session instanceof Session)) return;
  if (await session.keySum() === undefined) return;
  const look = await lookAtQueue(home).catch(() => undefined);
  await recallKey(session, look?.ledger);
}

/** What to do about a key that the server does not take. */
export const KEY_HINT =
  "put another token into SPEC_KITTY_TOKEN or its file: kitty-events collector token create";
