/** Addresses in one form, and sets of them. */

import { notStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  AddressSet,
  isAnywhere,
  isOwnAddress,
  ownerOf,
  readAddress,
} from "../../../lib/base/net/addresses.ts";

Deno.test("readAddress: all ways to write one -> one form; anything else -> undefined", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["[2001:DB8::1]", "2001:db8:0:0:0:0:0:1"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:1"],
    ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
    ["::", "0:0:0:0:0:0:0:0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ...["", "localhost", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1:2", "::1::"]
      .map((text) => [text, undefined] as const),
    ...["1:2:3:4:5:6:7:8:9", "12345::", "g::", "1.2.3.4:80", "unknown", ":1"]
      .map((text) => [text, undefined] as const),
  ];
  for (const [text, expected] of cases) {
    strictEqual(readAddress(text), expected, text);
  }
});

Deno.test("ownerOf: IPv6 of one /64 -> one; IPv4 -> each its own", () => {
  strictEqual(ownerOf("2001:db8::1"), ownerOf("2001:db8::ffff:1"));
  strictEqual(ownerOf("2001:db8::1") === ownerOf("2001:db8:0:1::1"), false);
  strictEqual(ownerOf("192.0.2.1") === ownerOf("192.0.2.2"), false);
});

Deno.test("ownerOf: IPv4, mapped, and any address of one IPv6 network -> one each", () => {
  strictEqual(ownerOf("192.0.2.7"), "192.0.2.7");
  strictEqual(ownerOf("::ffff:192.0.2.7"), "192.0.2.7");
  strictEqual(ownerOf("2001:DB8::1"), ownerOf("2001:db8:0:0:ffff::2"));
  strictEqual(ownerOf("2001:db8::1"), "2001:db8:0:0::/64");
  strictEqual(ownerOf("fe80::1%eth0"), ownerOf("fe80::2%eth1"));
  strictEqual(ownerOf("::1"), "0:0:0:0::/64");
  notStrictEqual(ownerOf("2001:db8:1::1"), ownerOf("2001:db8:2::1"));
});

Deno.test("isOwnAddress: loopback -> yes; what begins like it -> no", () => {
  for (const text of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    strictEqual(isOwnAddress(readAddress(text)!), true, text);
  }
  for (const text of ["12.7.0.1", "10.0.0.1", "::2", "1::1"]) {
    strictEqual(isOwnAddress(readAddress(text)!), false, text);
  }
});

Deno.test("AddressSet: addresses and networks -> what lies in them, and nothing else", () => {
  const set = new AddressSet(
    ["192.0.2.7", "10.128.0.0/9", "2001:db8::/33", "::1", "198.51.100.9/30"],
  );
  const cases: readonly [string, boolean][] = [
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["10.128.0.1", true],
    ["10.255.255.255", true],
    ["10.127.255.255", false],
    ["2001:db8:7fff::1", true],
    ["2001:db8:8000::1", false],
    ["::1", true],
    // A network that is named by an address within it.
    ["198.51.100.8", true],
    ["198.51.100.12", false],
    // As bytes of IPv4 these are in 10.128.0.0/9.
    ["0a80::1", false],
    ["no address", false],
  ];
  for (const [address, expected] of cases) {
    strictEqual(set.has(address), expected, address);
  }
  strictEqual(new AddressSet([]).has("127.0.0.1"), false);
});

Deno.test("AddressSet: names, everybody, lengths that are none -> refused, and named", () => {
  for (
    const text of [
      ...["proxy", "10.0.0.0/0", "10.0.0.0/33", "::/129", "10.0.0.0/8/8"],
      ...["10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "/8", "10.0.0/8"],
    ]
  ) {
    throws(() => new AddressSet(["10.0.0.1", text]), new RangeError(text));
  }
});

Deno.test("isAnywhere: all addresses, in brackets or written out -> yes; one address, a name -> no", () => {
  for (const host of ["0.0.0.0", "::", "[::]", "[0:0::0]"]) {
    strictEqual(isAnywhere(host), true, host);
  }
  for (const host of ["127.0.0.1", "[::1]", "localhost", "0.0.0.1", ""]) {
    strictEqual(isAnywhere(host), false, host);
  }
});
