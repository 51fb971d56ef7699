/**
 * `collector doctor`: what is well with a collector, and what is not.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { settingsOf } from "../../collector/engine.ts";
import { lookAtStore, openEngine } from "../../collector/place.ts";
import { runningAt } from "../../collector/operator/operator_client.ts";
import { sinkStates } from "../../collector/sinks/sinks.ts";
import {
  type CollectorPatient,
  examineCollector,
} from "../../doctor/collector/collector_doctor.ts";
import { folderChecks } from "../../doctor/collector/folder_checks.ts";
import { storeChecks } from "../../doctor/collector/store_checks.ts";
import { once } from "../../doctor/patient.ts";
import type { Command } from "../command.ts";
import { Quotas } from "../../collector/keeping/quotas.ts";
import { roomOf } from "../../collector/keeping/room.ts";
import { showDiagnosis } from "../diagnosis.ts";
import { trustOf } from "../network.ts";
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
    const { world } = call, { folder, store } = await placeOf(call);
    const { caFile } = await trustOf(call);
    await using open = new AsyncDisposableStack();
    const own = store === undefined
      ? ofFolder(folder, world)
      : ofStore(store, world, open);
    const diagnosis = await examineCollector({ world, caFile, ...own });
    await showDiagnosis(call, diagnosis);
    return diagnosis.exit;
  },
}];

/** What depends on where the collectors' data lies. */
type Own = Pick<
  CollectorPatient,
  "storeChecks" | "settings" | "sinks" | "rooms"
>;

function ofFolder(folder: string, world: World): Own {
  const own = settingsOf(folder, world);
  return {
    storeChecks: folderChecks(folder, world),
    settings: () => Promise.resolve(own),
    async rooms() {
      await using kept = await runningAt(folder);
      const quotas = new Quotas(own.settings, world.elapsedMs);
      return kept && await roomOf(kept.events, quotas);
    },
    async sinks() {
      // Opening the folder itself would be a change.
      await using kept = await runningAt(folder);
      return kept && await sinkStates({ ...kept, settings: own.settings });
    },
  };
}

function ofStore(
  store: string,
  world: World,
  open: AsyncDisposableStack,
): Own {
  const engine = once(async () => {
    // Opening it would make what is missing, and that would be a change.
    const { layout, layoutKnown } = await lookAtStore(store, world);
    if (layout !== layoutKnown) return undefined;
    const place = { folder: undefined, store };
    return open.use(await openEngine(place, { world, onStored: () => {} }));
  });
  return {
    storeChecks: storeChecks(store, world),
    settings: engine,
    async rooms() {
      const opened = await engine();
      if (!opened) return undefined;
      const quotas = new Quotas(opened.settings, world.elapsedMs);
      return await roomOf(opened.events, quotas);
    },
    async sinks() {
      const opened = await engine();
      return opened && await sinkStates(opened);
    },
  };
}
