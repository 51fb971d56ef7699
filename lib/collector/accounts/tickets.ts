/**
 * Tickets: whoever has one is let in to the page once, and soon.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { TICKET_MS, TICKETS_MAX } from "./limits.ts";

/** Tickets that were given out and not used yet. */
export class Tickets {
  readonly #world: World;
  readonly #open = new Map<string, { readonly user: string; endMs: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A ticket for a user. Of too many the oldest are void. */
  issue(user: string): string {
    const ticket = this.#world.randomBytes(16).toHex();
    this.#open.set(ticket, {
      user,
      endMs: this.#world.elapsedMs() + TICKET_MS,
    });
    for (const old of this.#open.keys()) {
      if (this.#open.size <= TICKETS_MAX) break;
      this.#open.delete(old);
    }
    return ticket;
  }

  /** The name of the user whose ticket it is; undefined where it is not good, or not any more. */
  spend(ticket: string): string | undefined {
    const found = this.#open.get(ticket);
    this.#open.delete(ticket);
    return found && this.#world.elapsedMs() < found.endMs
      ? found.user
      : undefined;
  }
}
