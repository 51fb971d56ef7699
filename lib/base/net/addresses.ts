/**
 * Addresses of machines, and sets of them.
 *
 * @module
 */

/** An address as its bytes: 4 of IPv4, 16 of IPv6. */
type Bytes = readonly number[];

/** Groups of an IPv6 address that name a network, whose customer has all of its addresses. */
const NETWORK_GROUPS_V6 = 4;

/**
 * An address in one form: IPv4 as such also where it is written as IPv6,
 * without brackets, a zone or a port, IPv6 with all of its groups.
 *
 * @returns undefined for anything else
 */
export function readAddress(text: string): string | undefined {
  const bytes = bytesOf(text);
  return bytes && textOf(bytes);
}

/** Whom an address belongs to, as far as it tells: IPv6 addresses of one network are one. */
export function ownerOf(address: string): string {
  const text = readAddress(address);
  if (!text?.includes(":")) return text ?? address;
  const network = text.split(":").slice(0, NETWORK_GROUPS_V6);
  return `${network.join(":")}::/${16 * NETWORK_GROUPS_V6}`;
}

/** Whether an address, in the one form, is this machine's own. */
export function isOwnAddress(address: string): boolean {
  return address.startsWith("127.") || address === "0:0:0:0:0:0:0:1";
}

/** Whether a host, with brackets or without, stands for all addresses of a machine. */
export function isAnywhere(host: string): boolean {
  const address = readAddress(host);
  return address === "0.0.0.0" || address === "0:0:0:0:0:0:0:0";
}

/** A host as it stands in a URL. */
export function hostForUrl(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** Addresses, and networks such as `10.0.0.0/8`. */
export class AddressSet {
  readonly #networks: readonly { bytes: Bytes; bits: number }[];

  /** @throws {RangeError} where one is neither, naming it */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(networkOf);
  }

  /** Whether an address is among them. */
  has(address: string): boolean {
    const bytes = bytesOf(address);
    return bytes !== undefined &&
      this.#networks.some((network) =>
        network.bytes.length === bytes.length &&
        masked(bytes, network.bits).every((byte, i) =>
          byte === network.bytes[i]
        )
      );
  }
}

function networkOf(text: string): { bytes: Bytes; bits: number } {
  const [address = "", bitsText, ...rest] = text.split("/");
  const bytes = bytesOf(address);
  const bitsMax = (bytes?.length ?? 0) * 8;
  const bits = bitsText === undefined
    ? bitsMax
    : /^\d{1,3}$/.test(bitsText)
    ? Number(bitsText)
    : NaN;
  // 0 bits would be everybody: then nothing that is told could be believed.
  if (!bytes || rest.length > 0 || !(bits >= 1 && bits <= bitsMax)) {
    throw new RangeError(text);
  }
  return { bytes: masked(bytes, bits), bits };
}

/** The first bits, the rest 0. */
function masked(bytes: Bytes, bits: number): Bytes {
  return bytes.map((byte, i) =>
    byte & (0xff00 >> Math.max(0, Math.min(8, bits - i * 8)))
  );
}

function textOf(bytes: Bytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from(
    { length: 8 },
    (_, i) => (bytes[2 * i]! << 8 | bytes[2 * i + 1]!).toString(16),
  );
  return groups.join(":");
}

function bytesOf(text: string): Bytes | undefined {
  const bare = text.replace(/^\[([^\]]*)\]$/, "$1").split("%")[0]!;
  if (!bare.includes(":")) return bytesOfV4(bare);
  const bytes = bytesOfV6(bare);
  const isV4 = bytes?.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 && bytes[11] === 255;
  return isV4 ? bytes!.slice(12) : bytes;
}

function bytesOfV4(text: string): Bytes | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function bytesOfV6(text: string): Bytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map(groupsOf);
  if (!front || halves.length === 2 && !back) return undefined;
  if (!back) return front.length === 16 ? front : undefined;
  const gap = 16 - front.length - back.length;
  return gap > 0 ? [...front, ...Array(gap).fill(0), ...back] : undefined;
}

/** The bytes of groups between colons, of which the last may be an IPv4 address. */
function groupsOf(text: string): Bytes | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = i === groups.length - 1 ? bytesOfV4(group) : undefined;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}
