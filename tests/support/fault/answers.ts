/** Faults of a server: answers that it should not give, or gives too seldom. */

import {
  type BatchEvent,
  type Exchange,
  type Fault,
  pick,
  type Range,
  shuffled,
} from "./fault.ts";
import {
  type Answer,
  decoded,
  jsonOf,
  madeAnswer,
  requestWith,
} from "./http.ts";

/** An answer that a test makes up; a body that is not text or bytes becomes JSON. */
export interface AnswerSpec {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** One entry of a batch answer's `results`. */
export interface Result {
  readonly event_id: string;
  readonly status: string;
  readonly [field: string]: unknown;
}

/** Whether a fault concerns an event. */
export type EventPredicate = (event: BatchEvent) => boolean;

/** Answers that say nothing about any event. */
export const TROUBLES = {
  html500: {
    status: 500,
    headers: { "content-type": "text/html" },
    body: "<html><body><h1>Server Error (500)</h1></body></html>",
  },
  badGateway: { status: 502, body: "Bad Gateway" },
  unavailable: { status: 503, headers: { "retry-after": "0" } },
  tooMany: { status: 429, headers: { "retry-after": "0" } },
  redirect: { status: 302, headers: { location: "/elsewhere" } },
  noContent: { status: 204 },
  noBody: { status: 200 },
  noJson: {
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<html>Welcome to this network</html>",
  },
  otherJson: { status: 200, body: [1, null, "results"] },
  noResults: { status: 200, body: {} },
  emptyResults: { status: 200, body: { results: [] } },
  garbageResults: {
    status: 200,
    body: { results: [null, 1, "x", {}, { event_id: 7, status: {} }] },
  },
} as const satisfies Record<string, AnswerSpec>;

/** Answers in place of the server, which gets nothing. */
export function answer({ status, headers, body }: AnswerSpec): Fault {
  return {
    name: `answer ${status}`,
    request: () => madeAnswer(status, headers, body),
  };
}

/** Answers 413 where the body, encoded as it is, has more bytes. */
export function limitBody(bytes: number): Fault {
  return {
    ...answer({ status: 413, body: { error: "too large" } }),
    name: "limitBody",
    applies: ({ content }) => content.length > bytes,
  };
}

/** Answers 413 where a batch has more events. */
export function limitEvents(count: number): Fault {
  return {
    ...answer({ status: 413, body: { error: "too many events" } }),
    name: "limitEvents",
    applies: ({ events = [] }) => events.length > count,
  };
}

/** Answers 400 for a whole batch because of any such event, and names none. */
export function poison(predicate: EventPredicate): Fault {
  return {
    ...answer({ status: 400, body: { error: "bad batch" } }),
    name: "poison",
    applies: ({ events = [] }) => events.some(predicate),
  };
}

/** Answers 400 for a whole batch because of such events, and names them. */
export function poisonDetails(
  predicate: EventPredicate,
  options: { readonly asText?: boolean } = {},
): Fault {
  return {
    name: "poisonDetails",
    applies: ({ events = [] }) => events.some(predicate),
    request({ events = [] }) {
      const details = events.filter(predicate).map(({ event_id }) => (
        { event_id, status: "rejected", error_message: "poison" }
      ));
      return madeAnswer(400, {}, {
        error: "bad batch",
        details: options.asText ? JSON.stringify(details) : details,
      });
    },
  };
}

/** Keeps such events from the server, and says in the results: rejected. */
export function reject(predicate: EventPredicate): Fault {
  const rejected = (event: BatchEvent): Result => ({
    event_id: event.event_id,
    status: "rejected",
    error_message: "refused on the way",
  });
  return {
    name: "reject",
    applies: ({ events = [] }) => events.some(predicate),
    request(exchange) {
      const { events = [], head } = exchange;
      const rest = events.filter((event) => !predicate(event));
      if (rest.length === 0) {
        return madeAnswer(200, {}, { results: [] });
      }
      exchange.wire = requestWith(head, { events: rest });
      return undefined;
    },
    answer: (given, exchange) =>
      withResults(given, (results) => [
        ...(exchange.events ?? []).filter(predicate).map(rejected),
        ...results,
      ]),
  };
}

/** Names each event twice. */
export function duplicateResults(): Fault {
  return change("duplicateResults", (results) => [...results, ...results]);
}

/** Names the events from the last to the first. */
export function reverseResults(): Fault {
  return change("reverseResults", (results) => results.toReversed());
}

/** Names the events in any order. */
export function shuffleResults(): Fault {
  return change(
    "shuffleResults",
    (results, { random }) => shuffled(results, random),
  );
}

/** Leaves out such a share of the results. */
export function dropResults(share: number): Fault {
  return change(
    "dropResults",
    (results, { random }) => results.filter(() => random() >= share),
  );
}

/** Names events that nobody sent in place of such a share of those sent. */
export function wrongIds(share = 1): Fault {
  return each("wrongIds", share, (result, random) => [
    { ...result, event_id: strangeId(random) },
  ]);
}

/** Names so many more events that nobody sent. */
export function extraIds(count: Range = 1): Fault {
  return change("extraIds", (results, { random }) => [
    ...Array.from({ length: pick(count, random) }, () => (
      { event_id: strangeId(random), status: "success" }
    )),
    ...results,
  ]);
}

/** Says of such a share of the events a word that nobody knows. */
export function unknownWord(word: string, share = 1): Fault {
  return each("unknownWord", share, (result) => [{ ...result, status: word }]);
}

/** Says of such a share of the events that they are rejected, then the truth. */
export function contradict(share = 1): Fault {
  return each("contradict", share, (result) => [
    { ...result, status: "rejected", error_message: "or not" },
    result,
  ]);
}

type Change = (results: readonly Result[], exchange: Exchange) => Result[];

function change(name: string, how: Change): Fault {
  return {
    name,
    applies: ({ events }) => events !== undefined,
    answer: (given, exchange) =>
      withResults(given, (results) => how(results, exchange)),
  };
}

function each(
  name: string,
  share: number,
  how: (result: Result, random: () => number) => Result[],
): Fault {
  return change(
    name,
    (results, { random }) =>
      results.flatMap((result) =>
        random() < share ? how(result, random) : [result]
      ),
  );
}

/** An answer with other results; one without any stays as it is. */
async function withResults(
  given: Answer,
  how: (results: readonly Result[]) => Result[],
): Promise<Answer> {
  const json = jsonOf(await decoded(given.headers, given.content));
  const found = (json as { results?: Result[] } | null | undefined)?.results;
  if (!Array.isArray(found)) return given;
  const results = how(found);
  return madeAnswer(given.status, given.headers, {
    ...json as object,
    results,
  });
}

function strangeId(random: () => number): string {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const digit = () => digits[Math.floor(random() * digits.length)];
  return `01${Array.from({ length: 24 }, digit).join("")}`;
}
