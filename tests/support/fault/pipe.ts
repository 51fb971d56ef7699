/** Faults of the network: what can happen to a connection's bytes. */

import { type Direction, type Fault, pick, type Range } from "./fault.ts";
import type { Message } from "./frames.ts";
import { type Connection, ConnectionEnded, joined, type Line } from "./line.ts";

/** Bytes of a WebSocket after which `cut` closes it, unless told. */
const SOCKET_CUT: Range = [1, 1024];

/** Delays requests, answers, and messages of WebSockets in both directions. */
export function latency(ms: Range): Fault {
  return {
    name: "latency",
    async request({ connection, random }) {
      await connection.sleep(pick(ms, random));
    },
    async answer(answer, { connection, random }) {
      await connection.sleep(pick(ms, random));
      return answer;
    },
    tap({ connection, random }) {
      // A later message never overtakes: TCP keeps their order.
      const waiting: Record<Direction, Message[]> = { up: [], down: [] };
      return {
        message(message, direction, emit) {
          waiting[direction].push(message);
          connection.later(
            pick(ms, random),
            () => emit(waiting[direction].shift()!),
          );
        },
      };
    },
  };
}

/**
 * Closes the connection in the middle of a request's body, or of an answer's:
 * after so many bytes of it, or at any. The server gets the same part of a
 * request. At a WebSocket `answer` counts the bytes of both directions.
 */
export function cut(where: "request" | "answer", bytes?: Range): Fault {
  if (where === "request") {
    return {
      name: "cut",
      applies: ({ isUpgrade }) => !isUpgrade,
      async head({ connection, client, head, target, random }) {
        const length = Number(head.headers.get("content-length") ?? 0);
        const part = await client.exactly(
          Math.min(pick(bytes ?? [0, length - 1], random), length),
        );
        const server = await connect(connection, target);
        await server.write(
          joined([new TextEncoder().encode(head.wire), part]),
        );
      },
    };
  }
  return {
    name: "cut",
    async send({ head, body }, { client, connection, isUpgrade, random }) {
      await client.write(head);
      if (isUpgrade) {
        connection.limit(pick(bytes ?? SOCKET_CUT, random), "end");
        return true;
      }
      const count = pick(bytes ?? [0, Math.max(0, body.length - 1)], random);
      await client.write(body.slice(0, count));
      return false;
    },
  };
}

/** Resets the connection before a request is read to its end. */
export function reset(): Fault {
  return { name: "reset", head: ({ connection }) => connection.reset() };
}

/** Reads all, delivers nothing and never answers. */
export function blackHole(): Fault {
  return {
    name: "blackHole",
    async head({ client }) {
      await client.all();
    },
  };
}

/** Accepts a connection and never reads from it; knows no path. */
export function silentAccept(): Fault {
  return {
    name: "silentAccept",
    async start(connection) {
      connection.freeze();
      await connection.pass();
    },
  };
}

/** Sends the answer one byte at a time. */
export function drip(pauseMs: Range = 0): Fault {
  return {
    name: "drip",
    async send({ head, body }, { client, connection, random }) {
      const wire = joined([head, body]);
      for (let at = 0; at < wire.length; at++) {
        await client.write(wire.slice(at, at + 1));
        await connection.sleep(pick(pauseMs, random));
      }
      return true;
    },
  };
}

/**
 * Goes silent in both directions, with the sockets open, after so many bytes
 * of the answer and what follows it. After none the request is not delivered.
 */
export function halfOpen(afterBytes: Range = 0): Fault {
  return {
    name: "halfOpen",
    request({ connection, random }) {
      const bytes = pick(afterBytes, random);
      if (bytes === 0) connection.freeze();
      else connection.limit(bytes, "freeze");
    },
  };
}

/** Delivers the request and throws the answer away: closed without a byte. */
export function deliveredButLost(): Fault {
  return { name: "deliveredButLost", answer: () => undefined };
}

/** Delivers the request twice; the second answer is passed on. */
export function replay(): Fault {
  return {
    name: "replay",
    applies: ({ isUpgrade }) => !isUpgrade,
    request(exchange) {
      exchange.deliveries++;
    },
  };
}

/** Connects to the server as a part of a client's connection. */
export async function connect(
  connection: Connection,
  target: Deno.ConnectOptions,
): Promise<Line> {
  const conn = await Deno.connect(target).catch(() => {
    throw new ConnectionEnded();
  });
  return connection.adopt(conn);
}
