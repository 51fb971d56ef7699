import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
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
} from "./pipe.ts";
import { mayReset } from "./reset.ts";
import { answer, poison } from "./answers.ts";
import type { Fault } from "./fault.ts";
import { AT, batchOf, BIG, type Rig, startRig } from "./upstream.ts";
import { needing } from "../needs.ts";
import { freePort } from "../ports.ts";

/** Whether a request is still unanswered after everything else had its turn. */
async function isSilent(rig: Rig, path: string = AT.batch): Promise<boolean> {
  const body = batchOf(["a"]);
  const signal = AbortSignal.timeout(100);
  return await rig.fetch(path, { method: "POST", body, signal })
    .then((response) => response.text())
    .then(() => false, (error) => error.name === "TimeoutError");
}

Deno.test("proxy: no fault -> status, headers and bodies pass unchanged", async () => {
  await using rig = startRig();
  const big = await rig.fetch(AT.big);
  strictEqual(big.headers.get("x-kept"), "yes");
  strictEqual((await big.text()).length, BIG);
  strictEqual((await (await rig.fetch(AT.chunks)).text()).length, BIG);
  const statusOf = async (path: string) => {
    const response = await rig.fetch(path);
    await response.text();
    return response.status;
  };
  strictEqual(await statusOf(AT.nothing), 204);
  strictEqual(await statusOf("/else"), 404);
  strictEqual(await statusOf(AT.socket), 401);
  deepStrictEqual((await rig.send("a", "b")).results, [
    "a success",
    "b success",
  ]);
});

Deno.test("proxy: kept connection -> several requests on it", async () => {
  await using rig = startRig();
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  for (const _ of [1, 2, 3]) {
    strictEqual(
      (await (await rig.fetch(AT.big, { client })).text()).length,
      BIG,
    );
  }
  strictEqual(rig.proxy.requests(AT.big), 3);
});

Deno.test("proxy: chunked request -> delivered and logged", async () => {
  await using rig = startRig();
  const body = new Blob([batchOf(["a"])]).stream();
  const response = await rig.fetch(AT.batch, { method: "POST", body });
  await response.text();
  deepStrictEqual(rig.batches, [["a"]]);
  const { requestBody } = rig.proxy.log[0]!;
  strictEqual(new TextDecoder().decode(requestBody), batchOf(["a"]));
});

Deno.test("proxy: log -> requests and answers in order, with their faults", async () => {
  await using rig = startRig();
  rig.proxy.inject(answer({ status: 503 }), { path: AT.batch, times: 1 });
  await rig.send("a");
  await rig.send("a");
  const shown = rig.proxy.log.map(({ at, path, fault, status }) =>
    [at, path, fault, status].join(" ").trim()
  );
  deepStrictEqual(shown, [
    "request /batch answer 503",
    "answer /batch answer 503 503",
    "request /batch",
    "answer /batch  200",
  ]);
});

Deno.test("inject: after, times, path and remove -> only the requests meant", async () => {
  await using rig = startRig();
  const injected = rig.proxy.inject(answer({ status: 503 }), {
    path: AT.batch,
    after: 1,
    times: 2,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await rig.send("a")).status);
  deepStrictEqual(statuses, [200, 503, 503, 200]);
  strictEqual(injected.hits, 2);
  rig.proxy.inject(answer({ status: 500 })).remove();
  strictEqual((await rig.send("a")).status, 200);
});

Deno.test("inject: probability -> the same requests for the same seed", async () => {
  const run = async (seed: number) => {
    await using rig = startRig(seed);
    rig.proxy.inject(answer({ status: 503 }), { probability: 0.5 });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await rig.send("a")).status);
    return statuses;
  };
  const first = await run(7);
  deepStrictEqual(await run(7), first);
  deepStrictEqual([...new Set(first)].sort(), [200, 503]);
});

Deno.test("proxy: fault that fails itself -> dispose throws with the seed", async () => {
  const rig = startRig(4711);
  rig.proxy.inject(poison(() => {
    throw new Error("broken predicate");
  }));
  await rejects(rig.send("a"));
  await rejects(
    () => rig[Symbol.asyncDispose](),
    /seed 4711: Error: broken predicate/,
  );
});

