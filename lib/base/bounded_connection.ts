/**
 * One connection of a bounded server: from its first byte to the end of the
 * last answer.
 *
 * @module
 */

import { pause } from "./deadline.ts";

/**
 * The header by which a request tells on which connection it came. Drawn anew
 * by each process, so that no client can name another's.
 */
export const IDENTITY = `x-connection-${crypto.randomUUID()}`;

const BUSY = new TextEncoder().encode(
  "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\n" +
    'content-length: 40\r\n\r\n{"error":"all connections are in use"}  ',
);

/** Longest head that is waited for. The runtime's own bound is smaller. */
const REQUEST_HEAD_BYTES_MAX = 128 * 1024;

/** How long a client may go on sending after its answer. */
const LINGER_MS_MAX = 1_000;

/** Grows to the larger one while much comes, so that an idle connection costs little. */
const BUFFER_BYTES = 2 * 1024;
const BUFFER_BYTES_MAX = 64 * 1024;

/** A connection. */
export class BoundedConnection {
  readonly id = crypto.randomUUID();
  readonly sinceMs: number;
  readonly #client: Deno.Conn;
  readonly #elapsedMs: () => number;
  #server: Deno.Conn | undefined;
  #activeMs: number;
  #isWaiting = true;
  #isKnown = false;
  #isClosed = false;

  constructor(client: Deno.Conn, elapsedMs: () => number) {
    this.#client = client;
    this.#elapsedMs = elapsedMs;
    this.sinceMs = this.#activeMs = elapsedMs();
  }

  /** Whether its first request's head is not there yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether it was vouched for. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** When something last went over it. */
  get activeMs(): number {
    return this.#activeMs;
  }

  vouch(): void {
    this.#isKnown = true;
  }

  /** Ends it at once. */
  close(): void {
    this.#isClosed = true;
    closeQuietly(this.#client);
    if (this.#server) closeQuietly(this.#server);
  }

  /** Says that there is no room. */
  async refuse(): Promise<void> {
    await this.#client.write(BUSY).catch(() => {});
    this.close();
  }

  /**
   * Carries all that comes, both ways, until both have ended.
   *
   * @param connect opens the way to the server
   */
  async carry(connect: () => Promise<Deno.Conn>): Promise<void> {
    try {
      const first = await this.#readHead();
      if (first === undefined || this.#isClosed) return;
      this.#isWaiting = false;
      this.#server = await connect().catch(async (error) => {
        await this.refuse();
        throw error;
      });
      // It may have been closed meanwhile, and then nothing else closes this one.
      if (this.#isClosed) return;
      await this.#exchange(this.#server, first);
    } finally {
      this.close();
    }
  }

  async #exchange(server: Deno.Conn, first: Uint8Array): Promise<void> {
    const asking = (async () => {
      await writeAll(server, first);
      await this.#copy(this.#client, server);
    })().then(() => server.closeWrite()).catch(() => {});
    await this.#copy(server, this.#client)
      .then(() => this.#client.closeWrite()).catch(() => this.close());
    // Closing while it still sends would take the answer away from it.
    await Promise.race([asking, pause(LINGER_MS_MAX)]);
  }

  async #copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    let buffer = new Uint8Array(BUFFER_BYTES);
    for (let count; (count = await from.read(buffer)) !== null;) {
      this.#activeMs = this.#elapsedMs();
      await writeAll(to, buffer.subarray(0, count));
      const size = count === buffer.length ? BUFFER_BYTES_MAX : BUFFER_BYTES;
      if (size !== buffer.length) buffer = new Uint8Array(size);
    }
  }

  /** All bytes up to the end of the first head, or beyond, with the identity in it; undefined where it does not come. */
  async #readHead(): Promise<Uint8Array | undefined> {
    let buffer = new Uint8Array(BUFFER_BYTES), length = 0;
    try {
      for (;;) {
        const count = await this.#client.read(buffer.subarray(length));
        if (count === null) break;
        this.#activeMs = this.#elapsedMs();
        // The end may lie across two reads.
        const from = Math.max(0, length - 3);
        length += count;
        const head = buffer.subarray(0, length);
        // Anything that is not a request, such as the beginning of TLS, or too long, is for the server to refuse.
        const isOver = !mayBeRequest(head) || length > REQUEST_HEAD_BYTES_MAX;
        if (isOver || hasEnd(head, from)) return marked(head, this.id);
        if (length < buffer.length) continue;
        // Twice the room each time: a client may send byte by byte.
        const larger = new Uint8Array(2 * length);
        larger.set(buffer);
        buffer = larger;
      }
    } catch {
      // Gone, or closed by us.
    }
    return undefined;
  }
}

/** Whether a request begins so: with a method, perhaps behind empty lines. */
function mayBeRequest([first]: Uint8Array): boolean {
  const A = 0x41, Z = 0x5a;
  return first === CR || first === LF ||
    first !== undefined && first >= A && first <= Z;
}

/** Whether an empty line ends a head at or behind a position. */
function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let at = from; (at = bytes.indexOf(LF, at)) !== -1; at++) {
    const next = bytes[at + 1] === CR ? bytes[at + 2] : bytes[at + 1];
    if (next === LF && at > 1) return true;
  }
  return false;
}

/** The head with a line more, behind the request's. HTTP/2 begins without one, and goes as it is. */
function marked(head: Uint8Array, id: string): Uint8Array {
  let start = 0;
  while (head[start] === CR || head[start] === LF) start++;
  const end = head.indexOf(LF, start) + 1;
  const line = new TextDecoder().decode(head.subarray(start, end));
  if (!/ HTTP\/1\.[01]\r?\n$/.test(line)) return head;
  const mark = new TextEncoder().encode(`${IDENTITY}: ${id}\r\n`);
  const whole = new Uint8Array(head.length + mark.length);
  whole.set(head.subarray(0, end));
  whole.set(mark, end);
  whole.set(head.subarray(end), end + mark.length);
  return whole;
}

const CR = 13, LF = 10;

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await to.write(rest));
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
