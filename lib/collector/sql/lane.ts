/**
 * One connection to a store. The library keeps pools of its own; here each
 * connection is one of these, so that a transaction never goes on over another
 * one after its own was lost, and one that hangs can be cut.
 *
 * @module
 */

import { Socket } from "node:net";
import postgres from "postgres";
import { pause } from "../../base/deadline.ts";
import { openSocket, type Secrecy } from "./socket.ts";
import { LostError, ServerError, troubleOf } from "./trouble.ts";

/** A row of an answer, by the names of its columns; numbers beyond 32 bits are texts. */
// deno-lint-ignore no-explicit-any
export type Row = Record<string, any>;

/** The values of a statement. */
export type Value = string | number | boolean | null;

/** What statements are sent over: a connection, or a transaction on one. */
export interface Statements {
  /** Sends a statement. Several sent at once go in one packet, and are answered in order. */
  send(text: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

/** Which of several servers was last one that takes changes: all lanes ask there first. */
export class Course {
  #at = 0;

  get at(): number {
    return this.#at;
  }

  /** Goes on to the next one, unless somebody has by now. */
  leave(at: number, count: number): void {
    if (at === this.#at) this.#at = (at + 1) % count;
  }

  /** This one was right. */
  keep(at: number): void {
    this.#at = at;
  }
}

/** What a lane is made of. */
export interface LaneParts extends Secrecy {
  readonly course: Course;
  /** Called with notifications of other sessions. */
  readonly onNotify?: (payload: string) => void;
  /** Called when the connection is gone. */
  readonly onClose?: () => void;
}

/** What a server says when it gives up waiting for its standby: what was committed may be lost with it. */
const NOT_REPLICATED = /synchronous replication/;

/** A connection, made when it is first needed, and again after it was lost. */
export class Lane implements Statements {
  readonly #parts: LaneParts;
  readonly #sql: postgres.Sql;
  #socket: Socket | undefined;
  /** Why there is none. */
  #reason: Error | undefined;
  #host = 0;
  /** Whether the server was found to be one that takes changes. */
  #isReady = false;
  #isEnded = false;
  #isUnsafe = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#sql = postgres(this.#options());
  }

  #options(): postgres.Options<Record<string, postgres.PostgresType>> {
    const { url, onNotify } = this.#parts;
    const [{ hostname, port }] = url.hosts as [typeof url.hosts[0]];
    const options = {
      host: hostname,
      port,
      database: url.database,
      user: url.user,
      // A function: without a password the library would look for one elsewhere.
      pass: () => url.password,
      max: 1,
      // Whatever is not said here, the library reads from the environment.
      ...{ ssl: false, sslnegotiation: null, debug: false, publications: "x" },
      ...{ idle_timeout: null, max_lifetime: null, keep_alive: 30 },
      connect_timeout: url.connectMs / 1_000,
      max_pipeline: 100,
      backoff: 0,
      prepare: url.isPrepared,
      fetch_types: false,
      target_session_attrs: undefined,
      connection: { application_name: url.applicationName },
      socket: () => this.#connect(),
      onnotice: ({ message = "" }: postgres.Notice) => {
        if (NOT_REPLICATED.test(message)) this.#isUnsafe = true;
      },
      onnotify: (_channel: string, payload: string) => onNotify?.(payload),
    };
    return options as unknown as postgres.Options<
      Record<string, postgres.PostgresType>
    >;
  }

  /** The library must get a socket, also where there is none: it would never come back from an error. */
  async #connect(): Promise<Socket> {
    const { course, url, onClose } = this.#parts;
    const { hosts } = url;
    for (let tried = 0; tried < hosts.length; tried++) {
      const at = course.at;
      try {
        if (this.#isEnded) throw new LostError("the collector is ending");
        const socket = await openSocket(hosts[at]!, this.#parts);
        if (this.#isEnded) socket.destroy();
        this.#host = at;
        this.#socket = socket;
        this.#isReady = false;
        this.#reason = undefined;
        socket.once("close", () => {
          if (this.#socket === socket) this.#socket = undefined;
          onClose?.();
        });
        return socket;
      } catch (error) {
        this.#reason = error as Error;
        course.leave(at, hosts.length);
      }
    }
    this.#socket = undefined;
    const none = new Socket();
    void pause(0).then(() => none.destroy(this.#reason));
    return none;
  }

  /** Whether there is a connection. */
  get isOpen(): boolean {
    return this.#socket !== undefined && this.#isReady;
  }

  /** Connects, unless there is a connection, to a server that takes changes. */
  async ready(): Promise<void> {
    if (this.isOpen) return;
    const [state] = await this.send(
      "select pg_is_in_recovery() as waits, current_setting('transaction_read_only') as reads",
    );
    const { url, course } = this.#parts;
    const isFit = url.isAnyServer ||
      state!.waits === false && state!.reads === "off";
    if (isFit) {
      course.keep(this.#host);
      this.#isReady = true;
      return;
    }
    this.cut();
    course.leave(this.#host, url.hosts.length);
    throw new ServerError(
      "25006",
      state!.waits
        ? "the server is a standby, or recovers"
        : "the server takes no changes",
    );
  }

  async send(
    text: string,
    values: readonly Value[] = [],
  ): Promise<readonly Row[]> {
    try {
      const statement = this.#sql.unsafe(text, [...values], { prepare: true });
      return await statement as unknown as Row[];
    } catch (error) {
      throw this.#reason ?? troubleOf(error);
    }
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
    const tx = new Transaction(this, this.#socket);
    const begun = this.send(`begin ${mode}`);
    try {
      const [done] = await Promise.all([work(tx), begun]);
      return done;
    } catch (error) {
      begun.catch(() => {});
      if (this.isOn(tx.socket)) await this.send("rollback").catch(() => {});
      throw error;
    }
  }

  /** Whether the connection is still the one that this socket was. */
  isOn(socket: Socket | undefined): boolean {
    return socket !== undefined && this.#socket === socket;
  }

  /** Whether something was committed since the last call that a standby may not have. */
  takeUnsafe(): boolean {
    const isUnsafe = this.#isUnsafe;
    this.#isUnsafe = false;
    return isUnsafe;
  }

  /** Cuts the connection, whatever is under way. */
  cut(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    // Without a connection, the library would wait for one.
    if (this.#socket) await this.#sql.end({ timeout: 1 });
    this.cut();
  }
}

/** A transaction that is open. */
export class Transaction implements Statements {
  readonly #lane: Lane;
  readonly socket: Socket | undefined;

  constructor(lane: Lane, socket: Socket | undefined) {
    this.#lane = lane;
    this.socket = socket;
  }

  /** @throws {LostError} where its connection is gone: on another one this would stand outside of it */
  send(text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    if (!this.#lane.isOn(this.socket)) {
      return Promise.reject(new LostError("the connection was lost"));
    }
    return this.#lane.send(text, values);
  }

  /**
   * Sends the last statements, and the commit behind them.
   *
   * @throws {LostError} where it is not known whether it has happened
   */
  async commit(
    statements: readonly (readonly [text: string, values: readonly Value[]])[],
  ): Promise<void> {
    this.#lane.takeUnsafe();
    const sent = statements.map(([text, values]) => this.send(text, values));
    const committed = this.send("commit");
    const settled = await Promise.allSettled([...sent, committed]);
    const wrong = settled.find(({ status }) => status === "rejected");
    if (wrong) throw (wrong as PromiseRejectedResult).reason;
    const { command } = await committed as unknown as { command: string };
    if (command !== "COMMIT") throw new LostError("it was given back");
    if (this.#lane.takeUnsafe()) {
      throw new LostError("no standby has confirmed it");
    }
  }
}
