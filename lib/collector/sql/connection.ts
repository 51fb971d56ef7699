/**
 * One connection of the library, and never a second one: what it keeps waiting
 * when that is lost it would send over the next, outside of the transaction.
 *
 * @module
 */

import { Socket } from "node:net";
import postgres from "postgres";
import { pause } from "../../base/deadline.ts";
import { openSocket, type Secrecy } from "./socket.ts";
import { LostError, troubleOf } from "./trouble.ts";

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

/** A connection, made when the first statement is sent, and never again. */
export class StoreConnection implements Statements {
  readonly #parts: LaneParts;
  readonly #sql: postgres.Sql;
  #socket: Socket | undefined;
  /** Why there is none. */
  #reason: Error | undefined;
  #host = 0;
  /** Whether the library was given a socket. */
  #isTaken = false;
  #isGone = false;
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
      socket: () => this.#take(),
      onnotice: ({ message = "" }: postgres.Notice) => {
        if (NOT_REPLICATED.test(message)) this.#isUnsafe = true;
      },
      onnotify: (_channel: string, payload: string) => onNotify?.(payload),
    };
    return options as unknown as postgres.Options<
      Record<string, postgres.PostgresType>
    >;
  }

  /** The library asks again after each loss, for as long as statements wait in it. */
  #take(): Socket | Promise<Socket> {
    if (this.#isTaken) return this.#none();
    this.#isTaken = true;
    return this.#connect();
  }

  async #connect(): Promise<Socket> {
    const { course, url, onClose } = this.#parts;
    const { hosts } = url;
    for (let tried = 0; tried < hosts.length && !this.#isGone; tried++) {
      const at = course.at;
      try {
        const socket = await openSocket(hosts[at]!, this.#parts);
        if (this.#isGone) {
          socket.destroy();
          break;
        }
        this.#host = at;
        this.#socket = socket;
        this.#reason = undefined;
        socket.once("close", () => {
          this.#isGone = true;
          onClose?.();
        });
        return socket;
      } catch (error) {
        this.#reason = error as Error;
        course.leave(at, hosts.length);
      }
    }
    this.#isGone = true;
    return this.#none();
  }

  /** The library must get a socket, also where there is none: it would never come back from an error. */
  #none(): Socket {
    const none = new Socket();
    void pause(0).then(() => none.destroy(this.#lost()));
    return none;
  }

  #lost(): Error {
    return this.#reason ?? new LostError("the connection was lost");
  }

  /** Whether it was lost or cut, or could not be made. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Which of the servers it leads to. */
  get host(): number {
    return this.#host;
  }

  /** @throws {LostError} where it is gone */
  async send(
    text: string,
    values: readonly Value[] = [],
  ): Promise<readonly Row[]> {
    if (this.#isGone) throw this.#lost();
    try {
      const statement = this.#sql.unsafe(text, [...values], { prepare: true });
      return await statement as unknown as Row[];
    } catch (error) {
      throw this.#reason ?? troubleOf(error);
    }
  }

  /** Whether something was committed since the last call that a standby may not have. */
  takeUnsafe(): boolean {
    const isUnsafe = this.#isUnsafe;
    this.#isUnsafe = false;
    return isUnsafe;
  }

  /** Cuts it, whatever is under way. */
  cut(): void {
    this.#isGone = true;
    this.#socket?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Without a connection, the library would wait for one.
    if (this.#socket && !this.#isGone) await this.#sql.end({ timeout: 1 });
    this.cut();
  }
}
