/**
 * Events as they come from outside or from a file, whatever their contract:
 * an envelope, a row, a row with its contract and team beside it, or a row in
 * the frame that a queue keeps it in.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import type { Problem } from "../base/problem.ts";
import { checkEnvelope, type Envelope } from "../contract/contract.ts";
import { merged, readEnvelope } from "../contract/read.ts";
import { encode, type StampedEvent } from "./event.ts";
import { documentOf, isFramed, storedOf, WORK_PACKAGES } from "./stored.ts";

/** What is known of the reader. */
export interface ReaderPlace {
  readonly home: string | undefined;
  /** Of a row that has none beside it. */
  readonly teamSlug: string;
}

/** An event, or what is wrong with it; with the object that could be read either way. */
export type ReadEvent =
  & { readonly value?: JsonObject | undefined }
  & (
    | {
      readonly event: StampedEvent;
      readonly document: JsonObject;
      readonly problems?: never;
    }
    | { readonly problems: readonly Problem[]; readonly event?: never }
  );

/** Reads an event that came as JSON text in UTF-8. */
export async function readEvent(
  bytes: Uint8Array,
  { home, teamSlug }: ReaderPlace,
  options?: { first?: boolean },
): Promise<ReadEvent> {
  if (isFramed(bytes)) return await readFramed(bytes, home);
  const { envelope, problems, value, row } = readEnvelope(bytes, options);
  if (!row) {
    return envelope
      ? { ...whole(envelope), value }
      : { problems: problems!, value };
  }
  if (row.value.contract === WORK_PACKAGES.name) {
    const read = checkEnvelope(row.value.event);
    const all = merged(read.problems, row.textProblems);
    return read.envelope && all.length === 0
      ? { ...whole(read.envelope), value }
      : { problems: all, value };
  }
  const rows = await import("./rows.ts");
  const contracts = await rows.openContracts(home);
  const read = rows.readRow(contracts, row.value, teamSlug);
  const all = merged(read.problems, row.textProblems);
  return read.event && all.length === 0
    ? { event: read.event, document: read.document, value }
    : { problems: all, value };
}

function whole(envelope: Envelope) {
  return { event: encode(envelope), document: { ...envelope } };
}

/** A row as a queue keeps it, in its frame. */
async function readFramed(
  bytes: Uint8Array,
  home: string | undefined,
): Promise<ReadEvent> {
  try {
    const { team_slug } = storedOf(bytes, "");
    return await readEvent(documentOf(bytes), { home, teamSlug: team_slug });
  } catch {
    return {
      problems: [{ path: "", expected: "a JSON object", found: "invalid" }],
    };
  }
}
