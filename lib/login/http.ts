/**
 * One request to a server, with a time limit and bounds on what it may answer.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { ANSWER_BYTES_MAX } from "../base/limits.ts";
import { saidIn, withoutSecret } from "../base/said.ts";
import { tlsWords } from "./tls_words.ts";
import { clientFor, type Trust } from "./http_client.ts";

/** A server's answer, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; undefined where it is none, or is too large. */
  readonly json: unknown;
}

/** What to ask. */
export interface Question extends Trust {
  readonly url: URL;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** Bearer token. Who quotes the answer does so without it. */
  readonly token?: string;
  /** Whether a good answer may be that token itself. */
  readonly givesTokens?: boolean;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  /** Answer included. */
  readonly timeoutMs: number;
  /** Another way than the network. */
  readonly client?: Deno.HttpClient;
}

/** No answer came: the server cannot be reached, is silent, or broke off. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";

  /** @param isLate whether it is the time that ran out */
  constructor(message: string, readonly isLate = false) {
    super(message);
  }
}

/**
 * Asks, and reads the answer. A redirect is an answer like any other: a token
 * goes only to the server that it was issued for.
 *
 * @throws {NoAnswerError} where there was none in time
 */
export async function ask(question: Question): Promise<Answer> {
  const { url, method = "POST", headers, token, body, timeoutMs } = question;
  try {
    const client = question.client ?? await clientFor(url, question);
    const response = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...headers,
        ...token !== undefined && { authorization: `Bearer ${token}` },
      },
      ...body !== undefined && { body },
      ...client && { client },
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
    });
    const { status } = response;
    const hidden = question.givesTokens && status === 200 ? undefined : token;
    return {
      status,
      headers: response.headers,
      json: await readJson(response, hidden),
    };
  } catch (error) {
    if (error instanceof KittyError) throw new NoAnswerError(error.message);
    const isLate = error instanceof DOMException &&
      error.name === "TimeoutError";
    throw new NoAnswerError(
      isLate
        ? `no answer from ${url.host} within ${Math.ceil(timeoutMs)} ms`
        : `no answer from ${url.host}: ${causeOf(error)}`,
      isLate,
    );
  }
}

/** @param token what the request showed; a server that repeats it is not quoted with it */
async function readJson(
  response: Response,
  token: string | undefined,
): Promise<unknown> {
  if (!response.body) return undefined;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    size += piece.length;
    // Leaving the loop cancels the rest.
    if (size > ANSWER_BYTES_MAX) return undefined;
    pieces.push(piece);
  }
  try {
    const text = await new Blob(pieces as BlobPart[]).text();
    return JSON.parse(withoutSecret(text, token));
  } catch {
    return undefined;
  }
}

/** A server's answer in a line: its status, and what it says beside it. */
export function serverWords({ status, json }: Answer): string {
  const said = saidIn(json);
  return said === undefined ? `status ${status}` : `status ${status}: ${said}`;
}

/** The fields of a JSON object; none of anything else. */
export function fieldsOf(json: unknown): Record<string, unknown> {
  return (typeof json === "object" && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
}

/** Why the runtime got no answer: since 2.9 its error names a cause. Less the URL, which says nothing new. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error
    ? error.cause
    : error;
  const message = reasonOf(cause);
  const bare =
    message.replace(/^error sending request for url \([^)]*\):?\s*/, "") ||
    message;
  return tlsWords(bare) ?? bare;
}
