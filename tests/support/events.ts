/** Valid drafts and events, as plain as possible. */

import type { IncomingEvent } from "../../lib/collector/events/event_log.ts";
import {
  checkDraft,
  checkEnvelope,
  type Draft,
  type Envelope,
  type ValidDraft,
} from "../../lib/contract/contract.ts";
import {
  complete,
  type CompleteDraft,
  encode,
  render,
  type RenderedDraft,
  type StampedEvent,
} from "../../lib/event/event.ts";
import { stampedRow } from "../../lib/event/row_event.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The n-th of a row of ULIDs, in their order. */
export function idOf(n: number): string {
  let digits = "";
  for (let rest = n, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) {
    digits = ALPHABET[rest % 32] + digits;
  }
  return `01KGHZ3D6R000000${digits}`;
}

/** A draft of one status change; `fields` are put over it. */
export function draftOf(
  fields: Record<string, unknown> = {},
  payload: Record<string, unknown> = {},
): Draft {
  return {
    event_type: "WPStatusChanged",
    payload: {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      ...payload,
    },
    ...fields,
  } as unknown as Draft;
}

/** A draft that the contract has checked. */
export function validDraftOf(
  fields: Record<string, unknown> = {},
  payload: Record<string, unknown> = {},
): ValidDraft {
  const { draft, problems } = checkDraft(draftOf(fields, payload));
  if (!draft) throw new Error(`no valid draft: ${JSON.stringify(problems)}`);
  return draft;
}

/** A draft with its id, time and team. */
export function completeDraftOf(
  event_id: string,
  payload: Record<string, unknown> = {},
  fields: Record<string, unknown> = {},
): CompleteDraft {
  return complete(validDraftOf({ event_id, ...fields }, payload), {
    newId: () => event_id,
    nowMs: Date.UTC(2026, 1, 3, 12),
    teamSlug: "local",
    project: {},
  });
}

/** The same, written out but for its clock value. */
export function renderedDraftOf(
  ...args: Parameters<typeof completeDraftOf>
): RenderedDraft {
  return render(completeDraftOf(...args), "0123456789ab");
}

/** What a test says of an event; the rest is ordinary. */
export interface EventOptions {
  readonly clock?: number;
  readonly node?: string;
  readonly team?: string;
  readonly type?: "WPStatusChanged" | "HistoryAdded";
  /** Size of the envelope in UTF-8. */
  readonly size?: number;
}

/** An event as it is stored, and its envelope. */
export type TestEvent = StampedEvent & { readonly envelope: Envelope };

/** The n-th of a row of events. */
export function eventOf(n: number, options: EventOptions = {}): TestEvent {
  const { clock = n, node = "9f86d081884c", team = "local", size } = options;
  const fields = { event_id: idOf(n), team_slug: team };
  const draft = options.type === "HistoryAdded"
    ? checkDraft({
      event_type: "HistoryAdded",
      payload: {
        wp_id: "WP01",
        entry_type: "note",
        entry_content: "x",
        author: "user",
      },
      ...fields,
    }).draft!
    : validDraftOf(fields, { changed_by: "user" });
  const full = { ...draft, timestamp: timeOf(n) } as CompleteDraft;
  const made = withEnvelope(render(full, node).stamp(clock));
  const event = size === undefined ? made : padded(made.envelope, size);
  const { problems } = checkEnvelope(event.envelope);
  if (problems) throw new Error(`no valid event: ${JSON.stringify(problems)}`);
  return event;
}

function withEnvelope(event: StampedEvent): TestEvent {
  const envelope = JSON.parse(new TextDecoder().decode(event.bytes));
  return { ...event, envelope };
}

function timeOf(n: number): string {
  return new Date(Date.UTC(2026, 1, 3, 12) + n * 1000).toISOString();
}

/** The event with a text in its payload that makes it so many bytes large. */
function padded(envelope: Envelope, size: number): TestEvent {
  const withPad = (pad: string) => {
    const payload = { ...envelope.payload, pad };
    return withEnvelope(
      encode({ ...envelope, payload } as unknown as Envelope),
    );
  };
  // Letters of one, two, three and four bytes, so that chunks end inside of some.
  const mixed = "aé€😀";
  const room = size - withPad("").bytes.length;
  if (room < 0) throw new Error(`an event has at least ${size - room} bytes`);
  return withPad(
    "x".repeat(room % 10) + mixed.repeat(Math.floor(room / 10)),
  );
}

/** The same as a collector takes it in. */
export function incomingOf(
  n: number,
  options: EventOptions = {},
): IncomingEvent {
  const { envelope } = eventOf(n, options);
  return { ...encode(envelope), document: { ...envelope } };
}

/** The n-th row of a contract that was added, as it comes in. */
export function incomingRowOf(
  n: number,
  { source = "/builds/1", node = "one", clock = n }: {
    readonly source?: string;
    readonly node?: string;
    readonly clock?: number;
  } = {},
): IncomingEvent {
  const document = {
    specversion: "1.0",
    type: "org.example.done.v1",
    source,
    id: idOf(n),
    time: "2026-02-03T12:00:00Z",
    lamportclock: clock,
    nodeid: node,
  };
  const contract = { name: "done", version: "1" };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return { ...stampedRow(document, contract, ""), bytes, document };
}
