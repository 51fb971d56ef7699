/** Resets of TCP connections, for which the runtime has no call of its own. */

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
