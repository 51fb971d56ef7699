/**
 * `collector doctor`: what is well with a collector, and what is not.
 *
 * @module
 */

import { readConfigFile, settingsOf } from "../../base/config.ts";
import { settingsOf as settingsIn } from "../../collector/engine.ts";
import { collectorFolder } from "../../collector/folder.ts";
import { examineCollector } from "../../doctor/collector/collector_doctor.ts";
import { folderChecks } from "../../doctor/collector/folder_checks.ts";
import type { Command } from "../command.ts";
import { showDiagnosis } from "../diagnosis.ts";
import { homeOf } from "../keeper.ts";

export const collectorDoctor: readonly Command[] = [{
  name: "collector doctor",
  summary:
    "Look for trouble with collectors: store, users, certificates, clocks.",
  details: [
    "Changes nothing, and asks each running collector whether it is well. Exit code 0",
    "when there is no problem (warnings do not count), else that of the first one.",
  ],
  examples: ["collector doctor --json"],
  positionals: [],
  options: {},
  async run(call) {
    const { world } = call, home = await homeOf(call);
    const folder = collectorFolder(home);
    const { caFile } = settingsOf(world, await readConfigFile(home));
    const diagnosis = await examineCollector({
      world,
      caFile,
      storeChecks: folderChecks(folder, world),
      settings: () => Promise.resolve(settingsIn(folder, world)),
    });
    await showDiagnosis(call, diagnosis);
    return diagnosis.exit;
  },
}];
