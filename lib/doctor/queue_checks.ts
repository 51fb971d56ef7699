/**
 * Clock, queue and spool: what is in them, and what is wrong with them.
 *
 * @module
 */

import { sizeText } from "../base/amounts.ts";
import { ifRegular } from "../base/files.ts";
import { isClockValue } from "../event/clock.ts";
import { EXIT } from "../base/errors.ts";
import { EMPTY_LEDGER } from "../home/queue_layout.ts";
import { usedShare } from "../home/queue_warning.ts";
import { isDraftName } from "../home/spool.ts";
import { QUEUE_WARN_SHARE } from "../base/limits.ts";
import {
  type Finding,
  fine,
  listed,
  problem,
  timeText,
  warning,
} from "./finding.ts";
import { entriesOf } from "./home_checks.ts";
import {
  CLOCK_UNLIKELY,
  FUTURE_MS_MAX,
  LEFTOVER_MS,
  SPOOL_WAIT_MS_MAX,
} from "./limits.ts";
import { type Patient, within } from "./patient.ts";

/** Whether `clock.json` can be read, and agrees with the queue. */
export async function checkClock(patient: Patient): Promise<Finding> {
  const { nodeId, world } = patient;
  const highest = await patient.queue()
    .then((look) => look?.ledger?.highest ?? 0, () => 0);
  let text: string;
  try {
    text = await ifRegular(within(patient, "clock.json"), Deno.readTextFile) ??
      "";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return highest === 0 ? fine("nothing was recorded yet") : warning(
      `clock.json is gone; the queue remembers ${highest}`,
      "nothing to do: the next event goes on from there",
    );
  }
  const state = readClock(text);
  if (!state) {
    return problem(
      "clock.json is damaged",
      `nothing to do where the queue is sound: the next event sets the file aside and goes on from ${highest}`,
    );
  }
  const { value, node, updatedMs } = state;
  if (value < highest) {
    return warning(
      `clock.json says ${value}, but ${highest} was used already: it is an old copy`,
      "nothing to do: the next event goes on from the larger one",
    );
  }
  if (value > CLOCK_UNLIKELY) {
    return warning(
      `${value}, far more than there are events: a value from elsewhere moved it`,
      "look for a program of the team that sends wrong clock values; the order of events holds all the same",
    );
  }
  if (updatedMs > world.nowMs() + FUTURE_MS_MAX) {
    return warning(
      `${value}, stored ${timeText(updatedMs - world.nowMs())} from now`,
      "set the time of this machine: the timestamps of its events are wrong",
    );
  }
  const shared = await sharedWith(patient, node);
  return shared ?? fine(`${value}, node ${nodeId}`);
}

function readClock(
  text: string,
): { value: number; node: string; updatedMs: number } | undefined {
  try {
    const { value, node_id, updated_at } = JSON.parse(text);
    if (!isClockValue(value)) return undefined;
    return {
      value,
      node: String(node_id ?? ""),
      updatedMs: Date.parse(updated_at) || 0,
    };
  } catch {
    return undefined;
  }
}

/** Others that write the clock, as far as they leave traces. */
async function sharedWith(
  patient: Patient,
  node: string,
): Promise<Finding | undefined> {
  const names = await entriesOf(patient.home);
  if (names.includes("queue.db")) {
    return warning(
      "the Python command line records in this home, too (queue.db); it writes clock.json without a lock, and may repeat a value",
      "give one of them a home of its own: SPEC_KITTY_HOME",
    );
  }
  if (node === "" || node === patient.nodeId) return undefined;
  return warning(
    `clock.json was last written by node ${node}, and this is ${patient.nodeId}: another machine or user, or a new host name`,
    "give each machine and user a home of its own; the Python command line, for one, writes clock.json without a lock",
  );
}

