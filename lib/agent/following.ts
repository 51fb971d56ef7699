/**
 * Following logs within an agent, which says in its log what it does.
 *
 * @module
 */

import { pause } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { follow, News } from "../follow/follower.ts";
import type { LogRoot } from "../follow/logs.ts";
import type { PassResult } from "../follow/pass.ts";
import { projectRoot } from "../follow/projects.ts";
import type { Home } from "../home/home.ts";

/** What following takes within an agent. */
export interface FollowingParts {
  readonly home: Home;
  /** A project, a folder or a log. */
  readonly path: string;
  readonly cwd: string;
  readonly log: Log;
}

/** How often is looked for a project that is not there. */
const LOOK_MS = 5_000;

/** Follows a project until the end; one that is not there yet is waited for. Never rejects. */
export async function followLogged(
  { home, path, cwd, log }: FollowingParts,
  end: AbortSignal,
): Promise<void> {
  const root = await rootInTime({ path, cwd, log }, end);
  if (!root) return;
  log.info("following", { path: root.path });
  const news = new News();
  await follow({
    home,
    roots: [root],
    nowMs: home.world.nowMs,
    onPass: (result) => tell(result, news, log),
    onTrouble: (reason) => log.warn("nothing was recorded", { reason }),
  }, end);
}

/** Looks for a project again and again, as a disk may come later than an agent. */
async function rootInTime(
  { path, cwd, log }: Omit<FollowingParts, "home">,
  end: AbortSignal,
): Promise<LogRoot | undefined> {
  let said = "";
  while (!end.aborted) {
    try {
      return await projectRoot(path, cwd, (text) => log.warn(text));
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== said) log.warn("cannot follow yet", { reason });
      said = reason;
    }
    await pause(LOOK_MS, end);
  }
  return undefined;
}

function tell(
  { logs, odd, stopped, reason }: PassResult,
  news: News,
  log: Log,
) {
  for (const { file, recorded, refused, problems, trouble } of logs) {
    if (recorded + refused > 0) {
      log.info("followed", { file, recorded, refused });
    }
    for (const { line, problems: [first] } of problems) {
      const { path: at = "", expected = "" } = first ?? {};
      log.warn("a line was refused", { file, line, at, expected });
    }
    if (news.isNew(file, trouble ?? "") && trouble) {
      log.warn("a log waits", { file, reason: trouble });
    }
  }
  for (const { name, why } of odd) {
    if (news.isNew(name, why)) {
      log.warn("not a log", { file: name, reason: why });
    }
  }
  const why = stopped && (reason ?? "the queue is full");
  if (news.isNew("", why ?? "") && why) {
    log.warn("not all was recorded", { reason: why });
  }
}
