/** Clients of TLS, and what a server shows them. */

import { type Authority, type Issued, newAuthority } from "./authority.ts";
import {
  type CollectorOptions,
  TestCollector,
  type TestUser,
} from "./collector.ts";
import { tempFolder } from "./home.ts";
import { runTool } from "./needs.ts";

/** A pair of files that is changed while a server uses it. */
export interface LivePair extends Issued {
  /** Puts another pair in their place. */
  put(pair: Issued): Promise<void>;
}

/** A collector with a certificate, and who has signed it. */
export interface TlsCollector extends AsyncDisposable {
  readonly authority: Authority;
  readonly pair: LivePair;
  readonly collector: TestCollector;
  /** Trusts the authority. */
  readonly client: Deno.HttpClient;
}

/** Files in a folder, with a pair in them. */
export async function livePair(
  folder: string,
  first: Issued,
): Promise<LivePair> {
  const certFile = `${folder}/live.pem`, keyFile = `${folder}/live.key`;
  const put = async (pair: Issued) => {
    // As whoever renews certificates does it: never half of a file.
    for (
      const [from, to] of [
        [pair.certFile, certFile],
        [pair.keyFile, keyFile],
      ] as const
    ) {
      await Deno.copyFile(from, `${to}.new`);
      await Deno.rename(`${to}.new`, to);
    }
  };
  await put(first);
  return { certFile, keyFile, put };
}

/** A client of its own that trusts an authority, and nobody's connections. */
export async function trusting(
  { caFile }: Authority,
): Promise<Deno.HttpClient> {
  return Deno.createHttpClient({
    caCerts: [await Deno.readTextFile(caFile)],
  });
}

/** Starts one, on a free port, or where it is said. */
export async function tlsCollector(
  options: CollectorOptions = {},
  users?: readonly TestUser[],
): Promise<TlsCollector> {
  await using undo = new AsyncDisposableStack();
  const authority = undo.use(await newAuthority());
  const folder = undo.use(await tempFolder());
  const pair = await livePair(folder.path, await authority.issue());
  const client = undo.use(await trusting(authority));
  const collector = undo.use(
    await TestCollector.start(users, {
      client,
      ...options,
      args: [
        ...["--tls-cert", pair.certFile, "--tls-key", pair.keyFile],
        ...options.args ?? [],
      ],
    }),
  );
  const whole = undo.move();
  return {
    authority,
    pair,
    collector,
    client,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** What `openssl s_client` says of a handshake, and whether it went well. */
export async function handshake(
  url: string,
  { caFile }: Authority,
  args: readonly string[] = [],
): Promise<{ isGood: boolean; text: string }> {
  const { success, stdout, stderr } = await runTool("openssl", {
    args: [
      ...["s_client", "-connect", new URL(url).host, "-CAfile", caFile],
      ...["-verify_return_error", "-showcerts", ...args],
    ],
  });
  const text = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  return { isGood: success, text };
}

/** Whether a server shows a certificate. */
export async function shows(
  url: string,
  authority: Authority,
  { certFile }: Issued,
): Promise<boolean> {
  const { text } = await handshake(url, authority);
  return text.includes((await Deno.readTextFile(certFile)).trim());
}
