/**
 * What proxies say of the clients behind them, and which are believed.
 *
 * @module
 */

import { type AddressSet, readAddress } from "./addresses.ts";

/** Who made a request, and how. */
export interface Origin {
  /** The client's address; undefined where it came over a socket of this machine. */
  readonly address: string | undefined;
  readonly isEncrypted: boolean;
}

/** A request as it came in. */
interface Arrived {
  /** The address of the other end; undefined for a socket. */
  readonly peer: string | undefined;
  readonly isEncrypted: boolean;
  readonly headers: Headers;
}

/** More are no chain of proxies; what stands before them is not looked at. */
const HOPS_MAX = 32;

/**
 * Who made a request. A proxy that is trusted tells of the one before it, and so
 * on: of a chain the last address counts that is none of theirs, because all
 * before that one may have been written by anybody. `Forwarded` is not looked at:
 * most proxies pass on what a client has written there.
 */
export function originOf(
  { peer, isEncrypted, headers }: Arrived,
  trusted: AddressSet,
): Origin {
  if (peer === undefined || !trusted.has(peer)) {
    return { address: peer, isEncrypted };
  }
  let address = peer, said: string | undefined;
  for (const hop of hopsOf(headers).slice(-HOPS_MAX).reverse()) {
    said = hop.scheme ?? said;
    const before = hop.address;
    // What cannot be read ends the chain: it was told by a trusted one, and hides the rest.
    if (before === undefined) break;
    address = before;
    if (!trusted.has(before)) break;
  }
  return {
    address,
    isEncrypted: said === undefined ? isEncrypted : said === "https",
  };
}

/** Of whom a proxy tells, and by which scheme he came to it. */
interface Hop {
  readonly address: string | undefined;
  readonly scheme: string | undefined;
}

function hopsOf(headers: Headers): Hop[] {
  const list = (name: string) =>
    headers.get(name)?.split(",").map((text) => text.trim()) ?? [];
  const addresses = list("x-forwarded-for");
  const schemes = list("x-forwarded-proto");
  if (addresses.length === 0) {
    return schemes.slice(-1).map((scheme) => ({
      address: undefined,
      scheme: scheme.toLowerCase(),
    }));
  }
  // Each proxy appends the address; the scheme most of them write anew.
  const first = addresses.length - schemes.length;
  return addresses.map((text, i) => ({
    address: hostOf(text),
    scheme: schemes[i - first]?.toLowerCase(),
  }));
}

/** The address of `address`, `address:port` or `[address]:port`. */
function hostOf(text: string): string | undefined {
  const [, bracketed] = text.match(/^(\[[^\]]*\])(?::\d+)?$/) ?? [];
  const [, v4] = text.match(/^([\d.]+):\d+$/) ?? [];
  return readAddress(bracketed ?? v4 ?? text);
}
