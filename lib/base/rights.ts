/**
 * What a program that uses the library may do. Deno asks the person at the
 * terminal for a right that is used without having been given; a library has
 * no business to cause such questions. So each right is looked up first, and
 * what is missing is said in words.
 *
 * @module
 */

import { KittyError } from "./errors.ts";
import { machine, realWorld, type World } from "./world.ts";

/** What lacks: what it would be good for, and the flag that gives it. */
interface Lack {
  readonly what: string;
  readonly flag: string;
  /** Whether nothing can be recorded without it. */
  readonly isNeeded: boolean;
}

/** The machine as far as this program may look at it, and what it may not. */
export class Rights {
  readonly world: World;
  readonly #lacks = new Map<string, Lack>();
  /** The first variable that could not be read. */
  #unread: string | undefined;

  constructor() {
    this.world = this.#world();
  }

  /**
   * Notes whether a home can be used.
   *
   * @param home undefined where none was found
   */
  lookAt(home: string | undefined): void {
    if (!("openKv" in Deno)) {
      const what = "use Deno KV";
      this.#lacks.set(what, { what, flag: "--unstable-kv", isNeeded: true });
    }
    for (const name of ["read", "write"] as const) {
      const path = home === undefined ? {} : { path: home };
      this.#may({ name, ...path }, `${name} ${home ?? "the home folder"}`);
    }
  }

  /** Why nothing can be recorded; undefined where it can. */
  get refusal(): KittyError | undefined {
    const isRefused = [...this.#lacks.values()].some((lack) => lack.isNeeded);
    return isRefused ? new KittyError("no_right", this.#words()) : undefined;
  }

  /** What was left out, although events can be recorded. */
  get warning(): string | undefined {
    return this.#lacks.size > 0 ? `${this.#words()}: done without` : undefined;
  }

  #words(): string {
    const lacks = [...this.#lacks.values()];
    const flags = new Set(lacks.map(({ flag }) => flag));
    return `no right to ${
      lacks.map(({ what }) => what).join(", to ")
    }; run with ${[...flags].sort().join(" ")}`;
  }

  #world(): World {
    // To make it ready takes the right to all variables.
    const real = isGranted({ name: "env" }) ? realWorld() : machine();
    return {
      ...real,
      env: (variable) =>
        this.#mayRead(variable) ? real.env(variable) : undefined,
      hostname: () =>
        this.#may({ name: "sys", kind: "hostname" }, "ask for the host's name")
          ? real.hostname()
          : "",
      uid: () =>
        this.#may({ name: "sys", kind: "uid" }, "ask for the user's id") &&
          this.#mayNameUser()
          ? real.uid()
          : null,
      cwd: () => this.#mayFindProject() ? real.cwd() : undefined,
    };
  }

  /** One variable stands for all that lack. */
  #mayRead(variable: string): boolean {
    if (isGranted({ name: "env", variable })) return true;
    this.#unread ??= variable;
    const what = `read environment variables such as $${this.#unread}`;
    return this.#may({ name: "env", variable }, what, false);
  }

  /** The user's entry is read from a file; without it, the system is asked, but Deno would ask first. */
  #mayNameUser(): boolean {
    const right = { name: "read", path: "/etc/passwd" } as const;
    const wouldAsk = isAtTerminal();
    return Deno.build.os === "windows" ||
      this.#may(right, `read ${right.path}`, wouldAsk) || !wouldAsk;
  }

  /** A project is looked for in all folders above, and Deno would ask for each. */
  #mayFindProject(): boolean {
    return !isAtTerminal() ||
      this.#may({ name: "read" }, "look for the project", false);
  }

  #may(
    right: Deno.PermissionDescriptor,
    what: string,
    isNeeded = true,
  ): boolean {
    if (isGranted(right)) return true;
    this.#lacks.set(what, { what, flag: `--allow-${right.name}`, isNeeded });
    return false;
  }
}

/** Refuses a server that this program may not reach; undefined where it may. */
export function refusedServer(url: URL): KittyError | undefined {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const host = `${url.hostname}:${port}`;
  if (isGranted({ name: "net", host })) return undefined;
  return new KittyError(
    "no_right",
    `no right to reach ${host}; run with --allow-net=${host}`,
  );
}

/** Refuses an agent that this program may not reach; undefined where it may. */
export function refusedAgent(
  { at, text }: {
    readonly at: { readonly kind: string; readonly path?: string };
    readonly text: string;
  },
): KittyError | undefined {
  const { path } = at;
  if (path === undefined) return refusedServer(new URL(text));
  const isAllowed = isGranted({ name: "net" }) &&
    isGranted({ name: "read", path }) && isGranted({ name: "write", path });
  return isAllowed ? undefined : new KittyError(
    "no_right",
    `no right to reach ${text}; run with --allow-net --allow-read=${path} --allow-write=${path}`,
  );
}

/** Refuses certificates that this program may not read; undefined where it may. */
export function refusedFile(path: string | undefined): KittyError | undefined {
  if (path === undefined || isGranted({ name: "read", path })) return undefined;
  return new KittyError(
    "no_right",
    `no right to read ${path}; run with --allow-read=${path}`,
  );
}

/** Whether Deno can ask a person. */
function isAtTerminal(): boolean {
  return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
}

function isGranted(right: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(right).state === "granted";
}
