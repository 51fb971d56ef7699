/**
 * `collector doctor`: what is well with a collector, and what is not.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { type Settings, settingsOf } from "../../collector/engine.ts";
import { lookAtStore, openEngine } from "../../collector/place.ts";
import type { Kept } from "../../collector/operator/operator.ts";
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
    await using open = new AsyncDisposableStack();
    const own = store === undefined
      ? ofFolder(folder, world, open)
      : ofStore(store, world, open);
    const { storeChecks, settings } = own, kept = once(own.kept);
    const diagnosis = await examineCollector({
      world,
      trust: await trustOf(call),
      storeChecks,
      settings,
      async rooms() {
        const all = await kept();
        return all &&
          await roomOf(all.events, new Quotas(all.settings, world.elapsedMs));
      },
      async sinks() {
        const all = await kept();
        return all && await sinkStates(all);
      },
    });
    await showDiagnosis(call, diagnosis);
    return diagnosis.exit;
  },
}];

/** What depends on where the collectors' data lies. */
interface Own extends Pick<CollectorPatient, "storeChecks" | "settings"> {
  /** What those work on who keep a collector; undefined where looking at it would be a change. */
  readonly kept: () => Promise<
    Pick<Kept, "events" | "records"> & Pick<Settings, "settings"> | undefined
  >;
}

function ofFolder(
  folder: string,
  world: World,
  open: AsyncDisposableStack,
): Own {
  const own = settingsOf(folder, world);
  return {
    storeChecks: folderChecks(folder, world),
    settings: () => Promise.resolve(own),
    async kept() {
      // Opening the folder itself would be a change.
      const running = await runningAt(folder);
      return running && { ...open.use(running), settings: own.settings };
    },
  };
}

function ofStore(
  store: string,
  world: World,
  open: AsyncDisposableStack,
): Own {
  const look = once(() => lookAtStore(store, world));
  const engine = once(async () => {
    // Opening it would make what is missing, and that would be a change.
    const { layout, layoutKnown } = await look();
    if (layout !== layoutKnown) return undefined;
    const place = { folder: undefined, store };
    return open.use(await openEngine(place, { world, onStored: () => {} }));
  });
  return { storeChecks: storeChecks(look), settings: engine, kept: engine };
}
