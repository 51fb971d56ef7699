/** Resets of TCP connections, for which the runtime has no call of its own. */

import { strictEqual } from "node:assert/strict";

/** Whether connections can be reset here; elsewhere they are only closed. */
export const mayReset = Deno.build.os === "linux";

const ADDRESS_BYTES = 16;
const ADDRESS = {
  parameters: ["i32", "buffer", "buffer"],
  result: "i32",
} as const;

/**
 * Resets a connection. Closing it, even with unread bytes or without lingering,
 * would not do: the runtime ends the stream in good order first. But a socket
 * that is connected to nothing drops its connection at once.
 */
export function resetConnection(conn: Deno.TcpConn): void {
  if (!mayReset) return;
  const libc = Deno.dlopen("libc.so.6", {
    getsockname: ADDRESS,
    getpeername: ADDRESS,
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  });
  try {
    const { getsockname, getpeername, connect } = libc.symbols;
    const portOf = (get: typeof getsockname, fd: number) => {
      const address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
      const failed = get(
        fd,
        address.buffer,
        Uint32Array.of(ADDRESS_BYTES),
      );
      return failed ? undefined : address.getUint16(2);
    };
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(name);
      if (
        portOf(getsockname, fd) === conn.localAddr.port &&
        portOf(getpeername, fd) === conn.remoteAddr.port
      ) connect(fd, new Uint8Array(ADDRESS_BYTES), ADDRESS_BYTES);
    }
  } finally {
    libc.close();
  }
}

const AF_INET = 2, SOCK_STREAM = 1, SOL_SOCKET = 1, SO_LINGER = 13;
const SO_REUSEADDR = 2;

/** A connection over TCP to this machine that is made, and ended, before anything else of this process goes on. */
export class RawConnection implements Disposable {
  readonly #lib = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    setsockopt: {
      parameters: ["i32", "i32", "i32", "buffer", "u32"],
      result: "i32",
    },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  readonly #fd: number;

  /** @param from where it comes from; chosen by the system where it is not given */
  constructor(port: number, from?: RawAddress) {
    const { socket, bind, connect } = this.#lib.symbols;
    this.#fd = socket(AF_INET, SOCK_STREAM, 0);
    if (from) {
      this.#set(SO_REUSEADDR, Int32Array.of(1));
      strictEqual(bind(this.#fd, addressOf(from), ADDRESS_BYTES), 0);
    }
    const to = addressOf({ hostname: "127.0.0.1", port });
    strictEqual(connect(this.#fd, to, ADDRESS_BYTES), 0);
  }

  /** Ends it without a farewell. */
  reset(): void {
    this.#set(SO_LINGER, Int32Array.of(1, 0));
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#lib.symbols.close(this.#fd);
    this.#lib.close();
  }

  #set(option: number, value: Int32Array<ArrayBuffer>): void {
    const { setsockopt } = this.#lib.symbols;
    strictEqual(
      setsockopt(this.#fd, SOL_SOCKET, option, value, value.byteLength),
      0,
    );
  }
}

/** An IPv4 address and a port. */
export interface RawAddress {
  readonly hostname: string;
  readonly port: number;
}

function addressOf({ hostname, port }: RawAddress): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  new Uint16Array(bytes.buffer)[0] = AF_INET;
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(hostname.split(".").map(Number), 4);
  return bytes;
}
