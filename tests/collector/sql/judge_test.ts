/** What becomes of offers, also where an earlier try was committed without an answer. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { judge, type Verdict } from "../../../lib/collector/sql/judge.ts";
import type { Found, Offer } from "../../../lib/collector/sql/offers.ts";
import { incomingOf } from "../../support/events.ts";

const [A, B, C, D] = [1, 2, 3, 4].map((n) => incomingOf(n)) as [
  ...[IncomingEvent, IncomingEvent],
  ...[IncomingEvent, IncomingEvent],
];

/** Judges offers, where these events are stored by this collector, one behind the other. */
function judged(
  offers: readonly Offer[],
  stored: readonly IncomingEvent[],
  triedFrom?: number,
): Verdict {
  const count = stored.length;
  const found: Found = {
    team: {
      ...{
        next: count,
        highest: 0,
        first: 0,
        events: count,
        bytes: 0,
        turn: 0,
      },
    },
    tx: "1",
    known: new Map(
      stored.map(({ event_id, document }, position) => [
        event_id,
        { document, position, isMine: true },
      ]),
    ),
    news: new Map(),
    states: new Map(),
    told: new Map(),
  };
  const parts = { team: "alpha", collector: 7, nowMs: 0, triedFrom };
  return judge(offers, found, { ...parts, trying() {} });
}

/** Each outcome in short: what is answered, and what is told from which position on. */
const shown = ({ outcomes }: Verdict) =>
  outcomes.map((outcome) =>
    "refusal" in outcome ? "refused" : [
      outcome.admission.events.map(({ kind }) => kind).join(),
      ...outcome.runs.map(({ first, events }) =>
        [first, ...events.map(({ lamport_clock }) => lamport_clock)].join(" ")
      ),
    ].join("; ")
  );

Deno.test("judge: an offer was refused, and the answer to the commit lost -> refused again, and its event told as that of the other", () => {
  const quota = { events: 1 };
  const offers = [{ events: [A, B], quota }, { events: [B], quota }];
  const once = judged(offers, []), twice = judged(offers, [B], 0);
  const [, b] = [A, B].map(({ lamport_clock }) => lamport_clock);
  deepStrictEqual(shown(once), ["refused", `stored; 0 ${b}`]);
  deepStrictEqual(shown(twice), shown(once));
  strictEqual(once.fresh.length, 1);
  strictEqual(twice.fresh.length, 0);
});

Deno.test("judge: a quota that is full by what the lost try has stored -> the same answers as without the loss", () => {
  const quota = { events: 3 };
  const offers = [{ events: [A, B], quota }, { events: [B, C], quota }];
  const once = judged(offers, []), twice = judged(offers, [A, B, C], 0);
  deepStrictEqual(shown(twice), shown(once));
  deepStrictEqual(twice.fresh, []);
});

Deno.test("judge: some of an offer stored by the lost try, and room for the rest by now -> each told at its own position", () => {
  const offers = [{ events: [A, D, C], quota: { events: 5 } }, {
    events: [B, C],
  }];
  const verdict = judged(offers, [B, C, incomingOf(9)], 0);
  const [a, b, c, d] = [A, B, C, D].map(({ lamport_clock }) => lamport_clock);
  deepStrictEqual(shown(verdict), [
    `stored,stored,stored; 1 ${c}; 3 ${a} ${d}`,
    `stored,duplicate; 0 ${b}`,
  ]);
  deepStrictEqual(verdict.fresh, [A, D]);
  deepStrictEqual(
    shown(judged([{ ...offers[0]!, quota: { events: 4 } }], [B, C], 0)),
    [`stored,stored,stored; 1 ${c} ${a} ${d}`],
  );
  deepStrictEqual(
    shown(judged([{ ...offers[0]!, quota: { events: 3 } }], [B, C], 0)),
    ["refused"],
  );
});
