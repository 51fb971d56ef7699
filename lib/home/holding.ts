/**
 * Holding a home's lock: whoever does follows whatever the last holder left, and
 * takes in the spool first.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import { HOUSEKEEPING_TIMEOUT_MS } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { type Ahead, Held } from "./held.ts";
import type { IntakeBounds, IntakeContext } from "./intake.ts";
import { OfflineQueue } from "./offline_queue.ts";
import { type Opened, Opening, tidyLog } from "./opening.ts";
import type { QueueReader } from "./queue.ts";
import { type OpenQueue, sealOf, stateOf } from "./queue_file.ts";
import type { Spool } from "./spool.ts";
import { type Lease, Turns } from "./turns.ts";

/** What the holder of a lock goes by. */
interface Place {
  readonly spool: Spool;
  readonly context: IntakeContext;
}

/** The lock of a home, and what is open under it. */
export class Holding implements Disposable {
  readonly #path: string;
  readonly #world: World;
  readonly #turns: Turns;
  readonly #opening: Opening;
  /** What the own seal is known by; drawn when it is first wanted, as most processes never do. */
  #name: string | undefined;
  /** What is stored of the clock and was not used, where the own seal is the last one. */
  #ahead: Ahead | undefined;

  /** @param ahead the queue, if it is being opened already */
  constructor(
    path: string,
    world: World,
    ahead: Promise<OpenQueue | undefined> = Promise.resolve(undefined),
  ) {
    this.#path = path;
    this.#world = world;
    this.#turns = new Turns(path, () => world.elapsedMs());
    this.#opening = new Opening(path, world, ahead);
  }

  /** Does `work` under the lock; `hold` of a home says how. */
  hold<T>(
    home: Place,
    deadline: Deadline,
    intake: IntakeBounds,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(deadline, async (lease) => {
      const { held, opened, spooled } = await this.#enter(
        home,
        lease,
        deadline,
      );
      return await this.#sealing(lease, opened, held, async () => {
        const { spool, context } = home;
        if (spooled.length > 0) {
          // Loaded only here: the spool is mostly empty.
          const { takeIn } = await import("./intake.ts");
          held.intake = await takeIn(held, spool, spooled, context, intake);
        }
        return await work(held);
      });
    });
  }

  /** What a holder knows before it does anything: the queue, the clock, what waits in the spool. */
  async #enter(
    home: Place,
    lease: Lease,
    deadline: Deadline,
  ): Promise<{ held: Held; opened: Opened; spooled: readonly string[] }> {
    // Whatever goes wrong from here on, the next holder finds no seal.
    const known = lease.known;
    lease.known = undefined;
    lease.seal = () => Promise.resolve(undefined);
    const { teamSlug } = home.context.settings.current;
    const isOwn = this.#name !== undefined &&
      lease.lock.lastSeal.endsWith(this.#name);
    const [opened, spooled] = await Promise.all([
      known ?? this.#opening.open(lease.lock, deadline, teamSlug, isOwn),
      spooledIn(home),
    ]);
    const place = {
      path: this.#path,
      nodeId: home.context.nodeId,
      nowMs: this.#world.nowMs,
    };
    const { queue, clock, damage } = opened;
    const ahead = known || isOwn ? this.#ahead : undefined;
    this.#ahead = undefined;
    const held = new Held(place, deadline, queue, clock, damage, ahead);
    held.warnings.push(...opened.warnings, ...spooled.warnings);
    return { held, opened, spooled: spooled.names };
  }

  /** Does the work, and says how the lock may be given back after it. */
  async #sealing<T>(
    lease: Lease,
    opened: Opened,
    held: Held,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      const result = await work();
      const { queue, state } = opened;
      this.#ahead = held.ahead;
      if (held.mayPass && held.isSound) {
        const clock = held.storedClock;
        lease.known = { queue, state, clock, damage: [], warnings: [] };
      }
      lease.seal = async () => {
        const after = await tidyLog(this.#path, queue, state);
        if (!held.isSound) return undefined;
        if (!held.ahead) return sealOf(after);
        return sealOf(after, this.#name ??= this.#world.randomBytes(8).toHex());
      };
      return result;
    } catch (error) {
      const isHarmless = error instanceof DeadlineError ||
        error instanceof KittyError;
      if (isHarmless && held.isSound) {
        lease.seal = async () => sealOf(await stateOf(this.#path));
      }
      throw error;
    }
  }

  /** Whether a clock value is stored that only this process knows to be unused. */
  get isAhead(): boolean {
    return this.#ahead !== undefined;
  }

  /** @see Opening.isCutOff */
  isCutOff(): Promise<boolean> {
    return this.#opening.isCutOff();
  }

  /** The queue as it was last opened here, to read without the lock. */
  get reader(): QueueReader | undefined {
    return this.#opening.reader;
  }

  [Symbol.dispose](): void {
    this.#opening[Symbol.dispose]();
  }
}

/** The names in the spool; something else in its place must not keep the queue from working. */
async function spooledIn(
  { spool, context }: Place,
): Promise<{ names: string[]; warnings: string[] }> {
  if (context.leavesSpool) return { names: [], warnings: [] };
  try {
    return { names: await spool.names(), warnings: [] };
  } catch (error) {
    const warning = `${spool.path} cannot be read: ${reasonOf(error)}`;
    return { names: [], warnings: [warning] };
  }
}

/** What a home is before there is one: an empty queue, in memory. */
export async function unmade(
  path: string,
  nodeId: string,
  world: World,
): Promise<Held> {
  const deadline = Deadline.in(world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS);
  const queue = await OfflineQueue.open(await Deno.openKv(":memory:"));
  return new Held({ path, nodeId, nowMs: world.nowMs }, deadline, queue, 0);
}
