/** TCP connections whose bytes a test holds back, cuts off or delays. */

import { resetConnection } from "./reset.ts";

/** What every wait on a connection throws once the connection has ended. */
export class ConnectionEnded extends Error {
  override readonly name = "ConnectionEnded";
}

/** Bytes of a buffer of their own. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What happens to a connection once it has passed on so many bytes. */
export type AtLimit = "freeze" | "end";

const CHUNK = 65_536;
const LATIN1 = new TextDecoder("latin1");

/**
 * A client's connection and those to the server that serve it: they go silent
 * together and end together, with every wait on them.
 */
export class Connection {
  /** What a fault failed with outside of all waits. */
  failure: unknown;
  readonly #ended = Promise.withResolvers<never>();
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #work = new Set<Promise<void>>();
  #isEnded = false;
  #ice: PromiseWithResolvers<void> | undefined;
  #limit: { left: number; readonly then: AtLimit } | undefined;

  constructor() {
    // Not every end has somebody who waits for it.
    this.#ended.promise.catch(() => {});
  }

  /** Takes over an open socket; `isClient` says whose bytes a limit counts. */
  adopt(conn: Deno.TcpConn, isClient = false): Line {
    if (this.#isEnded) {
      conn.close();
      throw new ConnectionEnded();
    }
    this.#conns.add(conn);
    conn.setNoDelay(true);
    return new Line(conn, this, isClient);
  }

  /** Resets all sockets, and ends all waits. */
  reset(): void {
    for (const conn of this.#conns) resetConnection(conn);
    this.end();
  }

  /** Closes one socket. */
  release(conn: Deno.TcpConn): void {
    if (this.#conns.delete(conn)) conn.close();
  }

  /** From now on no byte is read or written; the sockets stay open. */
  freeze(): void {
    this.#ice ??= Promise.withResolvers();
  }

  /** Goes on where `freeze` stopped. */
  thaw(): void {
    this.#ice?.resolve();
    this.#ice = undefined;
  }

  /** Lets only so many bytes more through at the client's socket. */
  limit(bytes: number, then: AtLimit): void {
    this.#limit = { left: bytes, then };
  }

  /** How many of `count` bytes may pass; where not all do, the limit is met. */
  take(count: number): number {
    if (!this.#limit) return count;
    const taken = Math.min(count, this.#limit.left);
    this.#limit.left -= taken;
    return taken;
  }

  /** What the limit asks for, once more bytes came than it allows. */
  meetLimit(): void {
    if (this.#limit?.then === "end") this.end();
    else this.freeze();
  }

  /** Waits while frozen; throws after the end. */
  async pass(): Promise<void> {
    while (this.#ice && !this.#isEnded) await this.race(this.#ice.promise);
    if (this.#isEnded) throw new ConnectionEnded();
  }

  /** Waits for something, but not past the end. */
  race<T>(wait: Promise<T>): Promise<T> {
    return Promise.race([wait, this.#ended.promise]);
  }

  /** Waits so long, but not past the end. */
  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#timers.add(timer);
    try {
      await this.race(promise);
    } finally {
      this.#timers.delete(timer);
    }
  }

  /** Does something later, unless the connection ends before. */
  later(ms: number, work: () => void): void {
    const doing = this.sleep(ms).then(work).catch((error) => {
      if (error instanceof ConnectionEnded) return;
      this.failure ??= error;
      this.end();
    });
    this.#work.add(doing);
    void doing.finally(() => this.#work.delete(doing));
  }

  /** Waits until all that is to be done later is done. */
  async quiet(): Promise<void> {
    while (this.#work.size > 0) await this.race(Promise.all(this.#work));
  }

  /** Closes all sockets, and ends all waits. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ended.reject(new ConnectionEnded());
  }
}

/** One socket of a connection, read in pieces of any size. */
export class Line {
  readonly #conn: Deno.TcpConn;
  readonly #isClient: boolean;
  #rest: Bytes = new Uint8Array();

  constructor(
    conn: Deno.TcpConn,
    readonly connection: Connection,
    isClient: boolean,
  ) {
    this.#conn = conn;
    this.#isClient = isClient;
  }

  /** The next bytes, at most `max`; none at the end. */
  async some(max = CHUNK): Promise<Bytes> {
    if (this.#rest.length === 0) return await this.#read(max);
    const bytes = this.#rest.slice(0, max);
    this.#rest = this.#rest.slice(bytes.length);
    return bytes;
  }

  /** Gives back bytes that are to be read again. */
  unread(bytes: Bytes): void {
    this.#rest = joined([bytes, this.#rest]);
  }

  /** So many bytes; an end before them ends the connection. */
  async exactly(count: number): Promise<Bytes> {
    const parts: Bytes[] = [];
    let missing = count;
    while (missing > 0) {
      const bytes = await this.some(Math.min(missing, CHUNK));
      if (bytes.length === 0) throw new ConnectionEnded();
      missing -= bytes.length;
      parts.push(bytes);
    }
    return joined(parts);
  }

  /** Text up to a mark and with it, one character a byte. */
  async until(mark: string): Promise<string> {
    let text = "";
    for (;;) {
      const bytes = await this.some();
      if (bytes.length === 0) throw new ConnectionEnded();
      const before = text.length;
      text += LATIN1.decode(bytes);
      const at = text.indexOf(mark, before - mark.length + 1);
      if (at < 0) continue;
      const end = at + mark.length;
      this.unread(bytes.slice(end - before));
      return text.slice(0, end);
    }
  }

  /** All bytes up to the end. */
  async all(): Promise<Bytes> {
    const parts: Bytes[] = [];
    for (;;) {
      const bytes = await this.some();
      if (bytes.length === 0) return joined(parts);
      parts.push(bytes);
    }
  }

  /** Writes all of it, as far as a limit lets it through. */
  async write(bytes: Bytes): Promise<void> {
    await this.connection.pass();
    const count = this.#isClient
      ? this.connection.take(bytes.length)
      : bytes.length;
    try {
      for (let at = 0; at < count;) {
        at += await this.#conn.write(bytes.subarray(at, count));
      }
    } catch {
      throw new ConnectionEnded();
    }
    if (count < bytes.length) this.connection.meetLimit();
    await this.connection.pass();
  }

  /** Closes this socket alone. */
  close(): void {
    this.connection.release(this.#conn);
  }

  async #read(max: number): Promise<Bytes> {
    await this.connection.pass();
    const buffer = new Uint8Array(max);
    const count = await this.#conn.read(buffer).catch(() => {
      throw new ConnectionEnded();
    }) ?? 0;
    if (this.#isClient && this.connection.take(count) < count) {
      this.connection.meetLimit();
    }
    await this.connection.pass();
    return buffer.slice(0, count);
  }
}

/** One after the other. */
export function joined(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
