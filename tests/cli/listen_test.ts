/** `--listen HOST:PORT`. */

import { deepStrictEqual, throws } from "node:assert/strict";
import { parseListen } from "../../lib/cli/listen.ts";

const WORDS = { expected: "a host and a port", hint: "such as x:1" };

Deno.test("parseListen: names and addresses with a port -> as a socket takes them", () => {
  const addresses: [string, string, number][] = [
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["localhost:65535", "localhost", 65_535],
    ["[::1]:8787", "::1", 8787],
    ["[fe80::1]:80", "fe80::1", 80],
    ["0.0.0.0:80", "0.0.0.0", 80],
    ["example.org:80", "example.org", 80],
  ];
  for (const [text, hostname, port] of addresses) {
    deepStrictEqual(parseListen(text, WORDS), { hostname, port }, text);
  }
});

Deno.test("parseListen: no host, no port, one too large -> wrong usage with an example", () => {
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
  ) throws(() => parseListen(text, WORDS), refused, text);
});