/** Whether the queue is sound. */
export async function checkQueueFile(patient: Patient): Promise<Finding> {
  const look = await patient.queue();
  if (!look) return fine("there is none yet");
  const { bytes, damage, isUnchecked, isNewer, ledger } = look;
  if (damage !== undefined) {
    return problem(
      `events.kv is damaged: ${damage}`,
      "the next run sets it aside and tells how to take in what can still be read",
    );
  }
  if (isNewer) {
    return problem(
      "events.kv was made by a newer kitty-events; this one spools",
      "install the newer one",
    );
  }
  if (ledger) {
    const { accepted, imported, queued, delivered, dead, dropped } = ledger;
    if (accepted + imported !== queued + delivered + dead + dropped) {
      return problem(
        "the queue's totals do not balance",
        "see: kitty-events queue check",
      );
    }
  }
  return isUnchecked
    ? fine(
      `${
        sizeText(bytes)
      }, not checked in passing; see: kitty-events queue check`,
    )
    : fine(`sound, ${sizeText(bytes)}; more: kitty-events queue check`);
}

/** How full the queue is, and what the server has refused. */
export async function checkCapacity(patient: Patient): Promise<Finding> {
  const look = await patient.queue().catch(() => "unreadable" as const);
  if (look === "unreadable" || look?.damage !== undefined || look?.isNewer) {
    return fine("not known: the queue cannot be read");
  }
  const ledger = look?.ledger ?? EMPTY_LEDGER;
  const { queued, dead } = ledger;
  const { maxQueueSize, maxQueueBytes } = patient.settings;
  const share = usedShare(ledger, patient.settings);
  const percent = `${Math.floor(share * 100)} % of ${maxQueueSize} events, ${
    sizeText(maxQueueBytes)
  }`;
  const held = `${queued} queued, ${dead} dead letters: ${percent}`;
  const advice =
    "send what waits: kitty-events sync now; or raise max_queue_size and max_queue_bytes";
  if (share >= 1) {
    return problem(
      `full, and new events are refused (${held})`,
      advice,
      EXIT.full,
    );
  }
  if (share >= QUEUE_WARN_SHARE) return warning(held, advice);
  return dead > 0
    ? warning(held, "see why: kitty-events queue dead list")
    : fine(held);
}

/** What was set aside as damaged, and may still hold events. */
export async function checkSetAside(patient: Patient): Promise<Finding> {
  const names = (await entriesOf(patient.home))
    .filter((name) => /(^|\.)damaged-/.test(name));
  if (names.length === 0) return fine("nothing");
  const folder = names.find((name) => name.startsWith("damaged-"));
  return warning(
    listed(names),
    folder
      ? `take in what can still be read: kitty-events queue import --from ${
        within(patient, folder)
      }; then remove it`
      : "look at it, then remove it",
  );
}

/** What waits in the spool, what it has rejected, and what writers left behind. */
export async function checkSpool(patient: Patient): Promise<Finding> {
  const folder = within(patient, "spool");
  const now = patient.world.nowMs();
  const ageOf = (name: string) =>
    Deno.stat(`${folder}/${name}`)
      .then(({ mtime }) => now - (mtime?.getTime() ?? now), () => 0);
  const names = await entriesOf(folder);
  const waiting = names.filter(isDraftName);
  const rejected = (await entriesOf(`${folder}/rejected`))
    .filter((name) => !name.endsWith(".reason.json") && !name.startsWith("."));
  const temporary = names.filter((name) =>
    name.startsWith(".") && name.endsWith(".tmp")
  );
  const leftovers: string[] = [];
  for (const name of temporary) {
    if (await ageOf(name) > LEFTOVER_MS) leftovers.push(name);
  }
  const counts = `${waiting.length} waiting, ${rejected.length} rejected`;
  if (rejected.length > 0) {
    return warning(
      counts,
      `read why in ${folder}/rejected/*.reason.json; mend what wrote them, then remove them`,
    );
  }
  if (leftovers.length > 0) {
    return warning(
      `${counts}; half-written: ${listed(leftovers)}`,
      `their writers are gone; look at them, then remove them from ${folder}`,
    );
  }
  const oldestMs = Math.max(
    0,
    ...await Promise.all(waiting.slice(0, 1).map(ageOf)),
  );
  return oldestMs > SPOOL_WAIT_MS_MAX
    ? warning(
      `${counts}, the first for ${timeText(oldestMs)}`,
      "take them in: kitty-events queue stats",
    )
    : fine(counts);
}
