/** Faults on the way of a drain, and what each has to come to. */

import { PATHS } from "../../lib/base/wire.ts";
import type { Trial } from "./delivery_trial.ts";
import type {
  BatchEvent,
  Exchange,
  Fault,
  Injected,
  InjectOptions,
} from "./fault/fault.ts";
import {
  answer,
  contradict,
  dropResults,
  duplicateResults,
  extraIds,
  limitBody,
  limitEvents,
  poison,
  poisonDetails,
  reject,
  reverseResults,
  shuffleResults,
  TROUBLES,
  unknownWord,
  wrongIds,
} from "./fault/answers.ts";
import {
  blackHole,
  cut,
  deliveredButLost,
  drip,
  halfOpen,
  latency,
  replay,
  reset,
  silentAccept,
} from "./fault/pipe.ts";
import { mayReset } from "./fault/reset.ts";

/** Events that a trial records before the fault. */
export const COUNT = 40;

/** What a drain under a fault has to come to. */
export interface Outcome {
  readonly code: number;
  readonly end: string;
  /** Events that are still queued; undefined: some, but not all. */
  readonly left: number | undefined;
  readonly dead: number;
  readonly timeout?: string;
}

/** Nothing where the fault is no request's. */
type Injecting = Injected | Promise<Injected | void>;

/** A fault and its outcome; the name says both. */
export interface Row {
  readonly name: string;
  readonly outcome: Outcome;
  readonly inject: (trial: Trial, ids: readonly string[]) => Injecting;
}

const DELIVERED: Outcome = { code: 0, end: "drained", left: 0, dead: 0 };
const TROUBLE: Outcome = { code: 69, end: "trouble", left: COUNT, dead: 0 };
const SILENCE: Outcome = { ...TROUBLE, timeout: "2s" };
/** The server said nothing good of some events; each has one attempt less. */
const SOME: Outcome = { code: 69, end: "drained", left: undefined, dead: 0 };
const ONE_DEAD: Outcome = { code: 65, end: "drained", left: 0, dead: 1 };

const BATCH: InjectOptions = { path: PATHS.batch };
const ONCE: InjectOptions = { path: PATHS.batch, times: 1 };

function row(
  name: string,
  fault: Fault,
  options: InjectOptions,
  outcome: Outcome,
): Row {
  const becomes = outcome.left === 0
    ? "all delivered"
    : outcome.end === "drained"
    ? "left for another attempt"
    : "trouble, nothing lost";
  return {
    name: `${name} -> ${becomes}`,
    outcome,
    inject: ({ proxy }) => proxy.inject(fault, options),
  };
}

/** Both: it passes, or it stays. */
function passingOrNot(
  name: string,
  fault: Fault,
  stays: Outcome = TROUBLE,
): Row[] {
  return [
    row(`${name} once`, fault, ONCE, DELIVERED),
    row(`${name} always`, fault, BATCH, stays),
  ];
}

const network: readonly Row[] = [
  row("latency", latency([5, 60]), {}, DELIVERED),
  row("drip", drip(), ONCE, DELIVERED),
  row("replay", replay(), BATCH, DELIVERED),
  ...passingOrNot("cut request", cut("request")),
  ...passingOrNot("cut answer", cut("answer")),
  ...passingOrNot("lost answer", deliveredButLost()),
  ...(mayReset ? passingOrNot("reset", reset()) : []),
  row("black hole", blackHole(), BATCH, SILENCE),
  row("half open", halfOpen(), BATCH, SILENCE),
  row("half open after some bytes", halfOpen([1, 200]), BATCH, SILENCE),
  row("silent accept", silentAccept(), {}, SILENCE),
  {
    name: "refuse -> trouble, nothing lost",
    outcome: TROUBLE,
    inject: ({ proxy }) => proxy.refuse(),
  },
  {
    name: "freeze in mid request, as by a sleep -> trouble, nothing lost",
    outcome: SILENCE,
    inject: ({ proxy }) =>
      proxy.inject({ name: "freeze", request: () => proxy.freeze() }, BATCH),
  },
];

