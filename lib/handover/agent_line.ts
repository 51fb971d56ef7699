/**
 * The line to an agent elsewhere: a connection that is kept for further
 * requests, over TCP, TLS or a socket. It never goes through a proxy, and
 * follows no redirect: the token is for the agent alone.
 *
 * @module
 */

import { joined } from "../base/bytes.ts";
import type { Deadline } from "../base/deadline.ts";
import { DeadlineError, reasonOf } from "../base/errors.ts";
import { ANSWER_BYTES_MAX } from "../base/limits.ts";
import { closeQuietly, writeAll } from "../base/net/carrying.ts";
import { tlsWords } from "../login/tls_words.ts";
import type { AgentAddress } from "./agent_address.ts";
import {
  AnswerReader,
  NoHttpError,
  type RawAnswer,
  TlsSpokenError,
} from "./answer_reader.ts";
import { withoutSecret } from "../base/said.ts";
import { SPEAKS_NO_TLS, SPEAKS_TLS } from "./words.ts";

/** A request to an agent. */
export interface AgentRequest {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly token: string | undefined;
  readonly contentType?: string;
  readonly body?: string;
  readonly by: Deadline;
  /** Called when it is under way: for what can be done while the agent works. */
  onSent?(): void;
}

/** No usable answer came; the message says what the agent did, behind its address. */
export class NoAgentError extends Error {
  override name = "NoAgentError";

  /** @param mayPass whether another try, soon, may go better */
  constructor(message: string, readonly mayPass = false) {
    super(message);
  }
}

/** The line to one agent. */
export class AgentLine implements Disposable {
  readonly address: AgentAddress;
  /** Certificates that are trusted besides the system's. */
  caFile: string | undefined;
  /** Open, and without a request under way. */
  #idle: Deno.Conn | undefined;
  /** Begun before there was anything to ask. */
  #ahead: Promise<Deno.Conn> | undefined;

  constructor(address: AgentAddress) {
    this.address = address;
  }

  /** Begins to connect, while there is something else to do; where that takes no certificates. */
  connectAhead(): void {
    if (this.address.at.kind === "tls") return;
    this.#ahead = this.#open();
    this.#ahead.catch(() => {});
  }

  /**
   * Asks, and gives what came by the deadline: of an answer that broke off, so
   * much as came.
   *
   * @throws {NoAgentError} where there was no head of an answer
   */
  async ask(request: AgentRequest): Promise<RawAnswer> {
    const kept = this.#idle;
    this.#idle = undefined;
    if (kept) {
      const reader = new AnswerReader(ANSWER_BYTES_MAX);
      await this.#exchange(kept, request, reader).catch(() => {});
      // One that was kept may have ended meanwhile; then it is asked again.
      if (reader.isBegun) return this.#answerOf(reader, request);
      if (request.by.leftMs <= 0) throw new NoAgentError(LATE);
    }
    const reader = new AnswerReader(ANSWER_BYTES_MAX);
    let trouble: unknown;
    try {
      const connection = await this.#connect(request.by);
      await this.#exchange(connection, request, reader);
    } catch (error) {
      trouble = error;
    }
    return this.#answerOf(reader, request, trouble);
  }

  [Symbol.dispose](): void {
    if (this.#idle) closeQuietly(this.#idle);
    this.#idle = undefined;
    this.#ahead?.then(closeQuietly, () => {});
    this.#ahead = undefined;
  }

  #answerOf(
    reader: AnswerReader,
    { token }: AgentRequest,
    trouble?: unknown,
  ): RawAnswer {
    if (trouble instanceof TlsSpokenError) throw new NoAgentError(SPEAKS_TLS);
    if (isWithoutTls(trouble)) throw new NoAgentError(SPEAKS_NO_TLS);
    if (trouble instanceof NoHttpError) {
      throw new NoAgentError(`is another program: ${trouble.message}`);
    }
    const { answer } = reader;
    if (answer) return { ...answer, body: withoutSecret(answer.body, token) };
    throw new NoAgentError(
      trouble instanceof DeadlineError
        ? LATE
        : trouble === undefined
        ? "ends the connection without an answer"
        : `does not answer: ${
          tlsWords(reasonOf(trouble)) ?? reasonOf(trouble)
        }`,
      !(trouble instanceof DeadlineError) && !isOfTls(trouble),
    );
  }

  async #exchange(
    connection: Deno.Conn,
    request: AgentRequest,
    reader: AnswerReader,
  ): Promise<void> {
    try {
      // The answer may begin, and even end, before all of a stream is written.
      const writing = writeAll(connection, bytesOf(request, this.address.host));
      writing.catch(() => {});
      request.onSent?.();
      await request.by.race(
        read(connection, reader, request.by),
        "hear from the agent",
      );
      if (!reader.mayStay) return;
      await request.by.race(writing, "hear from the agent");
      this.#idle = connection;
    } finally {
      if (this.#idle !== connection) closeQuietly(connection);
    }
  }

  /** Connects; what comes late is closed. */
  async #connect(by: Deadline): Promise<Deno.Conn> {
    by.check("reach the agent");
    const connecting = this.#ahead ?? this.#open();
    this.#ahead = undefined;
    try {
      return await by.race(connecting, "reach the agent");
    } catch (error) {
      connecting.then(closeQuietly, () => {});
      throw error;
    }
  }

  async #open(): Promise<Deno.Conn> {
    const { at } = this.address;
    if (at.kind === "unix") {
      return await Deno.connect({ transport: "unix", path: at.path });
    }
    const { hostname, port } = at;
    const connection = at.kind === "tcp"
      ? await Deno.connect({ hostname, port })
      : await Deno.connectTls({
        hostname,
        port,
        ...this.caFile !== undefined &&
          { caCerts: [await Deno.readTextFile(this.caFile)] },
      });
    if ("setNoDelay" in connection) connection.setNoDelay();
    return connection;
  }
}

/** Whether the other end answered a handshake with something else. */
function isWithoutTls(trouble: unknown): boolean {
  return isOfTls(trouble) && /InvalidContentType/.test(reasonOf(trouble));
}

/** Certificates do not become good by themselves. */
function isOfTls(trouble: unknown): boolean {
  return trouble instanceof Deno.errors.InvalidData;
}

const LATE = "did not answer in time";

async function read(
  connection: Deno.Conn,
  reader: AnswerReader,
  by: Deadline,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return reader.end();
    if (reader.push(buffer.subarray(0, count))) return;
    // Where there is always more to read, no timer may go off.
    by.check("hear from the agent");
  }
}

function bytesOf(
  { method, path, token, contentType, body }: AgentRequest,
  host: string,
): Uint8Array {
  const encoder = new TextEncoder();
  const content = encoder.encode(body ?? "");
  const head = encoder.encode([
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    ...token === undefined ? [] : [`authorization: Bearer ${token}`],
    ...contentType === undefined ? [] : [`content-type: ${contentType}`],
    ...method === "GET" ? [] : [`content-length: ${content.length}`],
    "\r\n",
  ].join("\r\n"));
  return joined([head, content]);
}
