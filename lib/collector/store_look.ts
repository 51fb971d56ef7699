/**
 * What a look at a store finds, for those who must not load what looks.
 *
 * @module
 */

/** How a store stands. */
export interface StoreLook {
  /** Its URL without the password. */
  readonly shown: string;
  /** Version of the server. */
  readonly version: string;
  /** Whether the server takes changes: it is no standby, and does not recover. */
  readonly isWritable: boolean;
  /** 0: no collector has been there yet. */
  readonly layout: number;
  /** What this program would make it. */
  readonly layoutKnown: number;
  /** How far this machine is ahead of the server, milliseconds. */
  readonly skewMs: number;
  /** Of one question and its answer. */
  readonly tookMs: number;
  readonly connections: number;
  readonly connectionsMax: number;
  /** Size of the database. */
  readonly bytes: number;
  /** Settings of the server that are off, and without which what was acknowledged may be lost. */
  readonly risks: readonly string[];
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean;
}
