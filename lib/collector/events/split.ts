/**
 * Takes a batch apart into its events, without parsing them: whatever is
 * wrong inside of one stays a matter of that one.
 *
 * @module
 */

import { BATCH_EVENTS_MAX } from "../../base/wire.ts";
import { HttpError } from "../http/http.ts";

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d;

/** A part of the body, from one position up to another. */
type Span = readonly [from: number, to: number];

/**
 * The events of `{"events": [...]}`, each as its own JSON text; undefined for
 * another body. Whether an event is JSON is left to who reads it. Of several
 * lists the last counts.
 *
 * @throws {HttpError} 413 for too many events
 */
export function splitBatch(body: Uint8Array): Uint8Array[] | undefined {
  const events = eventsOf(body);
  if (!events || !isBatchAround(body, events)) return undefined;
  return events.map(([from, to]) => body.subarray(from, to));
}

/** Whether the body is a batch once each event is replaced by a number: the events themselves are parsed only once. */
function isBatchAround(body: Uint8Array, events: readonly Span[]): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    let text = "", at = 0;
    for (const [from, to] of events) {
      text += decoder.decode(body.subarray(at, from)) + "0";
      at = to;
    }
    text += decoder.decode(body.subarray(at));
    const batch = JSON.parse(text);
    return Array.isArray(batch.events) &&
      batch.events.length === events.length;
  } catch {
    return false;
  }
}

function eventsOf(body: Uint8Array): Span[] | undefined {
  let events: Span[] | undefined;
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_BRACE) return undefined;
  do {
    at = skipSpace(body, at + 1);
    if (body[at] !== QUOTE) break;
    const nameEnd = endOfString(body, at);
    const isEvents = isNamedEvents(body.subarray(at, nameEnd));
    at = skipSpace(body, nameEnd);
    if (body[at] !== COLON) return undefined;
    at = skipSpace(body, at + 1);
    if (isEvents) events = elementsOf(body, at);
    at = skipSpace(body, endOfValue(body, at));
  } while (body[at] === COMMA);
  return events;
}

function isNamedEvents(name: Uint8Array): boolean {
  try {
    return JSON.parse(new TextDecoder().decode(name)) === "events";
  } catch {
    return false;
  }
}

function elementsOf(body: Uint8Array, start: number): Span[] | undefined {
  if (body[start] !== OPEN_BRACKET) return undefined;
  const spans: Span[] = [];
  let at = skipSpace(body, start + 1);
  if (body[at] === CLOSE_BRACKET) return spans;
  for (;;) {
    const end = endOfValue(body, at);
    if (end === at) return undefined;
    spans.push([at, end]);
    if (spans.length > BATCH_EVENTS_MAX) {
      throw new HttpError(
        413,
        `a batch holds at most ${BATCH_EVENTS_MAX} events`,
      );
    }
    at = skipSpace(body, end);
    if (body[at] === CLOSE_BRACKET) return spans;
    if (body[at] !== COMMA) return undefined;
    at = skipSpace(body, at + 1);
  }
}

function endOfValue(body: Uint8Array, start: number): number {
  let depth = 0, at = start;
  do {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfString(body, at);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      at++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      // At depth 0 it closes what is around the value.
      if (depth === 0) return at;
      depth--;
      at++;
    } else if (depth === 0) {
      return endOfWord(body, at);
    } else {
      at++;
    }
  } while (depth > 0 && at < body.length);
  return at;
}

/** The end of a number, `true`, `false` or `null`. */
function endOfWord(body: Uint8Array, start: number): number {
  let at = start;
  while (at < body.length && !isSpace(body[at]) && !isMark(body[at]!)) at++;
  return at;
}

function isMark(byte: number): boolean {
  return byte === COMMA || byte === COLON || byte === QUOTE ||
    byte === CLOSE_BRACE || byte === CLOSE_BRACKET ||
    byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) {
    at += body[at] === BACKSLASH ? 2 : 1;
  }
  return Math.min(at + 1, body.length);
}

function skipSpace(body: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(body[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
