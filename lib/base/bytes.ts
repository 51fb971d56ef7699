/**
 * Bytes that come in pieces.
 *
 * @module
 */

/** All pieces as one; a single one as it is. */
export function joined<B extends ArrayBufferLike>(
  pieces: readonly Uint8Array<B>[],
): Uint8Array<B | ArrayBuffer> {
  if (pieces.length === 1) return pieces[0]!;
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
