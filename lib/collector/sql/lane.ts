/**
 * One connection to a store after another. The library keeps pools of its own;
 * here each connection is one of these, so that a transaction never goes on
 * over another one after its own was lost, and one that hangs can be cut.
 *
 * @module
 */

import {
  type LaneParts,
  type Row,
  type Statements,
  StoreConnection,
  type Value,
} from "./connection.ts";
import { isDone, LostError, ServerError } from "./trouble.ts";

/** A connection, made when it is first needed, and another one after it was lost. */
export class Lane implements Statements {
  readonly #parts: LaneParts;
  #connection: StoreConnection;
  /** Whether the server was found to be one that takes changes. */
  #isReady = false;
  #isEnded = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#connection = new StoreConnection(parts);
  }

  /** Whether there is a connection. */
  get isOpen(): boolean {
    return this.#isReady && !this.#connection.isGone;
  }

  /** Connects, unless there is a connection, to a server that takes changes. */
  async ready(): Promise<void> {
    if (this.#isEnded) throw new LostError("the collector is ending");
    if (this.isOpen) return;
    if (this.#connection.isGone) {
      this.#connection = new StoreConnection(this.#parts);
      this.#isReady = false;
    }
    const connection = this.#connection;
    const [state] = await connection.send(
      "select pg_is_in_recovery() as waits, current_setting('transaction_read_only') as reads",
    );
    const { url, course } = this.#parts;
    const isFit = url.isAnyServer ||
      state!.waits === false && state!.reads === "off";
    if (isFit) {
      course.keep(connection.host);
      this.#isReady = true;
      return;
    }
    connection.cut();
    course.leave(connection.host, url.hosts.length);
    throw new ServerError(
      "25006",
      state!.waits
        ? "the server is a standby, or recovers"
        : "the server takes no changes",
    );
  }

  /** @throws {LostError} where the connection is gone: only `ready` makes another one */
  send(text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    return this.#connection.send(text, values);
  }

  /**
   * Does `work` in a transaction; it is given back when `work` rejects.
   *
   * @param mode of `begin`, such as `isolation level repeatable read read only`
   * @param work sends its last statements with `tx.commit`
   */
  async transaction<T>(
    mode: string,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    await this.ready();
    const connection = this.#connection;
    const begun = connection.send(`begin ${mode}`);
    try {
      const [done] = await Promise.all([
        work(new Transaction(connection)),
        begun,
      ]);
      return done;
    } catch (error) {
      begun.catch(() => {});
      // Where it was lost, it may take long to be seen: nobody would answer.
      if (isDone(error)) connection.cut();
      else await connection.send("rollback").catch(() => {});
      throw error;
    }
  }

  /** Cuts the connection, whatever is under way. */
  cut(): void {
    this.#connection.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** A transaction that is open. */
export class Transaction implements Statements {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** @throws {LostError} where its connection is gone: on another one this would stand outside of it */
  send(text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    return this.#connection.send(text, values);
  }

  /**
   * Sends the last statements, and the commit behind them.
   *
   * @returns what each of them has answered
   * @throws {LostError} where it is not known whether it has happened
   */
  async commit(
    statements: readonly (readonly [text: string, values: readonly Value[]])[],
  ): Promise<readonly (readonly Row[])[]> {
    this.#connection.takeUnsafe();
    const sent = statements.map(([text, values]) => this.send(text, values));
    const committed = this.send("commit");
    const settled = await Promise.allSettled([...sent, committed]);
    const wrong = settled.find(({ status }) => status === "rejected");
    if (wrong) throw (wrong as PromiseRejectedResult).reason;
    const { command } = await committed as unknown as { command: string };
    if (command !== "COMMIT") throw new LostError("it was given back");
    if (this.#connection.takeUnsafe()) {
      throw new LostError("no standby has confirmed it");
    }
    return await Promise.all(sent);
  }
}
