/**
 * `doctor`: what is well, what is not, and what to do.
 *
 * @module
 */

import { examine } from "../../doctor/doctor.ts";
import type { Command } from "../command.ts";
import { showDiagnosis } from "../diagnosis.ts";
import { folderOf } from "../keeper.ts";

export const doctor: readonly Command[] = [{
  name: "doctor",
  summary:
    "Look for trouble: home, disk, lock, clock, queue, settings, server.",
  details: [
    "Changes nothing, and asks the server only whether it is there. Exit code 0",
    "when there is no problem (warnings do not count), else that of the first one: 74",
    "events cannot be stored, 75 the queue is full, 78 a setting cannot be used, 77",
    "no one is logged in, 69 the server does not answer.",
  ],
  examples: ["doctor", "doctor --json"],
  positionals: [],
  options: {},
  async run(call) {
    const diagnosis = await examine(await folderOf(call), call.world);
    await showDiagnosis(call, diagnosis);
    return diagnosis.exit;
  },
}];
