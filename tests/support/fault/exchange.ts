/** Steps of a request's way through the proxy. */

import type { Exchange, Fault } from "./fault.ts";
import {
  type Answer,
  decoded,
  jsonOf,
  latin1,
  parseHead,
  readBody,
  wireOf,
} from "./http.ts";
import { joined, type Line } from "./line.ts";

/** A request of which only the head was read. */
export function exchangeOf(
  client: Line,
  wire: string,
  { hostname, port, origin }: URL,
  random: () => number,
): Exchange {
  const head = parseHead(wire);
  const [method = "", address = ""] = head.start.split(" ");
  return {
    connection: client.connection,
    client,
    target: { hostname, port: Number(port || 80) },
    random,
    method,
    path: new URL(address, origin).pathname,
    head,
    isUpgrade: head.headers.get("upgrade")?.toLowerCase() === "websocket",
    content: new Uint8Array(),
    body: undefined,
    events: undefined,
    wire: latin1(wire),
    deliveries: 1,
  };
}

/** Whether anything more comes; it stays to be read. */
export async function hasMore(client: Line): Promise<boolean> {
  const byte = await client.some(1);
  client.unread(byte);
  return byte.length > 0;
}

/** Reads the body and what it holds. */
export async function readRequest(exchange: Exchange): Promise<void> {
  const { client, head } = exchange;
  const { wire, content } = await readBody(client, head);
  // The messages of an upgraded connection must not be compressed: faults read them.
  const text = head.wire.replace(/\r\nsec-websocket-extensions:[^\r]*/i, "");
  exchange.wire = joined([latin1(text), wire]);
  exchange.content = content;
  exchange.body = await decoded(head.headers, content);
  const json = jsonOf(exchange.body) as { events?: unknown } | null | undefined;
  if (Array.isArray(json?.events)) exchange.events = json.events;
}

/** The answer as the faults leave it; undefined where they end the connection. */
export async function changed(
  given: Answer | undefined,
  exchange: Exchange,
  faults: readonly Fault[],
): Promise<Answer | undefined> {
  let answer = given;
  for (const fault of faults) {
    if (!answer) return undefined;
    if (fault.answer) answer = await fault.answer(answer, exchange);
  }
  return answer;
}

/** Writes an answer; whether the connection goes on. */
export async function send(
  answer: Answer,
  exchange: Exchange,
  faults: readonly Fault[],
): Promise<boolean> {
  const { head, body } = wireOf(answer);
  const sender = faults.find((fault) => fault.send);
  if (sender) return await sender.send!({ head, body }, exchange);
  await exchange.client.write(joined([head, body]));
  return true;
}
