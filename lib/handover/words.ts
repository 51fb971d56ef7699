/**
 * What an agent's answer says of each draft that was handed to it.
 *
 * @module
 */

import type { Problem } from "../base/problem.ts";
import { saidIn } from "../base/said.ts";
import type { RenderedDraft } from "../event/event.ts";
import type { Receipt, ReceiptStatus } from "../event/receipt.ts";
import type { RawAnswer } from "./answer_reader.ts";

/** What became of a draft at the agent. */
export type Word =
  /** The agent keeps it, or says why nobody ever will. */
  | { readonly kind: "settled"; readonly receipt: Receipt }
  /** It is still this home's; `why` stands behind the agent's address. */
  | {
    readonly kind: "open";
    readonly why: string;
    /** Whether another try, soon, may go better. */
    readonly mayPass: boolean;
  };

/** A word that settles nothing. */
type Open = Extract<Word, { readonly kind: "open" }>;

/** Behind the address of an agent that is asked the wrong way. */
export const SPEAKS_TLS = "speaks TLS: ask it by https://, not by http://";
export const SPEAKS_NO_TLS =
  "speaks no TLS: ask it by http://, not by https://";

/** What agents, and other servers of TLS, say in plain HTTP to a request that is plain. */
const TLS_WANTED = /speaks TLS|to (?:an )?HTTPS (?:port|server)/;

/** Statuses with which the event is at the agent. */
const KEPT: ReadonlySet<ReceiptStatus> = new Set(
  ["delivered", "queued", "spooled", "known"],
);

/** Longest warning of an agent that is told on. */
const WARNING_CHARS_MAX = 500;

/**
 * Reads the words for drafts, in their order. Of an answer that broke off,
 * those that came count.
 *
 * @param via the agent's address, for the receipts
 */
export function wordsIn(
  answer: RawAnswer,
  drafts: readonly RenderedDraft[],
  via: string,
): Word[] {
  const refusal = refusalOf(answer);
  if (refusal) return drafts.map(() => refusal);
  const told = new Map<number, Record<string, unknown>>();
  for (const text of answer.body.split("\n")) {
    const document = parsed(text);
    // The receipt of a single draft has no line.
    const line = drafts.length === 1 ? 1 : document?.line;
    if (document && typeof line === "number") told.set(line, document);
  }
  if (answer.isWhole && told.size === 0) {
    const none = open("is another program: it answers without receipts");
    return drafts.map(() => none);
  }
  const broken = open("broke off its answer", true);
  return drafts.map((draft, i) => {
    const document = told.get(i + 1);
    return document ? wordOf(document, draft, via) : broken;
  });
}

/** What keeps an answer from being one of an agent. */
function refusalOf(
  { status, contentType, body }: RawAnswer,
): Open | undefined {
  if (status === 400 && TLS_WANTED.test(body)) return open(SPEAKS_TLS);
  if (status === 401 || status === 403) {
    return open(`refuses the token (status ${status})`);
  }
  if (status >= 300 && status < 400) {
    return open(`redirects (status ${status}), which is not followed`);
  }
  if (status >= 500 || status === 429) {
    const said = saidIn(parsed(body));
    return open(
      `is in trouble (status ${status}${said ? `: ${said}` : ""})`,
      true,
    );
  }
  if (status !== 200) {
    return open(`is another program: it answers with status ${status}`);
  }
  return /^application\/(?:x-nd)?json\b/.test(contentType)
    ? undefined
    : open("is another program: it answers without receipts");
}

/** What an agent says of itself. */
export interface AgentHealth {
  /** How it is connected to its server. */
  readonly connection: string;
  readonly version: string;
}

/**
 * Reads what an agent says of itself.
 *
 * @returns behind its address, why it is none
 */
export function healthIn(
  answer: RawAnswer,
): AgentHealth | { readonly why: string } {
  const refusal = refusalOf(answer);
  if (refusal) return refusal;
  const { status, connection, version } = parsed(answer.body) ?? {};
  const isAgent = status === "ok" && typeof connection === "string";
  if (!isAgent) return { why: "is another program: it says nothing of itself" };
  return {
    connection: connection.slice(0, 40),
    version: typeof version === "string" ? version.slice(0, 40) : "unknown",
  };
}

function wordOf(
  document: Record<string, unknown>,
  { event_id, event_type }: RenderedDraft,
  via: string,
): Word {
  const { status, lamport_clock: clock, warning: said, problems } = document;
  const warning = typeof said === "string"
    ? { warning: said.slice(0, WARNING_CHARS_MAX).toWellFormed() }
    : {};
  if (KEPT.has(status as ReceiptStatus) && document.event_id === event_id) {
    const receipt: Receipt = {
      event_type,
      event_id,
      lamport_clock: typeof clock === "number" ? clock : null,
      status: status as ReceiptStatus,
      ...warning,
      via,
    };
    return { kind: "settled", receipt };
  }
  switch (status) {
    case "discarded": {
      const flaws = problemsIn(problems);
      // The draft would be gone for a word that any program may say.
      if (flaws.length === 0 && document.event_id !== event_id) break;
      const receipt: Receipt = {
        event_type,
        event_id: null,
        lamport_clock: null,
        status,
        problems: flaws,
        ...warning,
        via,
      };
      return { kind: "settled", receipt };
    }
    case "refused":
      return open("takes no more: its queue is full");
    case "lost":
      return open(`could keep nothing${reasonFrom(warning.warning)}`, true);
    case "disabled":
      return open("records nothing: SPEC_KITTY_DISABLED is set there");
  }
  return open("is another program: it answers without receipts");
}

/** Why an agent could keep nothing, as a part of a sentence. */
function reasonFrom(said: string | undefined): string {
  const reason = said?.replace("nothing could be kept: ", "");
  return reason ? `: ${reason}` : "";
}

function open(why: string, mayPass = false): Open {
  return { kind: "open", why, mayPass };
}

function problemsIn(given: unknown): Problem[] {
  if (!Array.isArray(given)) return [];
  return given.filter((problem): problem is Problem =>
    ["path", "expected", "found"]
      .every((name) => typeof problem?.[name] === "string")
  );
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
