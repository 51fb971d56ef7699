/**
 * Reading the bodies of requests within bounds.
 *
 * @module
 */

import { joinBytes } from "../../base/bytes.ts";
import { Deadline } from "../../base/deadline.ts";
import { DeadlineError } from "../../base/errors.ts";
import { HttpError, unavailable } from "./http.ts";
import {
  BODY_MS_MAX,
  DISCARD_BYTES_MAX,
  INFLATE_SLICE_BYTES,
} from "../limits.ts";

/**
 * Reads a body as it comes over the wire.
 *
 * @param hold is asked for room before a piece of the body is kept
 * @throws {HttpError} 413 where it is larger, 408 where it takes too long, 400
 *   where the client breaks off, 503 where there is no room
 */
export async function readBody(
  request: Request,
  bytesMax: number,
  elapsedMs: () => number,
  hold: (bytes: number) => boolean = () => true,
): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const deadline = Deadline.in(elapsedMs, BODY_MS_MAX);
  const reader = request.body.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await deadline.race(reader.read(), "read a body");
      if (done) break;
      size += value.length;
      if (size > bytesMax + DISCARD_BYTES_MAX) break;
      if (size > bytesMax) continue;
      if (!hold(value.length)) throw unavailable("too many bodies at once");
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw error instanceof DeadlineError
      ? new HttpError(408, "the body took too long to arrive")
      : new HttpError(400, "the body broke off");
  } finally {
    reader.cancel().catch(() => {});
  }
  if (size > bytesMax) throw tooLarge(bytesMax);
  return joined(pieces);
}

/**
 * Decompresses a body.
 *
 * @throws {HttpError} 413 where it becomes larger, 400 where it is not gzip
 */
export async function inflate(
  bytes: Uint8Array,
  bytesMax: number,
): Promise<Uint8Array> {
  const stream = new DecompressionStream("gzip");
  const feeding = feed(stream.writable.getWriter(), bytes);
  feeding.catch(() => {});
  const reader = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(pieces);
      size += value.length;
      if (size > bytesMax) throw tooLarge(bytesMax);
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "the body is not gzip");
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function feed(
  writer: WritableStreamDefaultWriter<BufferSource>,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += INFLATE_SLICE_BYTES) {
    const slice = bytes.subarray(at, at + INFLATE_SLICE_BYTES);
    await writer.write(slice as BufferSource);
  }
  await writer.close();
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError(413, `the body has more than ${bytesMax} bytes`);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : joinBytes(pieces);
}
