/** `--listen HOST:PORT`. */

import { deepStrictEqual, throws } from "node:assert/strict";
import { parseListen } from "../../lib/cli/listen.ts";
import { isLoopback } from "../../lib/login/server_url.ts";

const ANYWHERE = { expected: "a host and a port", hint: "such as x:1" };
const HERE = { ...ANYWHERE, allows: isLoopback };

Deno.test("parseListen: names and addresses with a port -> as a socket takes them", () => {
  const addresses: [string, string, number][] = [
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["localhost:65535", "localhost", 65_535],
    ["[::1]:8787", "::1", 8787],
  ];
  for (const [text, hostname, port] of addresses) {
    for (const rule of [ANYWHERE, HERE]) {
      deepStrictEqual(parseListen(text, rule), { hostname, port }, text);
    }
  }
  deepStrictEqual(parseListen("[fe80::1]:80", ANYWHERE), {
    hostname: "fe80::1",
    port: 80,
  });
});

Deno.test("parseListen: no host, no port, one too large, an address that the rule forbids -> wrong usage with an example", () => {
  const refused = {
    code: "usage",
    message: "--listen takes a host and a port",
    hint: "such as x:1",
  };
  for (
    const text of [
      ...["", ":80", "host", "host:", "host:x", "host:65536", "host:123456"],
      ...["::1:80", "[]:80", "[host]:80", "a b:80", "http://host:80"],
    ]
  ) throws(() => parseListen(text, ANYWHERE), refused, text);
  for (const text of ["0.0.0.0:80", "[::]:80", "example.org:80"]) {
    throws(() => parseListen(text, HERE), refused, text);
    parseListen(text, ANYWHERE);
  }
});
