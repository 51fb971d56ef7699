/**
 * Certificates: those that are trusted here, those that a server of this machine
 * shows, and the one that the server of the events shows.
 *
 * @module
 */

import { EXIT, KittyError } from "../base/errors.ts";
import { flawsOf, readKeyPair } from "../base/net/key_pair.ts";
import { readAddress } from "../base/net/addresses.ts";
import { readCertificate, readCertificates } from "../base/net/certificate.ts";
import { isLoopback } from "../login/server_url.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";
import { SERVER_WAIT_MS } from "./limits.ts";
import type { Reply } from "./delivery_checks.ts";
import type { Patient } from "./patient.ts";

/**
 * Whether certificates in files are good, and for how long: those of
 * `ca_file`, and of the server that is set up by the environment.
 */
export async function checkCertificateFiles(
  { settings, world }: Patient,
): Promise<Finding> {
  const { caFile } = settings;
  const certFile = world.env("SPEC_KITTY_TLS_CERT");
  const keyFile = world.env("SPEC_KITTY_TLS_KEY");
  if (!caFile && !certFile && !keyFile) return fine("none in files");
  const flaws: string[] = [];
  if (certFile && keyFile) {
    try {
      const { certificate } = await readKeyPair({ certFile, keyFile });
      flaws.push(
        ...flawsOf(certificate, world).map((flaw) => `${certFile} ${flaw}`),
      );
    } catch (error) {
      if (!(error instanceof KittyError)) throw error;
      return problem(error.message, error.hint ?? RENEW, error.exit);
    }
  } else if (certFile || keyFile) {
    return problem(
      `${
        certFile ? "SPEC_KITTY_TLS_CERT" : "SPEC_KITTY_TLS_KEY"
      } is set without the other of the pair`,
      "set both, or neither",
      EXIT.config,
    );
  }
  if (caFile) flaws.push(...await authorityFlaws(caFile, world.nowMs()));
  return flaws.length === 0
    ? fine([certFile, caFile].filter(Boolean).join(", "))
    : warning(flaws.join("; "), RENEW);
}

const RENEW =
  "have a new certificate made, and put it in the place of the old one; servers of this program take it by themselves";

/** What is wrong with those that are trusted; what cannot be read is another check's. */
async function authorityFlaws(path: string, nowMs: number): Promise<string[]> {
  try {
    const certificates = readCertificates(await Deno.readTextFile(path));
    const ended = certificates.filter(({ untilMs }) => untilMs <= nowMs).length;
    return ended === 0
      ? []
      : [`${path}: ${ended} of ${certificates.length} have expired`];
  } catch {
    return [];
  }
}

/** Whether the certificate that the server shows is good for a while yet. */
export async function checkServerCertificate(
  askOnce: () => Promise<Reply>,
  { world }: Patient,
): Promise<Finding> {
  const reply = await askOnce();
  if (reply.kind !== "answer" || reply.url.protocol !== "https:") {
    return fine("none to look at");
  }
  // What a proxy hands through is seen by nobody but those at its ends.
  if (!isLoopback(reply.url.hostname) && isProxied(world.env)) {
    return fine("not looked at through a proxy");
  }
  const der = await shownBy(reply.url);
  if (!der) return fine("not known: it does not show it to every caller");
  const certificate = readCertificate(der);
  const [flaw] = flawsOf(certificate, world);
  const until = new Date(certificate.untilMs).toISOString().slice(0, 10);
  return flaw === undefined ? fine(`good until ${until}`) : warning(
    `that of ${reply.url.host} ${flaw}`,
    "the server needs a new one",
  );
}

function isProxied(env: (name: string) => string | undefined): boolean {
  return ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    .some((name) => env(name));
}

/**
 * The certificate that a server shows, in DER. Only the runtime's Node layer
 * tells it. Whether it is to be trusted has been found out before.
 */
async function shownBy(url: URL): Promise<Uint8Array | undefined> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const socket = connect({
      host,
      port: Number(url.port) || 443,
      rejectUnauthorized: false,
      timeout: SERVER_WAIT_MS,
      ...readAddress(host) === undefined && { servername: host },
    }, () => done(socket.getPeerCertificate()?.raw));
    const done = (der?: Uint8Array) => {
      socket.destroy();
      resolve(der);
    };
    socket.on("error", () => done());
    socket.on("timeout", () => done());
  });
}
