/**
 * The doctor of collectors: looks at what they stand on, and at those that
 * run, and changes nothing.
 *
 * @module
 */

import { diagnose, type Diagnosis, type NamedCheck } from "../doctor.ts";
import { once } from "../patient.ts";
import type { World } from "../../base/world.ts";
import type { Settings } from "../../collector/engine.ts";
import type { Trust } from "../../login/http_client.ts";
import {
  askCollectors,
  checkCertificates,
  checkClocks,
  checkCollectors,
} from "./running_checks.ts";
import type { Room } from "../../collector/keeping/room.ts";
import { checkKeys, checkQuotas, checkUsers } from "./people_checks.ts";
import { checkSinks } from "./sink_checks.ts";
import type { SinkState } from "../../collector/sinks/sinks.ts";

/** A store that is looked at. */
export interface CollectorPatient {
  readonly world: World;
  /** Whom collectors may be that are asked. */
  readonly trust: Trust;
  /** What only stores of this kind can be asked, in order. */
  readonly storeChecks: readonly NamedCheck[];
  /** What commands change; undefined where the store cannot be used at all. */
  readonly settings: () => Promise<Settings | undefined>;
  /** How much room teams take and may take; undefined where nobody can tell. */
  readonly rooms: () => Promise<readonly Room[] | undefined>;
  /** How the sinks stand; undefined where nobody can tell. */
  readonly sinks: () => Promise<readonly SinkState[] | undefined>;
}

/** Looks at a store and the collectors on it. Never rejects, and never hangs. */
export function examineCollector(
  patient: CollectorPatient,
): Promise<Diagnosis> {
  const { world, storeChecks } = patient;
  const settings = once(() => patient.settings().catch(() => undefined));
  const asked = once(async () => askCollectors(patient, await settings()));
  const checks: readonly NamedCheck[] = [
    ["users", async () => checkUsers(await settings())],
    ["keys", async () => checkKeys(await settings(), world.nowMs())],
    ["quotas", async () => checkQuotas(await patient.rooms())],
    ["collectors", async () => checkCollectors(await asked(), world)],
    ["certificates", async () => checkCertificates(await asked(), world)],
    ["clocks", async () => checkClocks(await asked())],
    ["sinks", async () => checkSinks(await patient.sinks(), world)],
  ];
  const own = storeChecks.map(([name]) => name);
  return diagnose(
    world,
    [...storeChecks, ...checks],
    // What a store that is no good spoils is not reported once more.
    (name, before) =>
      own.includes(name) || before.every(({ status }) => status !== "problem"),
  );
}
