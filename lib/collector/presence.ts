/**
 * What running collectors tell of themselves, to each other and to those who
 * look after them: kept with the settings, since commands read it.
 *
 * @module
 */

import { isAnywhere } from "../base/net/addresses.ts";
import type { World } from "../base/world.ts";
import { VERSION } from "../base/build.ts";
import { PRESENCE_GONE_MS } from "./limits.ts";
import { type Records, removed } from "./records/records.ts";

/** A running collector, by its own word. */
export interface Collecting {
  /** Another one for each process. */
  readonly name: string;
  /** Where it listens. */
  readonly url: string;
  readonly host: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly seen_at: string;
  /** When its certificate runs out; null where it speaks plain HTTP. */
  readonly certificate_ends_at: string | null;
}

/**
 * Where a collector is reached: one that listens everywhere, by the name of its machine.
 *
 * @param here the name of this machine, where addresses of its own will do
 */
export function addressOf({ url, host }: Collecting, here?: string): URL {
  const address = new URL(url);
  if (isAnywhere(address.hostname)) {
    address.hostname = host === here ? "127.0.0.1" : host;
  }
  return address;
}

/** What a collector has to tell. */
export interface PresenceParts {
  readonly settings: Records;
  readonly world: World;
  readonly url: string;
  /** Asked each time, as certificates are taken anew. Milliseconds since 1970. */
  readonly certificateEndsMs: () => number | undefined;
}

/** The word of one collector, for as long as it runs. */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #name: string;
  readonly #started: string;

  constructor(parts: PresenceParts) {
    const { world } = parts;
    this.#parts = parts;
    this.#name = world.randomBytes(6).toHex();
    this.#started = new Date(world.nowMs()).toISOString();
  }

  /** Says that it runs, and forgets those that have not said so for long. */
  async tell(): Promise<void> {
    const { settings, world, url, certificateEndsMs } = this.#parts;
    const ends = certificateEndsMs(), nowMs = world.nowMs();
    const now: Collecting = {
      name: this.#name,
      url,
      host: world.hostname(),
      version: VERSION,
      started_at: this.#started,
      seen_at: new Date(nowMs).toISOString(),
      certificate_ends_at: ends === undefined
        ? null
        : new Date(ends).toISOString(),
    };
    const all = await collecting(settings);
    const before = all.find(({ name }) => name === this.#name);
    await settings.replace("collectors", this.#name, before, now);
    for (const other of all) {
      if (nowMs - Date.parse(other.seen_at) < PRESENCE_GONE_MS) continue;
      await settings.replace("collectors", other.name, other, undefined);
    }
  }

  /** Says that it ends. */
  async leave(): Promise<void> {
    await removed(this.#parts.settings, "collectors", this.#name);
  }
}

/** All collectors that have told of themselves and have not left. One that was killed is among them for a while. */
export async function collecting(
  settings: Records,
): Promise<readonly Collecting[]> {
  const entries = await settings.list<Collecting>("collectors");
  return entries.map(([, value]) => value);
}
