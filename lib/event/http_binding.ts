/**
 * CloudEvents as they come over HTTP: in one document, many in a list, or in
 * headers beside the data (HTTP binding of CloudEvents 1.0.2).
 *
 * @module
 */

import { isJsonObject, type JsonObject, parseDocument } from "../base/json.ts";

/** The events of a request, or why it has none. */
export type Bound =
  | { readonly events: readonly JsonObject[]; readonly isList: boolean }
  | { readonly refusal: string };

/** Attributes that are numbers, which headers cannot tell from texts. */
const NUMBERS: ReadonlySet<string> = new Set(["lamportclock"]);

/** Whether a request holds CloudEvents, by its headers. */
export function isCloudEvent(headers: Headers): boolean {
  return headers.has("ce-specversion") || mediaType(headers)
    .startsWith("application/cloudevents");
}

/** Reads the events of a request. */
export function readBinding(headers: Headers, body: Uint8Array): Bound {
  switch (mediaType(headers)) {
    case "application/cloudevents+json": {
      const { value, problems } = parseDocument(body);
      return value && !problems
        ? { events: [value], isList: false }
        : { refusal: "the body is not one event in JSON" };
    }
    case "application/cloudevents-batch+json":
      return readList(body);
    default:
      return headers.has("ce-specversion")
        ? readBinary(headers, body)
        : { refusal: "the request has no CloudEvents in JSON" };
  }
}

function mediaType(headers: Headers): string {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}

function readList(body: Uint8Array): Bound {
  const refusal = "the body is not a list of events in JSON";
  const around = new Uint8Array(body.length + LIST_HEAD.length + 1);
  around.set(LIST_HEAD);
  around.set(body, LIST_HEAD.length);
  around[around.length - 1] = CLOSING_BRACE;
  // The one strict reader takes objects: it finds what JSON parsing would change.
  const { value, problems } = parseDocument(around);
  const list = value?.events;
  const isGood = !problems && Array.isArray(list) && list.every(isJsonObject);
  return isGood ? { events: list, isList: true } : { refusal };
}

const LIST_HEAD = new TextEncoder().encode('{"events":'), CLOSING_BRACE = 0x7d;

function readBinary(headers: Headers, body: Uint8Array): Bound {
  const event: JsonObject = {};
  for (const [name, value] of headers) {
    if (!name.startsWith("ce-")) continue;
    const attribute = name.slice("ce-".length), text = decoded(value);
    const isNumber = NUMBERS.has(attribute) && /^-?\d{1,15}$/.test(text);
    event[attribute] = isNumber ? Number(text) : text;
  }
  const type = mediaType(headers);
  if (type !== "" && !/^application\/(?:[\w.-]+\+)?json$/.test(type)) {
    return { refusal: "the data is not JSON" };
  }
  event.datacontenttype = "application/json";
  const { value, problems } = parseDocument(body);
  if (!value || problems) return { refusal: "the data is not a JSON object" };
  event.data = value;
  return { events: [event], isList: false };
}

/** A header's value, in which other letters are percent-encoded. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
