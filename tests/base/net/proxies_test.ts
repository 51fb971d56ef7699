/** Whom a server believes what is told of a client. */

import { deepStrictEqual } from "node:assert/strict";
import { AddressSet } from "../../../lib/base/net/addresses.ts";
import { originOf } from "../../../lib/base/net/proxies.ts";

const TRUSTED = new AddressSet(["10.0.0.0/8", "2001:db8::1"]);

type Headers_ = Record<string, string>;

function origin(peer: string | undefined, headers: Headers_) {
  const { address, isEncrypted } = originOf({
    peer,
    isEncrypted: false,
    headers: new Headers(headers),
  }, TRUSTED);
  return [address, isEncrypted];
}

Deno.test("originOf: a peer that is not trusted, a socket -> what they say counts for nothing", () => {
  const lies = {
    "x-forwarded-for": "192.0.2.66",
    "x-forwarded-proto": "https",
    forwarded: "for=192.0.2.66;proto=https",
  };
  deepStrictEqual(origin("198.51.100.1", lies), ["198.51.100.1", false]);
  deepStrictEqual(origin(undefined, lies), [undefined, false]);
});

Deno.test("originOf: a trusted proxy -> the last address that is none of theirs, however long the lie before it", () => {
  const cases: readonly [Headers_, string, boolean][] = [
    [{}, "10.0.0.1", false],
    [{ "x-forwarded-for": "192.0.2.1" }, "192.0.2.1", false],
    [
      { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https" },
      "192.0.2.1",
      true,
    ],
    // The client has written the first ones itself.
    [
      {
        "x-forwarded-for": "127.0.0.1, 203.0.113.9,192.0.2.1",
        "x-forwarded-proto": "HTTPS",
      },
      "192.0.2.1",
      true,
    ],
    // Two proxies; and one that the client pretends.
    [
      { "x-forwarded-for": "10.9.9.9, 192.0.2.1, 10.0.0.2" },
      "192.0.2.1",
      false,
    ],
    [{ "x-forwarded-for": "10.9.9.9, 10.0.0.2" }, "10.9.9.9", false],
    // What cannot be read ends the chain.
    [{ "x-forwarded-for": "192.0.2.1, unknown" }, "10.0.0.1", false],
    [{ "x-forwarded-for": "192.0.2.1, unknown, 10.0.0.2" }, "10.0.0.2", false],
    [{ "x-forwarded-for": "192.0.2.1:4711" }, "192.0.2.1", false],
    [
      { "x-forwarded-for": "[2001:db8::7]:4711" },
      "2001:db8:0:0:0:0:0:7",
      false,
    ],
    [
      { "x-forwarded-for": "::ffff:192.0.2.1, 2001:db8::1" },
      "192.0.2.1",
      false,
    ],
    [{ "x-forwarded-proto": "https" }, "10.0.0.1", true],
    [{ "x-forwarded-proto": "http" }, "10.0.0.1", false],
    // Of a scheme for each proxy, that of the client counts.
    [
      {
        "x-forwarded-for": "192.0.2.1, 10.0.0.2",
        "x-forwarded-proto": "https, http",
      },
      "192.0.2.1",
      true,
    ],
    [{ forwarded: "for=192.0.2.66;proto=https" }, "10.0.0.1", false],
    [
      { "x-forwarded-for": `192.0.2.1${", 10.0.0.3".repeat(40)}` },
      "10.0.0.3",
      false,
    ],
  ];
  for (const [headers, address, isEncrypted] of cases) {
    deepStrictEqual(
      origin("10.0.0.1", headers),
      [address, isEncrypted],
      JSON.stringify(headers),
    );
  }
});

Deno.test("originOf: a trusted proxy that came over TLS, and asks for one who did not -> not encrypted", () => {
  deepStrictEqual(
    originOf({
      peer: "10.0.0.1",
      isEncrypted: true,
      headers: new Headers({ "x-forwarded-proto": "http" }),
    }, TRUSTED),
    { address: "10.0.0.1", isEncrypted: false },
  );
});
