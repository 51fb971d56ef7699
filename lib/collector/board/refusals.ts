/**
 * Events that were refused lately, for the people whose events they are.
 *
 * @module
 */

import type { RefusedAnswer } from "../../board/answers.ts";
import type { World } from "../../base/world.ts";
import { REFUSED_MAX } from "../limits.ts";

/** Since the start. */
export class Refusals {
  readonly #world: World;
  readonly #teams = new Map<string, RefusedAnswer[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @param reason for the client; nothing of the payload is in it */
  add(team: string, id: string, reason: string): void {
    const at = new Date(this.#world.nowMs()).toISOString();
    const refused = this.#teams.get(team) ?? [];
    refused.unshift({ at, id, reason });
    this.#teams.set(team, refused.slice(0, REFUSED_MAX));
  }

  /** Those of a team, the newest first. */
  of(team: string): readonly RefusedAnswer[] {
    return this.#teams.get(team) ?? [];
  }
}
