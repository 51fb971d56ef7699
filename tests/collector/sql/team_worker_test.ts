/** What is done for a team, one thing after another. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { KittyError } from "../../../lib/base/errors.ts";
import { TeamWorker } from "../../../lib/collector/sql/team_worker.ts";

Deno.test("TeamWorker: the store is in trouble -> what waited behind it fails at once, what is no offer is done, and what comes later is stored", async () => {
  const trouble = new KittyError("store_unavailable", "cannot use it", {
    hint: "wait",
  });
  const silent = Promise.withResolvers<never>();
  let stores = 0;
  const worker = new TeamWorker({
    store: async (offers) => {
      if (++stores === 1) await silent.promise;
      return offers.map(() => ({
        runs: [],
        admission: { events: [], highest: 0 },
      }));
    },
    stored: () => {},
    settled: () => {},
  });
  const first = worker.offer({ events: [] });
  await new Promise((resolve) => setTimeout(resolve, 1));
  const waiting = [worker.offer({ events: [] }), worker.offer({ events: [] })];
  const other = worker.alone(() => Promise.resolve("done"));
  silent.reject(trouble);
  for (const one of [first, ...waiting]) await rejects(one, trouble);
  strictEqual(await other, "done");
  strictEqual(stores, 1);
  deepStrictEqual(await worker.offer({ events: [] }), {
    events: [],
    highest: 0,
  });
});
