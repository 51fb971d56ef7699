/** HTTP/1.1 as bytes: what a proxy has to know of it to pass it on unchanged. */

import { type Bytes, joined, type Line } from "./line.ts";

/** The first line and the headers of a message. */
export interface Head {
  readonly start: string;
  readonly headers: Headers;
  /** As it came. */
  readonly wire: string;
}

/** A body as it came, and without the framing of chunks. */
export interface Body {
  readonly wire: Bytes;
  readonly content: Bytes;
}

/** A server's answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** As it was encoded, but without the framing of chunks. */
  readonly content: Bytes;
  /** Head and body as they came; absent where a fault made the answer. */
  readonly wire?: { readonly head: Bytes; readonly body: Bytes };
  /** Whether the connection ends with it. */
  readonly isLast: boolean;
}

/** Headers that say how a body is encoded and framed. */
const FRAMING = ["content-length", "transfer-encoding", "content-encoding"];

const EMPTY: Bytes = new Uint8Array();

/** Reads a head's text. */
export function parseHead(wire: string): Head {
  const [start = "", ...lines] = wire.trimEnd().split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(":");
    headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return { start, headers, wire };
}

/** Reads the body that a request's head announces. */
export async function readBody(line: Line, head: Head): Promise<Body> {
  if (head.headers.get("transfer-encoding") === "chunked") {
    return await readChunks(line);
  }
  const length = Number(head.headers.get("content-length") ?? 0);
  const content = await line.exactly(length);
  return { wire: content, content };
}

/** Reads the answer to a request with this method. */
export async function readAnswer(line: Line, method: string): Promise<Answer> {
  const head = parseHead(await line.until("\r\n\r\n"));
  const { headers } = head;
  const status = Number(head.start.split(" ")[1]);
  const isBodiless = method === "HEAD" || status < 200 || status === 204 ||
    status === 304;
  const isFramed = headers.has("content-length") ||
    headers.has("transfer-encoding");
  const { wire, content } = isBodiless
    ? { wire: EMPTY, content: EMPTY }
    : isFramed
    ? await readBody(line, head)
    : await line.all().then((all) => ({ wire: all, content: all }));
  return {
    status,
    headers,
    content,
    wire: { head: latin1(head.wire), body: wire },
    isLast: headers.get("connection")?.toLowerCase() === "close" ||
      !isBodiless && !isFramed,
  };
}

/** An answer made here. */
export function madeAnswer(
  status: number,
  given: HeadersInit = {},
  body: unknown = EMPTY,
): Answer {
  const headers = new Headers(given);
  for (const name of FRAMING) headers.delete(name);
  const isData = typeof body === "string" || body instanceof Uint8Array;
  if (!isData && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  const content = body instanceof Uint8Array
    ? new Uint8Array(body)
    : new TextEncoder().encode(isData ? body as string : JSON.stringify(body));
  if (status !== 204) headers.set("content-length", `${content.length}`);
  return { status, headers, content, isLast: false };
}

/** Head and body as they go over the wire. */
export function wireOf(answer: Answer): { head: Bytes; body: Bytes } {
  if (answer.wire) return answer.wire;
  const start = `HTTP/1.1 ${answer.status} Made`;
  return { head: encodeHead(start, answer.headers), body: answer.content };
}

/** A request with another body, which is not encoded. */
export function requestWith(head: Head, body: unknown): Bytes {
  const content = new TextEncoder().encode(JSON.stringify(body));
  const headers = new Headers(head.headers);
  for (const name of FRAMING) headers.delete(name);
  headers.set("content-length", `${content.length}`);
  return joined([encodeHead(head.start, headers), content]);
}

/** What an encoded content stands for; undefined where it is damaged. */
export async function decoded(
  headers: Headers,
  content: Bytes,
): Promise<Bytes | undefined> {
  const encoding = headers.get("content-encoding");
  if (encoding !== "gzip" && encoding !== "deflate") return content;
  try {
    const stream = new Blob([content]).stream()
      .pipeThrough(new DecompressionStream(encoding));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return undefined;
  }
}

/** A JSON document; undefined where the bytes are none. */
export function jsonOf(bytes: Bytes | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Text of which each character is one byte. */
export function latin1(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function readChunks(line: Line): Promise<Body> {
  const wire: Bytes[] = [];
  const content: Bytes[] = [];
  for (;;) {
    const size = await line.until("\r\n");
    wire.push(latin1(size));
    const length = parseInt(size, 16);
    if (length === 0) break;
    const chunk = await line.exactly(length + 2);
    wire.push(chunk);
    content.push(chunk.slice(0, length));
  }
  for (let trailer = ""; trailer !== "\r\n";) {
    trailer = await line.until("\r\n");
    wire.push(latin1(trailer));
  }
  return { wire: joined(wire), content: joined(content) };
}

function encodeHead(start: string, headers: Headers): Bytes {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return latin1(`${start}\r\n${lines.join("")}\r\n`);
}
