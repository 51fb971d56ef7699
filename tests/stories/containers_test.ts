/** Containers that come and go: what a receipt called queued arrives once, whatever happens to the agent. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ADA, TestCollector } from "../support/collector.ts";
import { IS_FULL, needing, runTool, SUPERUSER } from "../support/needs.ts";
import { liveShortly, type ShortLivesOutcome } from "../support/short_lives.ts";

/** Homes of a trial; more where somebody wants to see more. */
const HOMES = Number(Deno.env.get("KITTY_EVENTS_HOMES") ?? (IS_FULL ? 40 : 16));

/** Holds what came of a trial against what its receipts said. */
function verify(outcome: ShortLivesOutcome, homes: number): void {
  const { handed, gone, statuses, kills, stored, dead } = outcome;
  const said = [...statuses].map(([word, n]) => `${n} ${word}`).join(", ");
  console.log(
    `${homes} homes, ${kills} kills of the agent: ${said}; ${gone.size} went with their homes, ${outcome.rescued} of the spooled did not`,
  );
  const known = new Set(stored);
  strictEqual(known.size, stored.length, "an event is there twice");
  deepStrictEqual([...handed].filter((id) => !known.has(id)), []);
  // What is missing lay in a spool, and its receipt said so.
  const all = [...statuses.values()].reduce((sum, n) => sum + n, 0);
  strictEqual(all, homes * 5);
  ok([...gone].every((id) => !handed.has(id)));
  ok(stored.length >= all - gone.size, `${stored.length} of ${all}`);
  deepStrictEqual(outcome.lost, []);
  deepStrictEqual(
    [...statuses.keys()].filter((word) =>
      !/^(queued|spooled|known) via the agent$|^spooled$/.test(word)
    ),
    [],
  );
  ok(kills > homes / 20, `${kills} kills`);
  strictEqual(dead, 0);
}

Deno.test("containers: homes that emit five events each and go, the agent killed meanwhile -> queued arrives once; missing is only what was spooled in a home that went", async () => {
  await using collector = await TestCollector.start([ADA]);
  const outcome = await liveShortly({
    collector,
    homes: HOMES,
    atOnce: 4,
    seed: 20_261_128,
    hostname: "127.0.0.2",
  });
  verify(outcome, HOMES);
});

/** A network of its own, with a line to this one. */
class Namespace implements AsyncDisposable {
  readonly name = `kitty-${Deno.pid}`;
  readonly hostname = `10.93.${Deno.pid % 250}.1`;
  readonly #link = `kv${Deno.pid}`;

  async make(): Promise<boolean> {
    const inner = this.hostname.replace(/1$/, "2");
    const { name, hostname } = this, link = this.#link;
    for (
      const words of [
        `netns add ${name}`,
        `link add ${link} type veth peer name eth0 netns ${name}`,
        `addr add ${hostname}/30 dev ${link}`,
        `link set ${link} up`,
        `-n ${name} addr add ${inner}/30 dev eth0`,
        `-n ${name} link set eth0 up`,
      ]
    ) {
      const { success } = await runTool("ip", { args: words.split(" ") });
      if (!success) return false;
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The line goes with it.
    await runTool("ip", { args: ["netns", "del", this.name] }).catch(() => {});
  }
}

const NAMESPACES = {
  isMet: SUPERUSER.isMet && await (async () => {
    await using trial = new Namespace();
    return await trial.make().catch(() => false);
  })(),
  reason: "it takes the superuser, and ip with network namespaces",
};

Deno.test(
  needing(
    [NAMESPACES],
    "containers: the same from a network of its own, over plain HTTP that is allowed",
    async () => {
      await using network = new Namespace();
      ok(await network.make());
      await using collector = await TestCollector.start([ADA]);
      const homes = Math.ceil(HOMES / 3);
      const outcome = await liveShortly({
        collector,
        homes,
        atOnce: 4,
        seed: 7,
        hostname: network.hostname,
        inside: ["ip", "netns", "exec", network.name],
        env: { SPEC_KITTY_INSECURE_HTTP: "1" },
      });
      verify(outcome, homes);
    },
  ),
);
