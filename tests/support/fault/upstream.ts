/** A small server and client for tests of the fault proxy itself. */

import { strictEqual } from "node:assert/strict";
import type { BatchEvent } from "./fault.ts";
import type { Result } from "./answers.ts";
import { type FaultProxy, startFaultProxy } from "./proxy.ts";

/** Paths at the server. */
export const AT = {
  batch: "/batch",
  big: "/big",
  chunks: "/chunks",
  nothing: "/nothing",
  socket: "/socket",
} as const;

/** Length of what `AT.big` and `AT.chunks` answer. */
export const BIG = 20_000;

/** A server behind a proxy, and a client that keeps no connections. */
export interface Rig {
  readonly proxy: FaultProxy;
  /** Ids of each batch that the server got. */
  readonly batches: readonly string[][];
  fetch(
    path: string,
    init?: RequestInit & { client?: Deno.HttpClient },
  ): Promise<Response>;
  /** Sends events with these ids, and reads the answer. */
  send(...ids: string[]): Promise<Sent>;
  socket(): Promise<Socket>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a batch was answered; results as `id status`. */
export interface Sent {
  readonly status: number;
  readonly results: readonly string[];
  readonly body: string;
}

/** A client's end of a WebSocket. */
export interface Socket {
  readonly received: readonly string[];
  send(...texts: string[]): void;
  /** The message as it comes, or undefined where the socket closes before. */
  next(): Promise<string | undefined>;
  /** Code with which it closed; `LOST` without one. */
  readonly closed: Promise<number>;
  close(): Promise<number>;
}

/** Starts all of it. */
export function startRig(seed = 1): Rig {
  const batches: string[][] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => respond(request, batches),
  );
  const proxy = startFaultProxy({
    target: `http://127.0.0.1:${server.addr.port}`,
    seed,
  });
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const rig: Rig = {
    proxy,
    batches,
    fetch: (path, init) =>
      fetch(`${proxy.url}${path}`, { redirect: "manual", client, ...init }),
    async send(...ids) {
      const response = await rig.fetch(AT.batch, {
        method: "POST",
        headers: { "content-encoding": "gzip" },
        body: await gzip(batchOf(ids)),
      });
      const body = await response.text();
      return { status: response.status, results: resultsOf(body), body };
    },
    socket: () => openSocket(`${proxy.url}${AT.socket}`),
    async [Symbol.asyncDispose]() {
      try {
        await proxy[Symbol.asyncDispose]();
      } finally {
        client.close();
        await server.shutdown();
      }
    },
  };
  return rig;
}

/** Code of a socket that ends without one; some runtimes say 0. */
export const LOST = 1006;

/** A batch's text. */
export function batchOf(ids: readonly string[]): string {
  return JSON.stringify({ events: ids.map((event_id) => ({ event_id })) });
}

async function respond(
  request: Request,
  batches: string[][],
): Promise<Response> {
  const text = "x".repeat(BIG);
  switch (new URL(request.url).pathname) {
    case AT.batch: {
      const encoded = request.headers.has("content-encoding");
      const stream = request.body!;
      const body = new Response(
        encoded ? stream.pipeThrough(new DecompressionStream("gzip")) : stream,
      );
      const { events } = await body.json().catch(() => ({})) as {
        events?: BatchEvent[];
      };
      if (!events) return new Response("no batch", { status: 400 });
      const ids = events.map(({ event_id }) => event_id);
      batches.push(ids);
      return Response.json({
        results: ids.map((event_id) => ({ event_id, status: "success" })),
      });
    }
    case AT.big:
      return new Response(text, { headers: { "x-kept": "yes" } });
    case AT.chunks:
      return new Response(new Blob([text]).stream());
    case AT.nothing:
      return new Response(null, { status: 204 });
    case AT.socket: {
      if (request.headers.get("authorization") !== "Bearer good") {
        return new Response("who?", { status: 401 });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      // A connection that a fault ends is no trouble of the server.
      socket.onerror = (event) => event.preventDefault();
      return response;
    }
    default:
      return new Response("nowhere", { status: 404 });
  }
}

function resultsOf(body: string): string[] {
  try {
    const { results } = JSON.parse(body) as { results: Result[] };
    return results.map(({ event_id, status }) => `${event_id} ${status}`);
  } catch {
    return [];
  }
}

async function gzip(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).arrayBuffer();
}

async function openSocket(url: string): Promise<Socket> {
  const socket = new WebSocket(url.replace("http", "ws"), {
    headers: { authorization: "Bearer good" },
  });
  const received: string[] = [];
  const waiting: ((text: string | undefined) => void)[] = [];
  let given = 0;
  let code: number | undefined;
  const settle = () => {
    while (
      waiting.length > 0 && (given < received.length || code !== undefined)
    ) {
      waiting.shift()!(received[given++]);
    }
  };
  socket.onmessage = ({ data }) => {
    received.push(typeof data === "string" ? data : "binary");
    settle();
  };
  socket.onerror = (event) => event.preventDefault();
  const closed = new Promise<number>((resolve) => {
    socket.onclose = (event) => {
      code = event.code || LOST;
      settle();
      resolve(code);
    };
  });
  await new Promise((resolve) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("close", resolve);
  });
  strictEqual(socket.readyState, WebSocket.OPEN, `closed: ${code}`);
  return {
    received,
    closed,
    send: (...texts) => texts.forEach((text) => socket.send(text)),
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        settle();
      }),
    close() {
      socket.close();
      return closed;
    },
  };
}
