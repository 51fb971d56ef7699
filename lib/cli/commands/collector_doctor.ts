/**
 * `collector doctor`: what is well with a collector, and what is not.
 *
 * @module
 */

import { readConfigFile, settingsOf } from "../../base/config.ts";
import { settingsOf as settingsIn } from "../../collector/engine.ts";
import { lookAtStore, openSettings } from "../../collector/place.ts";
import { examineCollector } from "../../doctor/collector/collector_doctor.ts";
import { folderChecks } from "../../doctor/collector/folder_checks.ts";
import { storeChecks } from "../../doctor/collector/store_checks.ts";
import type { Command } from "../command.ts";
import { showDiagnosis } from "../diagnosis.ts";
import { homeOf } from "../keeper.ts";
import { placeOf, STORE_OPTIONS } from "../store.ts";

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
  options: { ...STORE_OPTIONS },
  async run(call) {
    const { world } = call, place = await placeOf(call);
    const { folder, store } = place;
    const home = await homeOf(call);
    const { caFile } = settingsOf(world, await readConfigFile(home));
    await using opened = new AsyncDisposableStack();
    /** Nothing is made where nothing is. */
    const settingsOfStore = async (url: string) =>
      (await lookAtStore(url, world)).layout === 0
        ? undefined
        : opened.use(await openSettings(place, world));
    const diagnosis = await examineCollector({
      world,
      caFile,
      storeChecks: store === undefined
        ? folderChecks(folder, world)
        : storeChecks(store, world),
      settings: () =>
        store === undefined
          ? Promise.resolve(settingsIn(folder, world))
          : settingsOfStore(store),
    });
    await showDiagnosis(call, diagnosis);
    return diagnosis.exit;
  },
}];
