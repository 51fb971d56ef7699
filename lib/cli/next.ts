/**
 * What commands say of the step after them, on the way from a first event to a
 * server that has it.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import { openSession } from "../login/open_session.ts";
import { Session } from "../login/session.ts";
import { agentPatience, findAgent } from "../route/agent_file.ts";
import type { Call } from "./command.ts";
import { printable } from "./output.ts";

/** Said where a login is there. */
export const SEND_NEXT = `send what is queued, or that and all that comes:
  kitty-events sync now
  kitty-events agent run`;

/** Says how what was recorded leaves this machine, where no agent sends it. */
export async function tellNext(
  { world, out }: Call,
  home: string,
  settings: Settings,
): Promise<void> {
  if (await findAgent(home, world.nowMs(), agentPatience(world))) return;
  const session = await openSession(home, settings, world, () => {});
  if (session instanceof Session && session.mayOnlyLook) {
    return await out.note(
      `kept here: ${
        printable(session.username ?? "the login")
      } is a viewer, who may look, and not send; log in as another`,
    );
  }
  await out.note(
    session instanceof Session
      ? SEND_NEXT
      : `kept here: ${session.error.message}; start a server of your own, or log in to one:
  kitty-events collector run
  kitty-events auth login --server URL --username NAME`,
  );
}
