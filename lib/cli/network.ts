/**
 * What the servers of this program take from the command line, or the
 * environment, besides where they listen: certificates, and the proxies before them.
 *
 * @module
 */

import type { BoundedAddress } from "../base/bounded_server.ts";
import { NO_CONFIG_FILE, readConfigFile, settingsOf } from "../base/config.ts";
import { usageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { AddressSet, isAnywhere } from "../base/net/addresses.ts";
import { factsOf, KeyPairKeeper } from "../base/net/key_pair.ts";
import type { Option } from "../base/arguments.ts";
import type { Trust } from "../login/http_client.ts";
import type { Call } from "./command.ts";
import { homeOf } from "./keeper.ts";

/** Options of the commands that listen. */
export const NETWORK_OPTIONS = {
  "tls-cert": {
    kind: "text",
    value: "FILE",
    help:
      "speak TLS with this certificate (PEM, the server's own first); taken anew when it changes",
  },
  "tls-key": {
    kind: "text",
    value: "FILE",
    help: "its private key (PEM)",
  },
  "trust-proxy": {
    kind: "list",
    value: "ADDRESS",
    help:
      "believe what a proxy at this address, or network, says of clients; may be given again",
  },
} as const satisfies Record<string, Option>;

/** What a server listens with. */
export interface Network {
  readonly keyPair?: KeyPairKeeper;
  readonly proxies?: AddressSet;
}

/** Whom a server may ask in its turn: as clients of the same home. */
export async function trustOf(call: Call): Promise<Trust> {
  // With a store, a collector needs no home.
  const home = await homeOf(call).catch(() => undefined);
  const config = home === undefined
    ? NO_CONFIG_FILE
    : await readConfigFile(home);
  const { caFile, insecureHttp } = settingsOf(call.world, config);
  return { caFile, insecureHttp };
}

/**
 * Reads them.
 *
 * @param listen where the server listens; undefined: on the socket of its home
 * @throws {KittyError} where one of the pair is missing, or cannot be used, and
 *   for what is no address
 */
export async function networkOf(
  { args, world }: Pick<Call, "args" | "world">,
  log: Log,
  listen: BoundedAddress | undefined,
): Promise<Network> {
  const proxies = proxiesOf([
    ...args.list("trust-proxy"),
    world.env("SPEC_KITTY_TRUST_PROXY") ?? "",
  ]);
  if (!listen || "path" in listen) {
    if (args.text("tls-cert") ?? args.text("tls-key")) {
      throw usageError(
        "a socket speaks no TLS: nothing that comes there has been on a network",
        "leave --tls-cert and --tls-key out, or name a port: --listen HOST:PORT",
      );
    }
    return {};
  }
  const certFile = args.text("tls-cert") ?? world.env("SPEC_KITTY_TLS_CERT");
  const keyFile = args.text("tls-key") ?? world.env("SPEC_KITTY_TLS_KEY");
  if (!certFile && !keyFile) return { ...proxies && { proxies } };
  if (!certFile || !keyFile) {
    throw usageError(
      certFile ? "a certificate without its key" : "a key without certificate",
      "TLS takes both: --tls-cert FILE --tls-key FILE (SPEC_KITTY_TLS_CERT, SPEC_KITTY_TLS_KEY)",
    );
  }
  const keyPair = await KeyPairKeeper.open({
    certFile,
    keyFile,
    world,
    log,
    host: isAnywhere(listen.hostname) ? undefined : listen.hostname,
  });
  log.info("TLS", factsOf(keyPair.current.certificate));
  return { keyPair, ...proxies && { proxies } };
}

function proxiesOf(lists: readonly string[]): AddressSet | undefined {
  const texts = lists.flatMap((list) => list.split(","))
    .map((text) => text.trim()).filter(Boolean);
  if (texts.length === 0) return undefined;
  try {
    return new AddressSet(texts);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(
      "--trust-proxy takes addresses and networks, and no names",
      "such as 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32",
    );
  }
}
