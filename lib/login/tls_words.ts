/**
 * What is wrong where no answer came because of TLS, in words, and what to do.
 *
 * @module
 */

import type { World } from "../base/world.ts";

/** A trouble of TLS. */
interface Trouble {
  /** How the runtime tells it. */
  readonly sign: RegExp;
  /** What is wrong, behind the server's name; the runtime's words where they say it better. */
  readonly words?: string;
  readonly hint: string | ((world: Pick<World, "env">) => string);
}

const TROUBLES: readonly Trouble[] = [
  {
    sign: /InvalidContentType|wrong version number/i,
    hint:
      "there is no TLS at that address; look at its port, and whether it is https",
  },
  {
    sign: /UnknownIssuer/,
    words: "nobody who is trusted here has signed its certificate",
    hint: authorityHint,
  },
  {
    sign: /CaUsedAsEndEntity/,
    words: "it shows the certificate of an authority as its own",
    hint:
      "give the server one that an authority has signed, and that is none itself (basicConstraints CA:FALSE), and name the authority's here: SPEC_KITTY_CA_FILE, or sync.ca_file in config.toml",
  },
  {
    sign: /certificate: (?:Cert)?(?:Expired|expired)/,
    words: "its certificate has expired",
    hint:
      "the server needs a new one; where it seems good, look at this machine's clock",
  },
  {
    sign: /certificate: (?:Cert)?(?:NotValidYet|not valid yet)/,
    words: "its certificate is not good yet",
    hint: "look at this machine's clock, and at the server's certificate",
  },
  {
    sign: /not valid for name|NotValidForName/,
    hint:
      "ask it by a name that is in its certificate, or give it one with this name among its subjectAltName",
  },
  {
    sign: /received fatal alert|PeerIncompatible|tls handshake eof/i,
    hint:
      "the server broke the handshake off: look at its log, and whether it speaks TLS 1.2 or newer",
  },
];

/** What is wrong, in words; undefined: not TLS, or nothing better than the runtime's own words. */
export function tlsWords(message: string): string | undefined {
  const words = troubleOf(message)?.words;
  return words && `${words} (${message})`;
}

/** What to do where no answer came because of TLS; undefined: because of something else. */
export function tlsHint(
  why: string,
  world: Pick<World, "env">,
): string | undefined {
  // Says by itself what to do: it was this machine's file, and no server was asked.
  if (/^cannot use the certificates in/.test(why)) return undefined;
  const trouble = troubleOf(why);
  if (trouble) {
    const { hint } = trouble;
    return typeof hint === "string" ? hint : hint(world);
  }
  return /certificate|\btls\b|\bssl\b|handshake/i.test(why)
    ? authorityHint(world)
    : undefined;
}

function troubleOf(message: string): Trouble | undefined {
  return TROUBLES.find(({ sign }) => sign.test(message));
}

function authorityHint(world: Pick<World, "env">): string {
  // Where it is not set, the program itself sets it, to `mozilla,system`.
  const stores = world.env("DENO_TLS_CA_STORE") ?? "";
  return `where a company's own authority signs certificates, ${
    stores.includes("system")
      ? "add it to those that this machine trusts"
      : "unset DENO_TLS_CA_STORE"
  }; or name its file (SPEC_KITTY_CA_FILE, or sync.ca_file in config.toml); else look at the server's certificate`;
}
