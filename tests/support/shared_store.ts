/** Collectors that share a store, each a process of its own that a test kills and starts again. */

import { AccountStore } from "../../lib/collector/accounts/account_store.ts";
import { addUser } from "../../lib/collector/accounts/users.ts";
import { openPgSettings } from "../../lib/collector/sql/pg_engine.ts";
import { linesOf } from "./child.ts";
import { ADA, CollectorClient, type TestUser } from "./collector.ts";
import { spawnProgram } from "./program.ts";
import { TestWorld } from "./world.ts";

/** Adds users to a store, with a hash that costs no time. */
export async function addStoreUsers(
  url: string,
  users: readonly TestUser[] = [ADA],
): Promise<void> {
  await using opened = await openPgSettings(url, new TestWorld());
  for (const user of users) {
    const accounts = new AccountStore(opened.settings);
    await addUser(accounts, new TestWorld(), { ...user, rounds: 10 });
  }
}

/** A collector on a store. */
export class StoreCollector implements AsyncDisposable {
  readonly #store: string;
  readonly #home: string;
  #child: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  url = "";
  log = "";

  private constructor(store: string, home: string) {
    this.#store = store;
    this.#home = home;
  }

  /** Starts one; the home is not made. */
  static async start(store: string, home: string): Promise<StoreCollector> {
    const collector = new StoreCollector(store, home);
    await collector.run("127.0.0.1:0");
    return collector;
  }

  /** Starts it again, at the same address. */
  async restart(): Promise<void> {
    await this.run(new URL(this.url).host);
  }

  async run(listen: string): Promise<void> {
    const child = spawnProgram(["collector", "run", "--listen", listen], {
      SPEC_KITTY_HOME: this.#home,
      SPEC_KITTY_STORE_URL: this.#store,
    });
    this.#child = child;
    const lines = linesOf(child.stdout);
    const reading = (async () => {
      for await (const line of linesOf(child.stderr)) this.log += `${line}\n`;
    })();
    const first = await lines.next();
    this.#reading = (async () => {
      for await (const _ of lines);
      await reading;
      await child.stdin.close().catch(() => {});
    })();
    if (first.done) throw new Error(`it did not start: ${this.log}`);
    this.url = JSON.parse(first.value).listening;
  }

  get client(): CollectorClient {
    return new CollectorClient(this.url);
  }

  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    child.kill(signal);
    await child.status;
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
