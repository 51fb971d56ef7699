/**
 * A certificate and its key, as they lie in two files, now and later.
 *
 * @module
 */

import { pause } from "../deadline.ts";
import { KittyError, reasonOf } from "../errors.ts";
import { ifRegular } from "../files.ts";
import type { Log } from "../log.ts";
import type { World } from "../world.ts";
import { type Certificate, isFor, readCertificates } from "./certificate.ts";

/** The files of a server's certificate. */
export interface KeyPairFiles {
  /** Certificates in PEM, the server's own first. */
  readonly certFile: string;
  /** Its key in PEM, not encrypted. */
  readonly keyFile: string;
}

/** A certificate and its key, which belong together. */
export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly certificate: Certificate;
}

/** How often the files are looked at: whoever renews them is no person who waits. */
const LOOK_MS = 2_000;

/** A certificate that ends within so long is told of: those that are renewed by themselves have a month then. */
const ENDING_MS = 14 * 24 * 60 * 60_000;

/** And so often, while it is used. */
const TOLD_EVERY_MS = 24 * 60 * 60_000;

/** Whole chains are a few KiB. */
const FILE_BYTES_MAX = 1024 * 1024;

/** What one is kept with. */
export interface KeeperParts extends KeyPairFiles {
  readonly world: Pick<World, "nowMs" | "elapsedMs">;
  readonly log: Log;
  /** The host that is listened on, where it is one by name. */
  readonly host: string | undefined;
}

/** A pair that is taken anew when its files change. */
export class KeyPairKeeper {
  readonly #parts: KeeperParts;
  readonly #handlers: ((pair: KeyPair) => void)[] = [];
  #current: KeyPair;
  /** What was refused last, so that it is told once. */
  #refused = "";
  #suspect = "";
  #toldMs = -Infinity;

  private constructor(parts: KeeperParts, pair: KeyPair) {
    this.#parts = parts;
    this.#current = pair;
    this.#tell();
  }

  /** @throws {KittyError} where they cannot be used */
  static async open(parts: KeeperParts): Promise<KeyPairKeeper> {
    return new KeyPairKeeper(parts, await readKeyPair(parts));
  }

  get current(): KeyPair {
    return this.#current;
  }

  /** Calls `handler` with each pair that comes to count. */
  onChange(handler: (pair: KeyPair) => void): void {
    this.#handlers.push(handler);
  }

  /** Reads the files now. What cannot be used is told, and the pair before stays. */
  async reload(): Promise<void> {
    await this.#look(true);
  }

