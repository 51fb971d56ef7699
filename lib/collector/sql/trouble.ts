/**
 * What goes wrong with a store: what passes by itself, what a person has to
 * look at, and what may be said of it.
 *
 * @module
 */

import { type ErrorCode, KittyError } from "../../base/errors.ts";

/** The connection is gone; whether what was sent has happened is not known. */
export class LostError extends Error {
  override name = "LostError";
}

/** The server is not who it should be, or speaks in the clear: no further try changes that. */
export class DistrustError extends Error {
  override name = "DistrustError";
}

/** The server has refused a statement. */
export class ServerError extends Error {
  override name = "ServerError";

  /** @param code SQLSTATE */
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** What is said where a certificate is not taken. */
export const CERTIFICATE = /certificate|issuer|self.signed|altname|CERT_/i;

interface LibraryError {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
}

/** What the library has thrown, without statements, values and secrets. */
export function troubleOf(error: unknown): Error {
  const isOwn = error instanceof LostError || error instanceof ServerError ||
    error instanceof DistrustError;
  if (isOwn) return error;
  const { name, code, message = "" } = (error ?? {}) as LibraryError;
  if (name === "PostgresError" && typeof code === "string") {
    // Of these, the message has values in it.
    const hasValues = code.startsWith("22") || code.startsWith("23");
    return new ServerError(code, hasValues ? `SQLSTATE ${code}` : message);
  }
  // Some versions of the runtime say only later what they think of a certificate.
  if (CERTIFICATE.test(message)) return new DistrustError(message);
  // Other errors without a code are mistakes of this program.
  const isOfNetwork = name !== undefined && name in Deno.errors;
  if (typeof code !== "string" && !isOfNetwork) return error as Error;
  return new LostError(message || String(code));
}

/** Passes: another one has the row, or the server is about to be back or to be another one. */
const PASSING =
  /^(08...|40001|40P01|55P03|57P0[1-4]|53300|25006|25P0[23]|57014|XX000)$/;

/** Whether to try again is worth while. */
export function isPassing(error: unknown): boolean {
  return error instanceof LostError ||
    error instanceof ServerError && PASSING.test(error.code);
}

/** Whether a connection is of no more use after this. */
export function isDone(error: unknown): boolean {
  return !(error instanceof ServerError) ||
    /^(08...|57P0.|25006|XX000)$/.test(error.code);
}

type Said = readonly [code: ErrorCode, hint: string];

const START = "start the server, or look at the address in the URL";

/** What is said of a SQLSTATE. */
const SAID: Readonly<Record<string, Said>> = {
  "28P01": ["store_access", "look at user and password of the URL"],
  "28000": [
    "store_access",
    "look at user and password of the URL, and at the server's pg_hba.conf",
  ],
  "3D000": ["store_access", "create the database, or name another one"],
  "42501": [
    "store_access",
    "the user needs the rights that docs/sql.md names",
  ],
  "25006": [
    "store_read_only",
    "name a server that takes changes; several may stand in one URL",
  ],
  "53100": ["store_full", "make room on the server's disk"],
  "53300": [
    "store_unavailable",
    "raise max_connections, or lower kitty_pool in the URL",
  ],
  "57P03": ["store_unavailable", "the server is starting or stopping: wait"],
};

/** An error that a person can act on; what is no trouble of the store stays as it is. */
export function storeError(error: unknown, shown: string): unknown {
  const isTrouble = error instanceof LostError ||
    error instanceof DistrustError || error instanceof ServerError;
  if (!isTrouble) return error;
  const reason = error.message;
  const [code, hint] = error instanceof ServerError
    ? SAID[error.code] ??
      ["store_unavailable", `the server says SQLSTATE ${error.code}`] as const
    : error instanceof DistrustError
    ? ["store_access", "look at sslmode and sslrootcert of the URL"] as const
    : ["store_unavailable", START] as const;
  return new KittyError(code, `cannot use ${shown}: ${reason}`, {
    hint,
    cause: error,
  });
}
