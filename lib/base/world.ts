/**
 * What the program takes from the machine it runs on. Made once, at the entry
 * (`main.ts`, `mod.ts`), and handed in from there; tests hand in twins for
 * time and randomness.
 *
 * @module
 */

import { mayOpen } from "./descriptors.ts";

/** Time, randomness and surroundings of this process. */
export interface World {
  /** The variable's value; undefined where it is unset, or is not valid UTF-8. */
  env(name: string): string | undefined;
  /** Variables that were asked for, and have a value that is not valid UTF-8. */
  readonly unreadable?: ReadonlySet<string>;
  /** Wall clock, milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Monotonic milliseconds since this process started. */
  elapsedMs(): number;
  /** `count` random bytes, fit for identifiers. */
  randomBytes(count: number): Uint8Array;
  hostname(): string;
  /** Numeric user id; null where the system has none (Windows). */
  uid(): number | null;
  /** Working directory; undefined where it was deleted or cannot be read. */
  cwd(): string | undefined;
  /**
   * Makes a write fail from now on that goes beyond a limit on the size of
   * files: it would end the process. To be called before anything is written;
   * a library leaves that to the program around it.
   */
  readonly withstand?: () => void;
}

/** Files that the runtime opens to listen to signals. */
const SIGNAL_DESCRIPTORS = 3;

/** The real machine, of a process that is this program's. */
export function ownWorld(): World {
  let isDone = Deno.build.os === "windows";
  return {
    ...realWorld(),
    withstand() {
      if (isDone) return;
      isDone = true;
      // Where there are too few left, the runtime would end right here.
      if (mayOpen(Deno.execPath(), SIGNAL_DESCRIPTORS)) {
        Deno.addSignalListener("SIGXFSZ", () => {});
      }
    },
  };
}

/** The real machine, made ready: what its environment would do to the queue is taken away. */
export function realWorld(): World {
  // Both variables override the path given to `Deno.openKv` and how it syncs.
  const OVERRIDES = ["DENO_KV_DB_MODE", "DENO_KV_PATH_PREFIX"];
  try {
    for (const name of OVERRIDES) Deno.env.delete(name);
    // A company's own certificates are in the system's store; the runtime reads it only when told to.
    if (!Deno.env.has("DENO_TLS_CA_STORE")) {
      Deno.env.set("DENO_TLS_CA_STORE", "mozilla,system");
    }
  } catch {
    // A library may run without the right to the environment; then no one has set these for it either.
  }
  return machine();
}

/** The real machine as it is. */
export function machine(): World {
  const unreadable = new Set<string>();
  return {
    env(name) {
      try {
        return Deno.env.get(name);
      } catch {
        unreadable.add(name);
        return undefined;
      }
    },
    unreadable,
    nowMs: () => Date.now(),
    elapsedMs: () => performance.now(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    hostname: () => Deno.hostname(),
    uid: () => Deno.uid(),
    cwd() {
      try {
        return Deno.cwd();
      } catch {
        return undefined;
      }
    },
  };
}
