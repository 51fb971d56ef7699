/** Collectors that share a store, each a process of its own that a test kills and starts again. */

import { openPgSettings } from "../../lib/collector/sql/pg_engine.ts";
import {
  ADA,
  addUsersTo,
  CollectorClient,
  CollectorProcess,
  type TestUser,
} from "./collector.ts";
import { TestWorld } from "./world.ts";

/** Adds users to a store, with a hash that costs no time. */
export async function addStoreUsers(
  url: string,
  users: readonly TestUser[] = [ADA],
): Promise<void> {
  await using opened = await openPgSettings(url, new TestWorld());
  await addUsersTo(opened.settings, users);
}

/** A collector on a store. */
export class StoreCollector implements AsyncDisposable {
  readonly #process: CollectorProcess;

  private constructor(process: CollectorProcess) {
    this.#process = process;
  }

  /** Starts one; the home is not made. */
  static async start(store: string, home: string): Promise<StoreCollector> {
    const env = { SPEC_KITTY_STORE_URL: store };
    return new StoreCollector(await CollectorProcess.start(home, { env }));
  }

  get url(): string {
    return this.#process.url;
  }

  get client(): CollectorClient {
    return new CollectorClient(this.url);
  }

  /** Starts it again, at the same address. */
  async restart(): Promise<void> {
    await this.#process.run(new URL(this.url).host);
  }

  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    await this.#process.stop(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
