/**
 * What a certificate says: until when it is good, and for which names. The
 * runtime tells neither without its Node layer, and the oldest one supported
 * no names at all.
 *
 * @module
 */

import { readAddress } from "./addresses.ts";

/** The facts of a certificate. */
export interface Certificate {
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Names of hosts, in small letters and perhaps with `*.` before them, and addresses in the one form. */
  readonly names: readonly string[];
}

/** A value of DER: its tag and its content. */
interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
}

const TAG = {
  utcTime: 0x17,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  ipAddress: 0x87,
} as const;

/** `subjectAltName`, 2.5.29.17, with its tag and length. */
const ALT_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11];

/**
 * Reads the certificates of a PEM file, the server's own first.
 *
 * @throws {Error} where one cannot be read
 */
export function readCertificates(pem: string): Certificate[] {
  const [, ...blocks] = pem.split("-----BEGIN CERTIFICATE-----");
  return blocks.map((block) => {
    const [base64] = block.split("-----END CERTIFICATE-----");
    return readCertificate(Uint8Array.fromBase64(base64!.replace(/\s/g, "")));
  });
}

/** Whether a certificate is good for a host, as clients see it. */
export function isFor({ names }: Certificate, host: string): boolean {
  const address = readAddress(host);
  if (address !== undefined) return names.includes(address);
  const name = host.toLowerCase().replace(/\.$/, "");
  // A star stands for one label.
  const starred = name.replace(/^[^.]+/, "*");
  return names.includes(name) || names.includes(starred);
}

/** @throws {Error} where it cannot be read */
export function readCertificate(der: Uint8Array): Certificate {
  const [certificate] = valuesOf(der);
  const [facts] = valuesOf(certificate!.content);
  const fields = valuesOf(facts!.content);
  // A number, an algorithm, the issuer, and then the time; before them perhaps a version.
  const time = fields[fields[0]?.tag === TAG.version ? 4 : 3];
  const [from, until] = valuesOf(time!.content).map(timeOf);
  const extensions = fields.find(({ tag }) => tag === TAG.extensions);
  return {
    fromMs: from!,
    untilMs: until!,
    names: extensions ? namesOf(extensions.content) : [],
  };
}

function namesOf(extensions: Uint8Array): string[] {
  const [list] = valuesOf(extensions);
  const found = valuesOf(list!.content).find(({ content }) =>
    ALT_NAME.every((byte, i) => content[i] === byte)
  );
  if (!found) return [];
  const [names] = valuesOf(valuesOf(found.content).at(-1)!.content);
  return valuesOf(names!.content).flatMap(({ tag, content }) => {
    if (tag === TAG.dnsName) {
      return [new TextDecoder().decode(content).toLowerCase()];
    }
    const address = tag === TAG.ipAddress ? addressOf(content) : undefined;
    return address === undefined ? [] : [address];
  });
}

function addressOf(bytes: Uint8Array): string | undefined {
  return readAddress(
    bytes.length === 4
      ? bytes.join(".")
      : (bytes.toHex().match(/.{4}/g) ?? []).join(":"),
  );
}

/** `YYMMDDHHMMSSZ`, or with four digits of the year. */
function timeOf({ tag, content }: Value): number {
  const text = new TextDecoder().decode(content);
  const short = tag === TAG.utcTime ? text : text.slice(2);
  const century = tag !== TAG.utcTime
    ? text.slice(0, 2)
    : short < "50"
    ? "20"
    : "19";
  const [year, month, day, hour, minute, second] = short.match(/\d\d/g) ?? [];
  return Date.parse(
    `${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`,
  );
}

/** The values that stand in a row. */
function valuesOf(bytes: Uint8Array): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++]!;
    let length = bytes[at++]!;
    if (length > 0x80 && length <= 0x84) {
      const digits = bytes.subarray(at, at += length - 0x80);
      length = digits.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    if (!(at + length <= bytes.length)) throw new Error("it breaks off");
    values.push({ tag, content: bytes.subarray(at, at += length) });
  }
  return values;
}
