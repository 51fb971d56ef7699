/**
 * The address of a server, and which addresses a secret may be sent to.
 *
 * @module
 */

import { KittyError } from "../base/errors.ts";

/**
 * Reads a server's address: its origin, such as `https://events.example.org`.
 * A path, a query or a user in it is refused, because the paths are fixed.
 *
 * @param source the option that it is the value of; without one, it is a setting
 * @param insecureHttp whether plain http may go to other machines
 * @throws {KittyError} for no URL, another scheme, or plain http to anywhere
 *   but this machine: tokens and events would travel in the clear
 */
export function readServerUrl(
  text: string,
  source?: string,
  insecureHttp = false,
): URL {
  const bad = (what: string, hint?: string) => badUrl(text, source, what, hint);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad("is not a URL");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw bad("has to begin with https://");
  }
  if (url.username || url.password) {
    throw bad("must not hold a user or a password");
  }
  if (url.pathname !== "/" || url.search || url.hash) {
    throw bad("must be a host, without a path");
  }
  if (url.protocol === "http:" && !insecureHttp && !isLoopback(url.hostname)) {
    throw bad(
      "is plain http, which is only for servers on this machine",
      PLAIN,
    );
  }
  return url;
}

/**
 * Reads the address of a sink, which may have a path and a query.
 *
 * @throws {KittyError} as `readServerUrl` does
 */
export function readSinkUrl(
  text: string,
  insecureHttp = false,
  source = SINK_SOURCE,
): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badUrl(text, source, "is not a URL");
  }
  readServerUrl(`${url.protocol}//${url.host}`, source, insecureHttp);
  if (url.username || url.password || url.hash) {
    throw badUrl(text, source, "must not hold a user, a password or a #");
  }
  return url;
}

const SINK_SOURCE = "sink_url";

/** Whether a URL's host is this machine by its very name. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A host as URLs have it: an IPv6 address stands in brackets. */
export function hostInUrl(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** A session's server as people read it; null: there is none. */
export function serverText(
  { serverUrl, reason }: {
    readonly serverUrl: URL | undefined;
    readonly reason?: string;
  },
): string | null {
  return serverUrl?.origin ??
    (reason === "bad_server" ? "none that can be used" : null);
}

function badUrl(
  text: string,
  source: string | undefined,
  what: string,
  hint?: string,
): KittyError {
  const value = HOST_LIKE.test(text) ? ` "${text}"` : "";
  const message = `${source ?? "the server's address"}${value} ${what}`;
  return new KittyError("bad_server_url", message, {
    hint: hint ?? EXAMPLES + (source === undefined ? SOURCES : ""),
  });
}

/** What to do about plain HTTP to another machine. */
export const PLAIN =
  "use https; where nobody else is on the network, as among containers: SPEC_KITTY_INSECURE_HTTP=1, or insecure_http = true under [sync] in config.toml";

const EXAMPLES = "such as https://events.example.org or http://127.0.0.1:8787";
const SOURCES =
  "; set by SPEC_KITTY_SERVER_URL, or sync.server_url in config.toml";

/** No more than a host: a user, a path or a query may be a secret, and so may a longer text. */
const HOST_LIKE = /^([a-z]+:\/\/)?[\w.-]{1,60}(:\d+)?\/?$/i;
