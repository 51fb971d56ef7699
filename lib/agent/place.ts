/**
 * The place of a home's one agent: a lock that it holds for as long as it runs.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { DeadlineError, KittyError } from "../base/errors.ts";
import { isFileAt, lockFile } from "../base/files.ts";
import { AGENT_LOCK_MS_MAX } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { agentLockPath, readAgentState } from "../route/agent_file.ts";

/** An agent's place in its home. */
export class Place {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /** @throws {KittyError} where another agent has it */
  static async take(home: string, world: World): Promise<Place> {
    const path = agentLockPath(home);
    const deadline = Deadline.in(world.elapsedMs, AGENT_LOCK_MS_MAX);
    try {
      return new Place(
        path,
        await lockFile(path, deadline, "the agent's lock"),
      );
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const state = await readAgentState(home, world.nowMs());
      const which = state ? ` (process ${state.pid})` : "";
      throw new KittyError(
        "agent_running",
        `another agent runs in ${home}${which}`,
        { hint: "see: kitty-events agent status" },
      );
    }
  }

  /** Whether the home was removed, moved or replaced. A disk that does not tell says nothing of it. */
  async isLost(): Promise<boolean> {
    try {
      return !await isFileAt(this.#path, this.#file);
    } catch (error) {
      return error instanceof Deno.errors.NotFound;
    }
  }

  close(): void {
    this.#file.close();
  }
}
