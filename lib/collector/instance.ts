/**
 * What tells collectors apart: those on one store are one.
 *
 * @module
 */

/** A name made of the secret, the same for as long as that is; it also stamps what comes without a node. */
export async function instanceOf(secret: Uint8Array): Promise<string> {
  const label = new TextEncoder().encode("node");
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new Uint8Array([...label, ...secret]),
  );
  return new Uint8Array(digest, 0, 6).toHex();
}
