/** The real logs of a project, which may lie beside the checkout. */

import { ok } from "node:assert/strict";
import { commandNeed, pathNeed, runTool } from "./needs.ts";

const LOGS = new URL(
  "../../../shared/data/kitty-specs.tar.gz",
  import.meta.url,
);

const TAR = await commandNeed("tar");

/** That the real logs lie beside the checkout, and can be unpacked. */
export const REAL_LOGS = TAR.isMet
  ? await pathNeed(LOGS, "the real logs are not there")
  : TAR;

/** Unpacks the real logs: a project's folder, with `kitty-specs` in it. */
export async function unpackLogs(into: string): Promise<void> {
  const args = ["xzf", LOGS.pathname, "-C", into];
  const { success } = await runTool("tar", { args });
  ok(success);
}