const answers: readonly Row[] = [
  row("duplicate results", duplicateResults(), BATCH, DELIVERED),
  row("reversed results", reverseResults(), BATCH, DELIVERED),
  row("shuffled results", shuffleResults(), BATCH, DELIVERED),
  row("extra ids", extraIds([1, 5]), BATCH, DELIVERED),
  row("contradictions", contradict(0.5), BATCH, DELIVERED),
  row("dropped results", dropResults(0.5), BATCH, SOME),
  row("some wrong ids", wrongIds(0.5), BATCH, SOME),
  row("some unknown words", unknownWord("pending", 0.5), BATCH, SOME),
  row("unknown words", unknownWord("pending"), BATCH, { ...SOME, left: COUNT }),
  ...passingOrNot("wrong ids", wrongIds()),
  ...Object.entries(TROUBLES).flatMap(([name, spec]) =>
    passingOrNot(`answer ${name}`, answer(spec))
  ),
  row(
    "unavailable for long",
    answer({ status: 503, headers: { "retry-after": "600" } }),
    BATCH,
    TROUBLE,
  ),
  row(
    "too many requests for a moment",
    {
      ...answer({ status: 429, headers: { "retry-after": "1" } }),
    },
    ONCE,
    DELIVERED,
  ),
  row("forbidden", answer({ status: 403, body: { error: "no" } }), BATCH, {
    ...TROUBLE,
    code: 77,
    end: "forbidden",
  }),
  row("client too old", answer({ status: 412 }), BATCH, {
    ...TROUBLE,
    end: "outdated",
  }),
  row("too many events at once", limitEvents(7), BATCH, DELIVERED),
  row("too many bytes at once", limitBody(400), BATCH, DELIVERED),
  row("every event too large", limitBody(10), BATCH, TROUBLE),
];

const culprits: readonly Row[] = [
  {
    name: "one event too large -> it alone is a dead letter",
    outcome: ONE_DEAD,
    async inject(trial) {
      const noise = crypto.getRandomValues(new Uint8Array(60_000));
      await trial.emit(1, () => noise.toHex());
      return trial.proxy.inject(limitBody(50_000), BATCH);
    },
  },
  {
    name: "poison without a name -> it alone is a dead letter",
    outcome: ONE_DEAD,
    inject: ({ proxy }, ids) => proxy.inject(poison(is(ids[17]!)), BATCH),
  },
  {
    name: "poison everywhere -> trouble, nothing lost",
    outcome: TROUBLE,
    inject: ({ proxy }) => proxy.inject(poison(() => true), BATCH),
  },
  {
    name: "poison that is named -> it alone is a dead letter",
    outcome: ONE_DEAD,
    inject: ({ proxy }, ids) => proxy.inject(poisonDetails(is(ids[0]!)), BATCH),
  },
  {
    name: "poison that is named in a text -> it alone is a dead letter",
    outcome: ONE_DEAD,
    inject: ({ proxy }, ids) =>
      proxy.inject(poisonDetails(is(ids.at(-1)!), { asText: true }), BATCH),
  },
  {
    name: "an event rejected -> it alone is a dead letter",
    outcome: ONE_DEAD,
    inject: ({ proxy }, ids) => proxy.inject(reject(is(ids[5]!)), BATCH),
  },
];

function is(id: string) {
  return ({ event_id }: BatchEvent) => event_id === id;
}

function isGroup({ events = [] }: Exchange): boolean {
  return events.length > 1;
}

/** Those that leave all connections whole: that the program ends by itself is no question there. */
export const WHOLE: ReadonlySet<Row> = new Set(answers);

/** All of them. */
export const ROWS: readonly Row[] = [...network, ...answers, ...culprits];

/** Faults for mixtures: none that may end an event. */
export const MIXED: readonly (() => [Fault, InjectOptions])[] = [
  () => [latency([1, 30]), {}],
  () => [drip(), { probability: 0.3 }],
  () => [replay(), {}],
  () => [cut("request"), { ...BATCH, probability: 0.4 }],
  () => [cut("answer"), { ...BATCH, probability: 0.4 }],
  () => [deliveredButLost(), { ...BATCH, probability: 0.4 }],
  () => [deliveredButLost(), { path: PATHS.refresh, times: 1 }],
  () => [reset(), { ...BATCH, probability: 0.4 }],
  () => [halfOpen([0, 300]), { ...BATCH, probability: 0.2 }],
  () => [duplicateResults(), {}],
  () => [shuffleResults(), {}],
  () => [extraIds([1, 9]), {}],
  () => [wrongIds(), { probability: 0.5 }],
  () => [contradict(0.5), {}],
  () => [limitEvents(13), { probability: 0.5 }],
  // Never an event alone: it would be taken for the culprit.
  () => [{ ...poison(() => true), applies: isGroup }, { probability: 0.2 }],
  () => [answer({ status: 401 }), { ...BATCH, times: 1 }],
  () => [answer(TROUBLES.unavailable), { probability: 0.4, ...BATCH }],
  () => [answer(TROUBLES.html500), { probability: 0.4, ...BATCH }],
  () => [answer(TROUBLES.noContent), { probability: 0.4, ...BATCH }],
  () => [answer(TROUBLES.garbageResults), { probability: 0.4, ...BATCH }],
];
