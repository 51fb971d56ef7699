/**
 * The URL of a PostgreSQL store, taken apart: every part that is wrong is
 * named, and the password is in no message.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { STORE_CONNECT_MS, STORE_LANES_DEFAULT } from "./limits.ts";

/** One of the servers that a store may be on. */
export interface StoreHost {
  readonly hostname: string;
  readonly port: number;
}

const SSL_MODES = [
  "disable",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

/** How a connection is kept from others, as libpq has it. */
export type SslMode = typeof SSL_MODES[number];

/** Where a store is, and how to talk to it. */
export interface StoreUrl {
  readonly hosts: readonly StoreHost[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly sslMode: SslMode;
  /** File with the certificates that are trusted; undefined: those of the system. */
  readonly sslRootCert: string | undefined;
  /** Whether a server that takes no changes will do. */
  readonly isAnyServer: boolean;
  readonly connectMs: number;
  readonly applicationName: string;
  /** Whether collectors tell each other of new events; without, they look. */
  readonly isNotified: boolean;
  /** Whether statements are prepared by name. */
  readonly isPrepared: boolean;
  /** Most connections, the one that listens left out. */
  readonly lanesMax: number;
  /** The URL without its password. */
  readonly shown: string;
}

const EXAMPLE = "postgres://USER@HOST:5432/DATABASE";

function bad(part: string, expected: string, found: string): KittyError {
  return new KittyError(
    "bad_store_url",
    `the ${part} of the store's URL: expected ${expected}, found ${found}`,
    { hint: `a whole one: ${EXAMPLE}?sslmode=verify-full` },
  );
}

/**
 * Reads a URL such as `postgres://user:password@one:5432,two/database?sslmode=require`.
 *
 * @throws {KittyError} that names the part that is wrong
 */
export function parseStoreUrl(text: string): StoreUrl {
  const whole = text.trim();
  const scheme = whole.match(/^([a-z][a-z0-9+.-]*):\/\//i)?.[1];
  if (!scheme || !/^postgres(ql)?$/i.test(scheme)) {
    const found = scheme ? `${scheme}://` : "none";
    throw bad("scheme", "postgres:// or postgresql://", found);
  }
  const rest = whole.slice(scheme.length + 3);
  if (rest.includes("#")) {
    throw bad("end", "no # (in a password: %23)", "a fragment");
  }
  const [beforeQuery, ...queries] = rest.split("?");
  const slash = beforeQuery!.indexOf("/");
  const authority = slash < 0 ? beforeQuery! : beforeQuery!.slice(0, slash);
  const path = slash < 0 ? "" : beforeQuery!.slice(slash + 1);
  const at = authority.lastIndexOf("@");
  if (at < 0) throw bad("user", "a name before @", "none");
  const login = authority.slice(0, at);
  const colon = login.indexOf(":");
  const user = decoded("user", colon < 0 ? login : login.slice(0, colon));
  if (user === "") throw bad("user", "a name before @", "none");
  const password = colon < 0 ? "" : decoded("password", login.slice(colon + 1));
  if (path === "") throw bad("database", "a name after the host", "none");
  const database = decoded("database", path);
  if (/[/\0]/.test(database)) {
    throw bad("database", "one name", "more than one part");
  }
  const hostText = authority.slice(at + 1);
  const hosts = hostText.split(",").map(hostOf);
  const parameters = new URLSearchParams(queries.join("?"));
  const shownUser = encodeURIComponent(user);
  const shownQuery = queries.length > 0 ? `?${parameters}` : "";
  return {
    hosts,
    database,
    user,
    password,
    ...optionsOf(parameters),
    shown: `postgres://${shownUser}@${hostText}/${
      encodeURIComponent(database)
    }${shownQuery}`,
  };
}

function decoded(part: string, text: string): string {
  let value: string;
  try {
    value = decodeURIComponent(text);
  } catch {
    throw bad(part, "percent signs written as %25", "a percent sign alone");
  }
  if (value.includes("\0")) throw bad(part, "a text", "the character NUL");
  return value;
}

const HOST = /^(\[[0-9a-f:.]+\]|[^\s:[\]@/\\]+)(?::([^:]*))?$/i;

function hostOf(text: string): StoreHost {
  if (text === "") throw bad("host", "a name or an address", "none");
  const [, name, port = "5432"] = text.match(HOST) ?? [];
  if (name === undefined) {
    throw bad("host", "a name, or an address ([...] for IPv6)", text);
  }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) {
    throw bad("port", "a number from 1 to 65535", port || "none");
  }
  return { hostname: name.replace(/^\[|\]$/g, ""), port: number };
}

type Options = Omit<
  StoreUrl,
  "hosts" | "database" | "user" | "password" | "shown"
>;

function optionsOf(parameters: URLSearchParams): Options {
  const known: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (!Object.hasOwn(PARAMETERS, name)) {
      throw bad(
        `parameter ${name.slice(0, 40)}`,
        `one of ${Object.keys(PARAMETERS).join(", ")}`,
        "another one",
      );
    }
    const expected = PARAMETERS[name as keyof typeof PARAMETERS];
    const isRight = typeof expected === "string"
      ? value !== ""
      : expected instanceof RegExp
      ? expected.test(value)
      : (expected as readonly string[]).includes(value);
    if (!isRight) {
      throw bad(`parameter ${name}`, WORDS[name] ?? String(expected), value);
    }
    known[name] = value;
  }
  const attrs = known.target_session_attrs ?? "read-write";
  return {
    sslMode: (known.sslmode ?? "prefer") as SslMode,
    sslRootCert: known.sslrootcert,
    isAnyServer: attrs === "any",
    connectMs: Number(known.connect_timeout ?? 0) * 1_000 || STORE_CONNECT_MS,
    applicationName: known.application_name ?? "kitty-events",
    isNotified: known.kitty_notify !== "off",
    isPrepared: known.kitty_prepare !== "off",
    lanesMax: Number(known.kitty_pool ?? STORE_LANES_DEFAULT),
  };
}

/** What the values of each parameter are. */
const PARAMETERS = {
  sslmode: SSL_MODES,
  sslrootcert: "a file",
  target_session_attrs: ["any", "read-write", "primary"],
  connect_timeout: /^\d{1,3}$/,
  application_name: "a text",
  kitty_notify: ["on", "off"],
  kitty_prepare: ["on", "off"],
  kitty_pool: /^([2-9]|[1-9]\d)$/,
} as const;

const WORDS: Readonly<Record<string, string>> = {
  sslmode: `one of ${SSL_MODES.join(", ")}`,
  target_session_attrs: "read-write, primary or any, as a collector writes",
  connect_timeout: "seconds",
  kitty_notify: "on or off",
  kitty_prepare: "on or off",
  kitty_pool: "a number from 2 to 99",
};
