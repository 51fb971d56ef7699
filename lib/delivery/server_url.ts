/**
 * The address of a server, and which addresses a secret may be sent to.
 *
 * @module
 */

import { EXIT, KittyError } from "../errors.ts";

/**
 * Reads a server's address: its origin, such as `https://events.example.org`.
 * A path, a query or a user in it is refused, because the paths are fixed.
 *
 * @throws {KittyError} for no URL, another scheme, or plain http to anywhere
 *   but this machine: tokens and events would travel in the clear
 */
export function readServerUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad("the server's address is no URL");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw bad("the server's address has to begin with https://");
  }
  if (url.username || url.password) {
    throw bad("the server's address must not hold a user or a password");
  }
  if (url.pathname !== "/" || url.search || url.hash) {
    throw bad("the server's address must be a host, without a path");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw bad("plain http is only for servers on this machine");
  }
  return url;
}

/** Whether a URL's host is this machine by its very name. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(hostname);
}

function bad(message: string): KittyError {
  return new KittyError("bad_server_url", message, {
    hint: "such as https://events.example.org or http://127.0.0.1:8787",
    exit: EXIT.config,
  });
}
