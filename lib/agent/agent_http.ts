/**
 * The agent's local interface: any language with an HTTP client can record
 * events through it, and look how delivery stands.
 *
 * @module
 */

import { tooLarge } from "../contract/contract.ts";
import { VERSION } from "../base/build.ts";
import { joined } from "../base/bytes.ts";
import { Deadline } from "../base/deadline.ts";
import type { World } from "../base/world.ts";
import { DraftGroup } from "../emit/draft_group.ts";
import type { EventEmitter } from "../emit/emitter.ts";
import type { GroupOptions } from "../emit/flow.ts";
import { isCloudEvent, readBinding } from "../event/http_binding.ts";
import type { Preparing } from "../emit/prepare.ts";
import { reasonOf } from "../base/errors.ts";
import {
  DOCUMENT_BYTES_MAX,
  SYNC_FAILURES_MAX,
  SYNC_TIMEOUT_MS_DEFAULT,
  TIMEOUT_MS_MAX,
  TROUBLES_MAX,
} from "../base/limits.ts";
import { isReady, LineReader } from "../base/lines.ts";
import { discardedReceipt } from "../event/receipt.ts";
import { oneLine } from "../base/shown.ts";
import { AGENT_PATHS } from "../route/agent_file.ts";
import { isShown } from "../handover/agent_tokens.ts";
import type { Delivery } from "../delivery/delivery.ts";
import { openForDrain } from "../delivery/drain/settle.ts";
import { readSyncStatus } from "../delivery/status.ts";
import { type NotTaken, summaryOf } from "../delivery/drain/summary.ts";

/** What the interface works with. */
export interface AgentHttpParts {
  readonly world: World;
  readonly emitter: EventEmitter;
  readonly delivery: Delivery;
  /** How long one group of events may take to be recorded. */
  readonly timeoutMs: number;
  /** One of them is asked of every request where others reach the interface; undefined where none do. */
  readonly tokens: (() => Promise<readonly string[]>) | undefined;
  /** Called with each request that may be made. */
  readonly vouch?: (request: Request) => void;
}

const JSON_TYPE = { "content-type": "application/json" };

/** Makes the handler of all requests. */
export function agentHandler(
  parts: AgentHttpParts,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await answer(request, parts);
    } catch (error) {
      return failure(500, `the request failed: ${reasonOf(error)}`);
    }
  };
}

async function answer(
  request: Request,
  parts: AgentHttpParts,
): Promise<Response> {
  const shown = request.headers.get("authorization");
  if (parts.tokens && !isShown(await parts.tokens(), shown)) {
    return failure(
      401,
      "one of the agent's tokens is needed: SPEC_KITTY_AGENT_TOKEN, or the one in its agent.token",
    );
  }
  parts.vouch?.(request);
  // Browsers send it: no web page has a reason to talk to the agent.
  if (request.headers.has("origin")) return failure(403, "not for web pages");
  const { pathname, searchParams } = new URL(request.url);
  const routes: Record<string, [string, () => Promise<Response>]> = {
    [AGENT_PATHS.events]: [
      "POST",
      () => postEvents(request, parts, searchParams),
    ],
    [AGENT_PATHS.status]: ["GET", () => getStatus(parts)],
    [AGENT_PATHS.sync]: ["POST", () => postSync(parts, searchParams)],
    [AGENT_PATHS.health]: [
      "GET",
      () =>
        Promise.resolve(
          json({
            status: "ok",
            connection: parts.delivery.status,
            version: VERSION,
          }),
        ),
    ],
  };
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (!route) {
    return failure(
      404,
      `no such path; there are: ${Object.keys(routes).join(", ")}`,
    );
  }
  const [method, handle] = route;
  if (request.method !== method) {
    return failure(405, `${pathname} takes ${method}`, { allow: method });
  }
  return await handle();
}

/** How the drafts of a request are to be recorded. */
interface Recording {
  /** How long a group may take: as the agent is set, or less where its caller waits for less. */
  readonly timeoutMs: number;
  readonly options: GroupOptions;
}

type RecordingParts = AgentHttpParts & Recording;

/**
 * Reads how drafts are to be recorded.
 *
 * @returns undefined where that cannot be understood
 */
function recordingOf(
  { timeoutMs }: AgentHttpParts,
  query: URLSearchParams,
): Recording | undefined {
  const asked = Number(query.get("timeout_ms") ?? timeoutMs);
  const ids = query.get("ids"), wait = query.get("wait");
  const isGood = asked > 0 && asked <= TIMEOUT_MS_MAX &&
    (ids === null || ids === "new") && (wait === null || wait === "server");
  if (!isGood) return undefined;
  return {
    // One that waits for the server may wait for longer than recording takes.
    timeoutMs: wait ? asked : Math.min(asked, timeoutMs),
    options: {
      wait: wait !== null,
      handed: ids === null ? "again" : "new",
      isPrompt: true,
    },
  };
}

/**
 * Records one draft (JSON), or many (NDJSON), and answers with receipts: also
 * where the events were discarded, since that is the answer.
 */
