/**
 * The collectors that run: whether they answer, what time they have, and what
 * they say of certificates and sinks.
 *
 * @module
 */

import { EXIT, KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import type { Settings } from "../../collector/engine.ts";
import { PRESENCE_MS } from "../../collector/limits.ts";
import {
  addressOf,
  type Collecting,
  collecting,
} from "../../collector/presence.ts";
import type { Trust } from "../../login/http_client.ts";
import {
  type Answer,
  ask,
  NoAnswerError,
  type Question,
} from "../../login/http.ts";
import {
  type Finding,
  fine,
  listed,
  problem,
  timeFinding,
  timeText,
  warning,
} from "../finding.ts";
import { CERTIFICATE_WARN_MS, SERVER_WAIT_MS } from "../limits.ts";

/** A collector that said that it runs, and its answer. */
export interface Asked {
  readonly collector: Collecting;
  readonly answer: Answer | undefined;
  /** Why there is no answer. */
  readonly why?: string;
  /** Of this machine, when the answer came; milliseconds since 1970. */
  readonly atMs: number;
}

/** Asks each collector that has told of itself whether it is well, all at once. */
export async function askCollectors(
  { world, trust }: { readonly world: World; readonly trust: Trust },
  settings: Settings | undefined,
): Promise<readonly Asked[]> {
  const all = settings ? await collecting(settings.settings) : [];
  return await Promise.all(all.map(async (collector): Promise<Asked> => {
    const url = new URL("/healthz", addressOf(collector, world.hostname()));
    const question: Question = {
      url,
      method: "GET",
      timeoutMs: SERVER_WAIT_MS,
      ...trust,
    };
    try {
      const answer = await ask(question);
      return { collector, answer, atMs: world.nowMs() };
    } catch (error) {
      // Plain HTTP to another machine is refused here, and says nothing of the collector.
      const isTold = error instanceof NoAnswerError ||
        error instanceof KittyError;
      if (!isTold) throw error;
      const why = error.message, atMs = world.nowMs();
      return { collector, answer: undefined, why, atMs };
    }
  }));
}

/** Whether those that run answer, and are of one version. */
export function checkCollectors(
  asked: readonly Asked[],
  world: World,
): Finding {
  if (asked.length === 0) return fine("none runs");
  const silent = asked.filter(({ answer }) => !answer);
  const nowMs = world.nowMs();
  const gone = silent.filter(({ collector: { seen_at } }) =>
    nowMs - Date.parse(seen_at) > 2 * PRESENCE_MS
  );
  const mute = silent.filter((one) => !gone.includes(one));
  if (mute.length > 0) {
    return warning(
      `${
        named(mute)
      } said within a minute that it runs, and does not answer here: ${
        mute[0]!.why
      }`,
      "look at its log; where only others reach it, or by another name, ask from there",
    );
  }
  const running = asked.filter(({ answer }) => answer);
  const versions = new Set(running.map(({ collector }) => collector.version));
  if (versions.size > 1) {
    return warning(
      `versions ${[...versions].sort().join(" and ")} side by side`,
      "works, but bring all of them to one version soon",
    );
  }
  if (gone.length > 0) {
    return warning(
      `${named(gone)} did not end by itself, and gives no sign of life`,
      "start it again; an hour after its end nobody speaks of it any more",
    );
  }
  return fine(`${named(running)}, version ${[...versions].join()}`);
}

/** Whether certificates are about to run out. */
export function checkCertificates(
  asked: readonly Asked[],
  world: World,
): Finding {
  const ending = asked.flatMap(({ collector }) =>
    collector.certificate_ends_at === null ? [] : [{
      collector,
      leftMs: Date.parse(collector.certificate_ends_at) - world.nowMs(),
    }]
  ).toSorted((a, b) => a.leftMs - b.leftMs);
  const [first] = ending;
  if (!first) {
    return fine("none: plain HTTP, for this machine or behind a proxy");
  }
  const { collector, leftMs } = first;
  const renew =
    "put new files in the place of the old ones: they are taken by themselves";
  if (leftMs <= 0) {
    return problem(
      `that of ${collector.url} ran out ${timeText(leftMs)} ago`,
      renew,
      EXIT.unavailable,
    );
  }
  const text = `that of ${collector.url} is good for ${timeText(leftMs)}`;
  return leftMs < CERTIFICATE_WARN_MS ? warning(text, renew) : fine(text);
}

/** Whether all have the same time. */
export function checkClocks(asked: readonly Asked[]): Finding {
  const skews = asked.flatMap(({ collector, answer, atMs }) => {
    const date = Date.parse(answer?.headers.get("date") ?? "");
    return Number.isNaN(date) ? [] : [{ collector, skewMs: atMs - date }];
  });
  if (skews.length === 0) {
    return fine("not known: no answer that tells the time");
  }
  const findings = skews.map(({ collector, skewMs }) =>
    timeFinding(
      skewMs,
      collector.url,
      "set the time of the one that is wrong: tokens seem to end too soon or too late",
    )
  );
  return findings.find(({ status }) => status !== "ok") ?? findings[0]!;
}

function named(asked: readonly Asked[]): string {
  return listed(asked.map(({ collector }) => collector.url));
}
