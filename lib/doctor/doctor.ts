/**
 * The doctor: looks at all that events depend on, and changes nothing.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import {
  DeadlineError,
  EXIT,
  type ExitCode,
  KittyError,
  reasonOf,
} from "../base/errors.ts";
import type { World } from "../base/world.ts";
import {
  checkCertificateFiles,
  checkServerCertificate,
} from "./certificate_checks.ts";
import {
  askServer,
  checkAgent,
  checkLogin,
  checkServer,
  checkServerClock,
} from "./delivery_checks.ts";
import { checkFileSystem, checkRoom, checkSync } from "./disk_checks.ts";
import { agentElsewhere } from "./elsewhere_check.ts";
import { type Finding, problem } from "./finding.ts";
import { checkHome, checkLock, checkPermissions } from "./home_checks.ts";
import { CHECK_MS_MAX } from "./limits.ts";
import { once, type Patient, patientAt } from "./patient.ts";
import {
  checkCapacity,
  checkClock,
  checkQueueFile,
  checkSetAside,
  checkSpool,
} from "./queue_checks.ts";
import { checkConfig, checkEnvironment } from "./setting_checks.ts";

/** A check that was made. */
export interface Check extends Finding {
  readonly name: string;
}

/** What the doctor says. */
export interface Diagnosis {
  readonly checks: readonly Check[];
  /** Names of those that were left out: what they would look at is out of reach. */
  readonly notChecked: readonly string[];
  /** That of the first problem; 0 where there is none. */
  readonly exit: ExitCode;
}

/** Looks at a home, check by check. Never rejects, and never hangs. */
export async function examine(home: string, world: World): Promise<Diagnosis> {
  const patient = await patientAt(home, world);
  return await diagnose(
    world,
    checksOf(patient),
    (name, before) => isInReach(name, patient, before),
  );
}

/**
 * Makes checks, one after the other. Never rejects, and never hangs.
 *
 * @param isInReach whether one can be made, after those before it
 */
export async function diagnose(
  world: World,
  all: readonly NamedCheck[],
  isInReach: (name: string, before: readonly Check[]) => boolean,
): Promise<Diagnosis> {
  const checks: Check[] = [];
  const notChecked: string[] = [];
  for (const [name, check] of all) {
    if (isInReach(name, checks)) {
      checks.push({ name, ...await bounded(world, check) });
    } else notChecked.push(name);
  }
  const first = checks.find(({ status }) => status === "problem");
  return { checks, notChecked, exit: first?.exit ?? EXIT.ok };
}

/** Checks that look at something else than what lies in the home. */
const OUTSIDE = ["home", "file_system", "room", "environment"];

/** Whether a check can be made, after those before it: a cause is reported once, not by each check that it spoils. */
function isInReach(
  name: string,
  patient: Patient,
  before: readonly Check[],
): boolean {
  const { obstacle, settings } = patient;
  // It writes, as the check of the home does.
  if (name === "sync") {
    return before.find(({ name }) => name === "home")?.status !== "problem";
  }
  if (!obstacle || OUTSIDE.includes(name)) return true;
  if (name === "agent") return agentElsewhere(patient) !== undefined;
  // Which server is meant may stand outside of the home, too.
  return name.startsWith("server") && settings.serverUrl !== undefined;
}

/** A check to be made. */
export type NamedCheck = readonly [name: string, check: () => Promise<Finding>];

/** All checks by name: first what keeps events from being stored, then what keeps them from being sent. */
function checksOf(patient: Patient): readonly NamedCheck[] {
  const askOnce = once(() => askServer(patient));
  return [
    ["home", () => checkHome(patient)],
    ["permissions", () => checkPermissions(patient)],
    ["file_system", () => checkFileSystem(patient)],
    ["room", () => checkRoom(patient)],
    ["sync", () => checkSync(patient)],
    ["lock", () => checkLock(patient)],
    ["clock", () => checkClock(patient)],
    ["queue", () => checkQueueFile(patient)],
    ["capacity", () => checkCapacity(patient)],
    ["set_aside", () => checkSetAside(patient)],
    ["spool", () => checkSpool(patient)],
    ["config", () => checkConfig(patient)],
    ["environment", () => checkEnvironment(patient)],
    ["certificates", () => checkCertificateFiles(patient)],
    ["login", () => checkLogin(patient)],
    ["server", () => checkServer(askOnce, patient)],
    ["server_clock", () => checkServerClock(askOnce)],
    ["server_tls", () => checkServerCertificate(askOnce, patient)],
    ["agent", () => checkAgent(patient)],
  ];
}

/** One check that fails, or hangs, must not keep the others from being made. */
async function bounded(
  world: World,
  check: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await Deadline.in(world.elapsedMs, CHECK_MS_MAX)
      .race(check(), "look");
  } catch (error) {
    return error instanceof DeadlineError
      ? problem(
        `no answer within ${CHECK_MS_MAX / 1000} s`,
        "look at the disk, or the network, that this is about: it hangs",
      )
      : problem(
        `cannot be told: ${reasonOf(error)}`,
        error instanceof KittyError && error.hint !== undefined
          ? error.hint
          : "look at the owner and the mode of the home and its files",
      );
  }
}
