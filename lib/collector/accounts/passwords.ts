/**
 * Passwords: only a salted hash is kept (PBKDF2 with SHA-256).
 *
 * @module
 */

import { sameBytes } from "../../base/bytes.ts";
import { KittyError } from "../../base/errors.ts";
import { PASSWORD_BYTES_MAX } from "../../base/limits.ts";
import { PASSWORD_ROUNDS } from "./limits.ts";

/** What is kept of a password. */
export interface PasswordHash {
  /** Base64. */
  readonly salt: string;
  readonly rounds: number;
  /** Base64. */
  readonly hash: string;
}

const HASH_BITS = 256;

/**
 * Hashes a new password.
 *
 * @throws {KittyError} where it is empty or too long
 */
export async function hashPassword(
  password: string,
  salt: Uint8Array,
  rounds: number = PASSWORD_ROUNDS,
): Promise<PasswordHash> {
  if (!isFit(password)) {
    throw new KittyError(
      "bad_password",
      `a password has 1 to ${PASSWORD_BYTES_MAX} bytes`,
    );
  }
  const hash = await derive(password, salt, rounds);
  return { salt: toBase64(salt), rounds, hash: toBase64(hash) };
}

/** Takes the time of a check where there is no user, so that names cannot be found out. */
const NOBODYS: PasswordHash = {
  salt: toBase64(new Uint8Array(16)),
  rounds: PASSWORD_ROUNDS,
  hash: "",
};

/** Whether a password is the one that was hashed; takes as long where there is none. */
export async function isPassword(
  password: string,
  kept: PasswordHash = NOBODYS,
): Promise<boolean> {
  const given = isFit(password) ? password : "";
  const hash = await derive(given, fromBase64(kept.salt), kept.rounds);
  return sameBytes(hash, fromBase64(kept.hash)) && isFit(password);
}

function isFit(password: string): boolean {
  const { length } = encoder.encode(password);
  return length > 0 && length <= PASSWORD_BYTES_MAX;
}

const encoder = new TextEncoder();

async function derive(
  password: string,
  salt: Uint8Array,
  rounds: number,
): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(password),
    "PBKDF2",
    false,
    ["deriveBits"],
  );
  const bits = await crypto.subtle.deriveBits(
    {
      name: "PBKDF2",
      hash: "SHA-256",
      salt: salt as BufferSource,
      iterations: rounds,
    },
    key,
    HASH_BITS,
  );
  return new Uint8Array(bits);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
