/**
 * Carrying bytes from one connection to another.
 *
 * @module
 */

/** Grows to the larger one while much comes, so that an idle connection costs little. */
const BUFFER_BYTES = 2 * 1024;
const BUFFER_BYTES_MAX = 64 * 1024;

/**
 * Gives on what comes, until it ends.
 *
 * @param take is awaited before more is read, and then the bytes are gone
 * @param atOnce bytes that are read at once while little comes
 */
export async function readAll(
  from: Deno.Conn,
  take: (bytes: Uint8Array) => Promise<void>,
  atOnce = BUFFER_BYTES,
): Promise<void> {
  let buffer = new Uint8Array(atOnce);
  for (let count; (count = await from.read(buffer)) !== null;) {
    await take(buffer.subarray(0, count));
    const size = count === buffer.length ? BUFFER_BYTES_MAX : atOnce;
    if (size !== buffer.length) buffer = new Uint8Array(size);
  }
}

/** Carries all that comes, until it ends. */
export function carryAll(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  return readAll(from, (bytes) => writeAll(to, bytes));
}

/** Writes all bytes. */
export async function writeAll(
  to: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await to.write(rest));
  }
}

/** Closes what may be closed already. */
export function closeQuietly(thing: { close(): void }): void {
  try {
    thing.close();
  } catch {
    // It is closed already.
  }
}
