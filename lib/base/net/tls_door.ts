/**
 * Where connections get their TLS. The runtime takes a certificate only when it
 * begins to listen, and whoever listens anew on a port drops those who wait
 * there. So connections are accepted without it, and each is led through
 * a listener of TLS of this process alone, of which there can be another one at
 * any time.
 *
 * The runtime's Node layer could do without, in its newest versions, but throws in turns
 * of its own where a handshake ends early, which would end the process. The price
 * on Linux: nothing tells the runtime not to hold back a short piece until the one before has been
 * received, so an answer that takes more than a record, and is shorter than 64 KiB, is some 40 ms late.
 *
 * @module
 */

import { pause } from "../deadline.ts";
import { carryAll, closeQuietly, writeAll } from "./carrying.ts";
import { isNoRoom } from "./descriptors.ts";
import type { KeyPair } from "./key_pair.ts";

/** WebSockets begin in HTTP/1.1; with HTTP/2 they would be another protocol. */
const PROTOCOLS = ["http/1.1"];

/** A record of TLS: its kind, its version, its length, and the rest. */
const HANDSHAKE = 0x16;
const RECORD_HEAD_BYTES = 5;
const RECORD_BYTES_MAX = 16 * 1024 + 256;

/** What one record carries. What goes in one is not held back. */
export const RECORD_BYTES = 16 * 1024;

const PLAIN_WORDS = '{"error":"this port speaks TLS: ask it by https"}';
const PLAIN_ANSWER = new TextEncoder().encode(
  "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\n" +
    `content-length: ${PLAIN_WORDS.length}\r\n\r\n${PLAIN_WORDS}`,
);

/** How long a connection to the inner listener waits to be claimed, and how many do. */
const UNCLAIMED_MS = 1_000;
const UNCLAIMED_MAX = 64;

/** How long is waited after trouble. */
const TROUBLE_MS = 10;

/** A connection that has come through. */
export interface Entered {
  /** Without TLS on this side. */
  readonly connection: Deno.Conn;
  /** Resolves when all that was written to it is on its way, and it is closed. */
  readonly flushed: Promise<void>;
  close(): void;
}

/** A door with a certificate. */
export class TlsDoor {
  #inner: Inner;

  /** @throws {Error} where the pair cannot be used */
  constructor(pair: KeyPair) {
    this.#inner = new Inner(pair);
  }

  /**
   * Takes another certificate, from the next connection on.
   *
   * @throws {Error} where it cannot be used; the one before stays
   */
  renew(pair: KeyPair): void {
    const before = this.#inner;
    this.#inner = new Inner(pair);
    before.retire();
  }

  close(): void {
    this.#inner.retire();
  }

  /**
   * Leads a connection through.
   *
   * @returns undefined where the client does not speak TLS, or has gone
   * @throws {Error} where the two come to no agreement
   */
  async enter(client: Deno.Conn): Promise<Entered | undefined> {
    const hello = await readHello(client);
    if (!hello) return undefined;
    const { near, far } = await this.#inner.pass();
    const close = () => [client, near, far].forEach(closeQuietly);
    const inwards = (async () => {
      await writeAll(near, hello);
      await carryAll(client, near);
    })().catch(() => {}).then(() => near.closeWrite()).catch(() => {});
    const flushed = carryAll(near, client).then(() => client.closeWrite())
      .catch(() => {});
    void inwards;
    try {
      await (far as Deno.TlsConn).handshake();
    } catch (error) {
      // What the client is told about it may still be on its way.
      closeQuietly(far);
      await flushed;
      close();
      throw error;
    }
    return { connection: far, flushed, close };
  }
}

/** A listener of TLS that only this process may come to. */
class Inner {
  readonly #listener: Deno.TlsListener;
  /** Those who wait for the other end of their connection, by where that comes from. */
  readonly #claims = new Map<string, (far: Deno.TlsConn) => void>();
  readonly #unclaimed = new Map<string, Deno.TlsConn>();
  #passing = 0;
  #isRetired = false;

  constructor({ cert, key }: KeyPair) {
    this.#listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert,
      key,
      alpnProtocols: PROTOCOLS,
    });
    void this.#accept();
  }

  /** Ends when those who are on their way through have come through. */
  retire(): void {
    this.#isRetired = true;
    if (this.#passing > 0) return;
    closeQuietly(this.#listener);
    this.#unclaimed.forEach(closeQuietly);
    this.#unclaimed.clear();
  }

  /** Both ends of a new connection, the far one behind TLS. */
  async pass(): Promise<{ near: Deno.TcpConn; far: Deno.Conn }> {
    this.#passing += 1;
    try {
      const { hostname, port } = this.#listener.addr as Deno.NetAddr;
      const near = await Deno.connect({ hostname, port });
      near.setNoDelay();
      const from = nameOf(near.localAddr);
      const there = this.#unclaimed.get(from);
      this.#unclaimed.delete(from);
      return { near, far: there ?? await this.#arrival(from) };
    } finally {
      this.#passing -= 1;
      if (this.#isRetired) this.retire();
    }
  }

  #arrival(from: string): Promise<Deno.TlsConn> {
    return new Promise((resolve) =>
      this.#claims.set(from, (far) => {
        this.#claims.delete(from);
        resolve(far);
      })
    );
  }

  async #accept(): Promise<void> {
    for (;;) {
      let far: Deno.TlsConn;
      try {
        far = await this.#listener.accept();
      } catch (error) {
        if (this.#isRetired && this.#passing === 0) return;
        // Else it was gone before it was taken, and those behind it wait.
        await pause(isNoRoom(error) || this.#isRetired ? TROUBLE_MS : 0);
        continue;
      }
      const from = nameOf(far.remoteAddr);
      const claim = this.#claims.get(from);
      if (claim) claim(far);
      else this.#keep(from, far);
    }
  }

  /**
   * Until it is claimed, which is at once; where it is not, another program of
   * this machine has called. Its descriptor is free when it has gone: before a
   * handshake the runtime does not end such a connection.
   */
  #keep(from: string, far: Deno.TlsConn): void {
    // One that came from there before has ended, or this one could not.
    const before = this.#unclaimed.get(from);
    if (before) this.#drop(from, before);
    this.#unclaimed.set(from, far);
    const [oldest] = this.#unclaimed;
    if (this.#unclaimed.size > UNCLAIMED_MAX) this.#drop(...oldest!);
    void pause(UNCLAIMED_MS).then(() => this.#drop(from, far));
  }

  #drop(from: string, far: Deno.TlsConn): void {
    if (this.#unclaimed.get(from) !== far) return;
    this.#unclaimed.delete(from);
    closeQuietly(far);
  }
}

/** One end of a connection: this machine has many addresses, each with all ports. */
function nameOf(address: Deno.Addr): string {
  const { hostname, port } = address as Deno.NetAddr;
  return `${hostname}:${port}`;
}

/** What a client begins with: the first record; undefined where it is none, or does not come. */
async function readHello(client: Deno.Conn): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(RECORD_HEAD_BYTES + RECORD_BYTES_MAX);
  let length = 0;
  for (;;) {
    const count = await client.read(buffer.subarray(length));
    if (count === null) return undefined;
    length += count;
    const [kind, , , high = 0, low = 0] = buffer;
    if (kind !== HANDSHAKE) {
      await writeAll(client, PLAIN_ANSWER);
      await client.closeWrite();
      return undefined;
    }
    const size = RECORD_HEAD_BYTES + high * 256 + low;
    if (
      length >= RECORD_HEAD_BYTES && length >= Math.min(size, buffer.length)
    ) {
      return buffer.slice(0, length);
    }
  }
}