  /** Looks at the files again and again, until the end. */
  async watch(end: AbortSignal, everyMs = LOOK_MS): Promise<void> {
    while (!end.aborted) {
      await pause(everyMs, end);
      if (end.aborted) return;
      await this.#look(false);
      const { elapsedMs } = this.#parts.world;
      if (elapsedMs() - this.#toldMs > TOLD_EVERY_MS) this.#tell();
    }
  }

  async #look(isAsked: boolean): Promise<void> {
    const { log } = this.#parts;
    let pair: KeyPair;
    try {
      const texts = await readTexts(this.#parts);
      // Another look may have taken them meanwhile.
      const { cert, key } = this.#current;
      if (texts.cert === cert && texts.key === key) {
        this.#refused = this.#suspect = "";
        return;
      }
      pair = pairOf(texts, this.#parts);
    } catch (error) {
      const why = reasonOf(error);
      // One of the two is written before the other: what is bad for a moment is not told.
      const isNew = why !== this.#refused && (isAsked || why === this.#suspect);
      this.#suspect = why;
      if (!isNew) return;
      this.#refused = why;
      return log.error("the certificate before is used on", error);
    }
    this.#refused = this.#suspect = "";
    this.#current = pair;
    try {
      this.#handlers.forEach((handler) => handler(pair));
    } catch (error) {
      return log.error("the certificate before is used on", error);
    }
    log.info("a new certificate is used", factsOf(pair.certificate));
    this.#tell();
  }

  /** Tells what is wrong with the pair, though it can be used. */
  #tell(): void {
    const { world, log, host, certFile } = this.#parts;
    this.#toldMs = world.elapsedMs();
    for (const flaw of flawsOf(this.#current.certificate, world, host)) {
      log.warn(`the certificate in ${certFile} ${flaw}`);
    }
  }
}

/** What the log says of a certificate. */
export function factsOf({ names, untilMs }: Certificate) {
  return { names, until: new Date(untilMs).toISOString() };
}

/** What is wrong with a certificate, behind its name in a sentence. */
export function flawsOf(
  certificate: Certificate,
  { nowMs }: Pick<World, "nowMs">,
  host?: string,
): string[] {
  const { fromMs, untilMs, names } = certificate;
  const now = nowMs();
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const flaws: string[] = [];
  if (untilMs <= now) flaws.push(`has expired, on ${day(untilMs)}`);
  else if (untilMs - now < ENDING_MS) flaws.push(`expires on ${day(untilMs)}`);
  if (fromMs > now) flaws.push(`is not good before ${day(fromMs)}`);
  if (names.length === 0) flaws.push("names no host, and no client takes it");
  else if (host !== undefined && !isFor(certificate, host)) {
    flaws.push(
      `is not for ${host}, but for ${names.slice(0, 5).join(", ")}${
        names.length > 5 ? " ..." : ""
      }`,
    );
  }
  return flaws;
}

/**
 * Reads a certificate and its key.
 *
 * @throws {KittyError} where one cannot be read, or they do not belong together
 */
export async function readKeyPair(
  files: KeyPairFiles,
): Promise<KeyPair> {
  return pairOf(await readTexts(files), files);
}

async function readTexts({ certFile, keyFile }: KeyPairFiles) {
  return {
    cert: await readPem(certFile, "certificate"),
    key: await readPem(keyFile, "key"),
  };
}

function pairOf(
  { cert, key }: Pick<KeyPair, "cert" | "key">,
  { certFile, keyFile }: KeyPairFiles,
): KeyPair {
  if (!cert.includes("-----BEGIN CERTIFICATE-----")) {
    throw unusable(`there is no certificate in PEM in ${certFile}`);
  }
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw unusable(
      `the key in ${keyFile} is encrypted`,
      "decrypt it (openssl pkey -in FILE -out NEW), in a file that only this user may read",
    );
  }
  if (!/-----BEGIN (RSA |EC )?PRIVATE KEY-----/.test(key)) {
    throw unusable(`there is no private key in PEM in ${keyFile}`);
  }
  let certificate: Certificate | undefined;
  try {
    [certificate] = readCertificates(cert);
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
  } catch (error) {
    const reason = reasonOf(error);
    throw /KeyMismatch/.test(reason)
      ? unusable(
        `the key in ${keyFile} is not that of the first certificate in ${certFile}`,
        "name the files of one pair; in the file of the certificate the server's own comes first",
      )
      : unusable(`${certFile} and ${keyFile}: ${reason}`);
  }
  if (!certificate) throw unusable(`the certificate in ${certFile} breaks off`);
  return { cert, key, certificate };
}

async function readPem(path: string, what: string): Promise<string> {
  let text: string | undefined;
  try {
    const { size } = await Deno.stat(path);
    if (size > FILE_BYTES_MAX) {
      throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
    }
    text = await ifRegular(path, Deno.readTextFile);
  } catch (error) {
    throw unusable(
      error instanceof Deno.errors.NotFound
        ? `there is no file ${path} for the ${what}`
        : `the ${what} in ${path} cannot be read: ${reasonOf(error)}`,
    );
  }
  if (text === undefined) {
    throw unusable(`${path}, for the ${what}, is no file`);
  }
  return text;
}

function unusable(what: string, hint?: string): KittyError {
  return new KittyError("bad_certificate", `cannot use TLS: ${what}`, {
    hint: hint ??
      "--tls-cert names a file of certificates in PEM, the server's own first, and --tls-key that of its key",
  });
}