async function postEvents(
  request: Request,
  agent: AgentHttpParts,
  query: URLSearchParams,
): Promise<Response> {
  const recording = recordingOf(agent, query);
  if (!recording) {
    return failure(
      400,
      "the query takes timeout_ms (a number of milliseconds up to a day), ids=new and wait=server",
    );
  }
  const parts = { ...agent, ...recording };
  const type = request.headers.get("content-type") ?? "";
  if (/ndjson|jsonl|json-lines/i.test(type)) {
    return new Response(receipts(request, parts), {
      headers: { "content-type": "application/x-ndjson" },
    });
  }
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readAll(request);
  } catch {
    return failure(400, "the body broke off");
  }
  if (isCloudEvent(request.headers)) {
    return await postCloud(request, bytes, parts);
  }
  const prepared = bytes
    ? parts.emitter.prepareText(bytes, { first: true })
    : { receipt: overlong };
  const [receipt] = await record([prepared], parts);
  return json(receipt);
}

/** Records CloudEvents, and answers with a receipt for each: in a list where they came in one. */
async function postCloud(
  request: Request,
  bytes: Uint8Array | undefined,
  parts: RecordingParts,
): Promise<Response> {
  if (!bytes) return json(overlong);
  const bound = readBinding(request.headers, bytes);
  if ("refusal" in bound) return failure(415, bound.refusal);
  const group = bound.events.map((event) => parts.emitter.prepareValue(event));
  const receipts = await record(group, parts);
  return json(bound.isList ? receipts : receipts[0]);
}

/** The receipts of a stream of drafts. A group is recorded when it is full, or as soon as no further line waits. */
function receipts(
  request: Request,
  parts: RecordingParts,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(receiptLines(request, parts))
    .pipeThrough(new TextEncoderStream());
}

async function* receiptLines(
  request: Request,
  parts: RecordingParts,
): AsyncGenerator<string> {
  const lines = new LineReader(readerOf(request));
  const newGroup = () => new DraftGroup(parts.emitter, overlong);
  let group = newGroup();
  const flush = async () => {
    const full = group;
    group = newGroup();
    return full.textOf(await record(full.prepared, parts));
  };
  for (;;) {
    const reading = lines.next();
    // It may fail while the group is being recorded; it is awaited below.
    reading.catch(() => {});
    if (!group.isEmpty && !await isReady(reading)) yield await flush();
    let some: Awaited<typeof reading>;
    try {
      some = await reading;
    } catch {
      // Nobody knows what was to come: without a receipt, its sender sends it again.
      return;
    }
    if (!some) break;
    for (const line of some) {
      group.add(line);
      if (group.isFull) yield await flush();
    }
  }
  if (!group.isEmpty) yield await flush();
}

function record(
  group: readonly Preparing[],
  { world, emitter, timeoutMs, options }: RecordingParts,
) {
  const deadline = Deadline.in(world.elapsedMs, timeoutMs);
  return emitter.recordGroup(group, deadline, options);
}

/** Of a draft too long to be looked at. */
const overlong = discardedReceipt([tooLarge]);

async function getStatus(
  { emitter, delivery }: AgentHttpParts,
): Promise<Response> {
  const home = emitter.home!;
  const queue = await openForDrain(home);
  const status = await readSyncStatus(home, queue, delivery.session!);
  return json({ ...status, connection: delivery.status });
}

/** Drains now. `timeout_ms` bounds it; each event that was not taken is named. */
async function postSync(
  { world, delivery }: AgentHttpParts,
  query: URLSearchParams,
): Promise<Response> {
  const asked = Number(query.get("timeout_ms") ?? SYNC_TIMEOUT_MS_DEFAULT);
  if (!(asked > 0 && asked <= TIMEOUT_MS_MAX)) {
    return failure(400, "timeout_ms is a number of milliseconds up to a day");
  }
  const failed: NotTaken[] = [];
  const result = await delivery.sync({
    deadline: Deadline.in(world.elapsedMs, asked),
    troublesMax: TROUBLES_MAX,
    onFailure: (event_id, { category, words }, fate) => {
      if (failed.length < SYNC_FAILURES_MAX) {
        failed.push({ event_id, category, message: words, fate });
      }
    },
  });
  if ("error" in result) return failure(409, result.error.message);
  return json({ ...summaryOf(result), failed });
}

/** The whole body; undefined where it is too large for a document. */
async function readAll(request: Request): Promise<Uint8Array | undefined> {
  const told = Number(request.headers.get("content-length") ?? NaN);
  // In one step: the server holds a body to the length that its head tells.
  if (told <= DOCUMENT_BYTES_MAX) return await request.bytes();
  const read = readerOf(request);
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  let size = 0;
  for (let count; (count = await read(buffer)) !== null;) {
    size += count;
    if (size > DOCUMENT_BYTES_MAX) return undefined;
    pieces.push(buffer.slice(0, count));
  }
  return joined(pieces);
}

/** A body as a reader of bytes. */
function readerOf(
  request: Request,
): (buffer: Uint8Array) => Promise<number | null> {
  const reader = request.body?.getReader();
  let rest: Uint8Array = new Uint8Array(0);
  return async (buffer) => {
    while (rest.length === 0) {
      const { value, done } = await reader?.read() ??
        { value: undefined, done: true };
      if (done) return null;
      rest = value;
    }
    const count = Math.min(rest.length, buffer.length);
    buffer.set(rest.subarray(0, count));
    rest = rest.subarray(count);
    return count;
  };
}

function json(document: unknown): Response {
  return new Response(oneLine(JSON.stringify(document)) + "\n", {
    headers: JSON_TYPE,
  });
}

function failure(
  status: number,
  error: string,
  headers: Record<string, string> = {},
): Response {
  const body = oneLine(JSON.stringify({ error })) + "\n";
  return new Response(body, { status, headers: { ...JSON_TYPE, ...headers } });
}
