/**
 * The agent elsewhere that a home hands over to.
 *
 * @module
 */

import { VERSION } from "../base/build.ts";
import { Deadline } from "../base/deadline.ts";
import { EXIT, KittyError, reasonOf } from "../base/errors.ts";
import { HandOver } from "../handover/hand_over.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";
import { SERVER_WAIT_MS } from "./limits.ts";
import type { Patient } from "./patient.ts";

/** The agent elsewhere that a home hands over to; undefined where it does not. */
export function agentElsewhere(
  { world }: Pick<Patient, "world">,
): string | undefined {
  return world.env("SPEC_KITTY_AGENT_URL") || undefined;
}

/** Whether it answers, takes the token, and delivers. */
export async function checkElsewhere(
  { world, settings }: Patient,
  url: string,
): Promise<Finding> {
  using handOver = HandOver.open(world, url);
  handOver.trust(settings);
  const startedMs = world.elapsedMs();
  try {
    const by = Deadline.in(world.elapsedMs, SERVER_WAIT_MS);
    const { connection, version } = await handOver.look(by);
    const tookMs = Math.round(world.elapsedMs() - startedMs);
    const other = version === VERSION ? "" : `, ${VERSION} here`;
    const found =
      `drafts are handed over to ${handOver.address?.text}, which answers after ${tookMs} ms (version ${version}${other}; ${connection})`;
    return connection === "Offline"
      ? warning(
        found,
        "it keeps what it is handed, and delivers nothing: log in where it runs",
      )
      : fine(found);
  } catch (error) {
    return troubleOf(error);
  }
}

function troubleOf(error: unknown): Finding {
  const found = reasonOf(error);
  if (error instanceof KittyError) {
    return problem(found, error.hint ?? "mend the variable", error.exit);
  }
  return /refuses the token/.test(found)
    ? problem(
      found,
      "set SPEC_KITTY_AGENT_TOKEN, or SPEC_KITTY_AGENT_TOKEN_FILE, to one that the agent takes",
      EXIT.notAuthenticated,
    )
    : problem(
      found,
      "look at SPEC_KITTY_AGENT_URL, the network and the agent; drafts are spooled meanwhile, and go with this home",
      EXIT.unavailable,
    );
}
