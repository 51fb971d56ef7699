/**
 * What makes a store the same collector for as long as it is there: the node
 * that stamps what comes without one, and the first signing key.
 *
 * @module
 */

import { sha256Hex } from "../base/digest.ts";
import type { World } from "../base/world.ts";
import { FIRST, type SigningKey } from "./accounts/signing_keys.ts";
import { changed, type Records } from "./records/records.ts";

/** What is kept of it. */
interface Identity {
  readonly node_id: string;
}

const KEY = "identity", NODE_BYTES = 6;

/** The node that stamps what comes without one; drawn by the first who asks. */
export async function nodeIdOf(
  records: Records,
  world: Pick<World, "randomBytes">,
): Promise<string> {
  const { after } = await changed<Identity>(
    records,
    "collector",
    KEY,
    (known) => known ?? { node_id: world.randomBytes(NODE_BYTES).toHex() },
  );
  return after!.node_id;
}

/**
 * Takes over the secret from which older programs made both: nobody has to log
 * in again, and the node stays the same. What is there already stays.
 */
export async function adoptSecret(
  secret: Uint8Array,
  records: Records,
  settings: Records,
  world: Pick<World, "nowMs">,
): Promise<void> {
  const label = new TextEncoder().encode("node");
  const content = new Uint8Array([...label, ...secret]);
  const node_id = await sha256Hex(content, 2 * NODE_BYTES);
  await records.replace("collector", KEY, undefined, { node_id });
  const key: SigningKey = {
    name: FIRST,
    secret: secret.toHex(),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  await settings.replace("signing_keys", FIRST, undefined, key);
}
