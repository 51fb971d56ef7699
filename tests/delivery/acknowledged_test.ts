/** Why the server's word did not come, as far as this machine knows. */

import { match, ok, strictEqual } from "node:assert/strict";
import { whyUnacknowledged } from "../../lib/delivery/acknowledged.ts";
import { agentRoute, offlineRoute } from "../../lib/delivery/route.ts";
import { concludeDrain } from "../../lib/delivery/settle.ts";
import { farDeadline } from "../support/home.ts";
import { deadlineIn, eventsOf, Sending } from "../support/sending.ts";

const poke = "/nowhere";

Deno.test("whyUnacknowledged: beside an agent -> its state in words", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  const table = [
    ["Connected", "the server did not answer in time"],
    [
      "Reconnecting",
      "the agent has no connection to the server (Reconnecting)",
    ],
    [
      "OfflineBatchMode",
      "the agent has no connection to the server (Offline - Batch Mode)",
    ],
  ] as const;
  for (const [status, words] of table) {
    const route = agentRoute(status, poke);
    strictEqual(await whyUnacknowledged(route, at.home, farDeadline()), words);
  }
});

Deno.test("whyUnacknowledged: the last drain failed -> its trouble, until one succeeds", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  await concludeDrain(at.home, "status 503: busy");
  const why = (route = agentRoute("Connected", poke)) =>
    whyUnacknowledged(route, at.home, farDeadline());
  strictEqual(
    await why(),
    "the server did not answer in time; the last failure: status 503: busy",
  );
  // Where nobody delivers, it is an old story.
  ok(!(await why(offlineRoute)).includes("503"));
  at.world.timeMs += 1_000;
  await at.hold(({ queue }) => {
    const last_success = new Date(at.world.timeMs).toISOString();
    queue.noteDelivery({ last_success });
    return queue.touch();
  });
  strictEqual(await why(), "the server did not answer in time");
});

Deno.test("whyUnacknowledged: no time left -> what is known without looking", async () => {
  await using at = await Sending.prepare();
  await concludeDrain(at.home, "status 503: busy");
  const late = deadlineIn(-1);
  const why = await whyUnacknowledged(offlineRoute, at.home, late);
  match(why, /^no agent is running \(/);
});
