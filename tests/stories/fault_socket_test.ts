/**
 * An agent whose WebSocket fails: what is recorded arrives nevertheless, once,
 * by another connection or in a batch.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { TestAgent } from "../support/agent.ts";
import { sideBySide, someOf, type Trial } from "../support/delivery_trial.ts";
import { eventually } from "../support/eventually.ts";
import type { Fault, Injected } from "../support/fault/fault.ts";
import {
  closeWith,
  dropAcks,
  dropMessages,
  duplicateMessages,
  garbageMessages,
  reorderMessages,
} from "../support/fault/messages.ts";
import { cut, halfOpen, latency } from "../support/fault/pipe.ts";

const COUNT = 60;
/** Events without an acknowledgement wait so long for the next way: 10 s, and some. */
const PATIENCE_MS = 40_000;

interface Row {
  readonly name: string;
  readonly inject: (trial: Trial) => Injected;
  /** When the agent has connected. */
  readonly afterwards?: (trial: Trial) => void;
  /** How the agent is connected once the fault is over. */
  readonly state?: string;
}

function row(name: string, fault: Fault, times = Infinity): Row {
  return {
    name: `${name} -> all delivered once`,
    inject: ({ proxy }) => proxy.inject(fault, { path: PATHS.socket, times }),
  };
}

/** Closed in mid stream, by the first two connections. */
function closed(code: number): Row {
  return row(`close code ${code}`, closeWith(code, { after: 7 }), 2);
}

const ROWS: readonly Row[] = [
  // The slow ones first: they wait for acknowledgements that never come.
  row(
    "messages lost on their way up",
    dropMessages({ direction: "up", which: 0.2 }),
  ),
  row("some acks lost", dropAcks(0.3)),
  row("all acks lost", dropAcks()),
  row("half open after some bytes", halfOpen([300, 3_000]), 1),
  {
    ...row("frozen, as by a sleep", latency(1)),
    afterwards: ({ proxy }) => proxy.freeze(),
  },
  row("messages twice", duplicateMessages()),
  row("messages in another order", reorderMessages(5)),
  row("garbage between the messages", garbageMessages({ direction: "down" })),
  row("garbage to the server", garbageMessages({ direction: "up" })),
  row("latency", latency([1, 40])),
  row("cut in mid stream", cut("answer", [200, 2_000]), 3),
  closed(1001),
  closed(1008),
  closed(1011),
  closed(4001),
  { ...closed(4003), state: "Offline" },
];

Deno.test("agent: its WebSocket fails -> as the step says, and it goes on once that is over", (t) =>
  sideBySide(t, someOf(ROWS), fail));

async function fail(trial: Trial, row: Row): Promise<void> {
  const { proxy, home } = trial;
  const { state = "Connected" } = row;
  const injected = row.inject(trial);
  await using agent = await TestAgent.connected(home, {
    args: ["--batch-interval", "100ms"],
  });
  row.afterwards?.(trial);
  await trial.emit(COUNT);
  await allDelivered(trial);
  ok(injected.hits > 0, "the fault met nothing");

  // A connection keeps the faults that it has met.
  proxy.clear();
  proxy.cutAll();
  await agent.is(state);
  await trial.emit(1);
  await allDelivered(trial);
  strictEqual(await agent.stop(), 143, agent.log);
  const { status } = await trial.stand();
  strictEqual(status.connection, "Offline");
}

/** Waits until the queue is empty; then all is at the collector. */
async function allDelivered(trial: Trial): Promise<void> {
  await eventually("the queue is empty", async () => {
    const [{ queued }] = await trial.ask("sync", "status", "--json");
    return queued === 0;
  }, PATIENCE_MS);
  const { held, dead } = await trial.stand();
  deepStrictEqual([held.length, dead], [trial.recorded.size, []]);
}