Deno.test("target: exchanged -> requests go to the new server, and none gets one of a server that is gone", async () => {
  await using rig = startRig();
  await using other = startRig();
  rig.proxy.target = other.proxy.target;
  await rig.send("a");
  deepStrictEqual([rig.batches, other.batches], [[], [["a"]]]);
  rig.proxy.target = new URL(`http://127.0.0.1:${freePort()}`);
  await rejects(rig.send("b"), TypeError);
});

Deno.test("refuse: new request -> connection refused, until clear", async () => {
  await using rig = startRig();
  await rig.proxy.refuse();
  await rejects(
    rig.send("a"),
    (error: Error) => /refused/i.test(`${error} ${error.cause}`),
  );
  const { url } = rig.proxy;
  rig.proxy.clear();
  strictEqual(rig.proxy.url, url);
  strictEqual((await rig.send("a")).status, 200);
});

Deno.test("latency: batch -> slower, and unchanged", async () => {
  await using rig = startRig();
  rig.proxy.inject(latency([1, 5]));
  deepStrictEqual((await rig.send("a")).results, ["a success"]);
});

Deno.test("cut request: batch -> the server gets no whole request", async () => {
  await using rig = startRig();
  rig.proxy.inject(cut("request"));
  await rejects(rig.send("a"), TypeError);
  deepStrictEqual(rig.batches, []);
  strictEqual(rig.proxy.requests(AT.batch), 1);
});

Deno.test("cut answer: batch -> delivered, but no whole answer", async () => {
  await using rig = startRig();
  rig.proxy.inject(cut("answer"));
  await rejects(rig.send("a"), TypeError);
  deepStrictEqual(rig.batches, [["a"]]);
});

Deno.test(needing(
  [{ isMet: mayReset, reason: "it takes a Linux" }],
  "reset: request -> a reset and not an end",
  async () => {
    await using rig = startRig();
    rig.proxy.inject(reset());
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(rig.proxy.url).port),
    });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    await rejects(conn.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  },
));

const silent: Record<string, () => Fault> = {
  blackHole,
  silentAccept,
  halfOpen,
};
for (const [name, make] of Object.entries(silent)) {
  Deno.test(`${name}: batch -> never answered and not delivered; the next one is`, async () => {
    await using rig = startRig();
    rig.proxy.inject(make(), { times: 1 });
    ok(await isSilent(rig));
    deepStrictEqual(rig.batches, []);
    strictEqual((await rig.send("b")).status, 200);
  });
}

Deno.test("silentAccept: path -> refused, as none is known", async () => {
  await using rig = startRig();
  const { proxy } = rig;
  throws(() => proxy.inject(silentAccept(), { path: "/" }), /path/);
});

Deno.test("halfOpen after bytes: batch -> delivered, never answered whole", async () => {
  await using rig = startRig();
  rig.proxy.inject(halfOpen(20), { times: 1 });
  ok(await isSilent(rig));
  deepStrictEqual(rig.batches, [["a"]]);
});

Deno.test("freeze: kept connection -> silent, until thaw", async () => {
  await using rig = startRig();
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  await (await rig.fetch(AT.big, { client })).text();
  rig.proxy.freeze();
  const asked = rig.fetch(AT.nothing, { client });
  strictEqual((await rig.send("other connection")).status, 200);
  strictEqual(rig.proxy.requests(AT.nothing), 0);
  rig.proxy.thaw();
  strictEqual(await (await asked).text(), "");
});

Deno.test("drip: batch -> the whole answer", async () => {
  await using rig = startRig();
  rig.proxy.inject(drip());
  deepStrictEqual((await rig.send("a")).results, ["a success"]);
});

Deno.test("deliveredButLost: batch -> delivered, no answer", async () => {
  await using rig = startRig();
  rig.proxy.inject(deliveredButLost());
  await rejects(rig.send("a"), TypeError);
  deepStrictEqual(rig.batches, [["a"]]);
  strictEqual(rig.proxy.log.at(-1)!.status, undefined);
  match(rig.proxy.log.at(-1)!.fault!, /deliveredButLost/);
});

Deno.test("replay: batch -> delivered twice, answered once", async () => {
  await using rig = startRig();
  rig.proxy.inject(replay());
  deepStrictEqual((await rig.send("a")).results, ["a success"]);
  deepStrictEqual(rig.batches, [["a"], ["a"]]);
});
