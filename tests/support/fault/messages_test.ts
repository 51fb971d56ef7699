import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { answer } from "./answers.ts";
import {
  closeWith,
  dropAcks,
  dropMessages,
  duplicateMessages,
  garbageMessages,
  reorderMessages,
} from "./messages.ts";
import { cut, drip, halfOpen, latency } from "./pipe.ts";
import type { Fault } from "./fault.ts";
import { AT, LOST, startRig } from "./upstream.ts";

const TEXTS = ["1", "2", "3", "4", "5", "6", "7", "8"];

/** What comes back of texts under a fault, up to the text "end". */
async function echoed(fault: Fault, texts = TEXTS): Promise<string[]> {
  await using rig = startRig();
  rig.proxy.inject(fault);
  const socket = await rig.socket();
  socket.send(...texts, "end");
  const received: string[] = [];
  for (let text; (text = await socket.next()) !== "end";) {
    received.push(text ?? "closed");
    if (text === undefined) break;
  }
  await socket.close();
  return received;
}

Deno.test("socket: no fault -> messages of all sizes pass, and the close", async () => {
  await using rig = startRig();
  const socket = await rig.socket();
  const sizes = [0, 125, 126, 65_535, 65_536, 300_000];
  socket.send(...sizes.map((size) => "é".repeat(size)));
  for (const size of sizes) strictEqual((await socket.next())!.length, size);
  strictEqual(await socket.close(), 1005);
});

for (const status of [401, 503]) {
  Deno.test(`answer ${status}: upgrade -> refused`, async () => {
    await using rig = startRig();
    rig.proxy.inject(answer({ status }));
    await rejects(rig.socket(), /closed/);
    strictEqual(rig.proxy.log.at(-1)!.status, status);
  });
}

Deno.test("latency: messages -> all, in their order", async () => {
  deepStrictEqual(await echoed(latency([0, 9])), TEXTS);
});

Deno.test("drip: upgrade -> the socket opens", async () => {
  deepStrictEqual(await echoed(drip()), TEXTS);
});

Deno.test("cut answer: open socket -> closes without a code", async () => {
  await using rig = startRig();
  rig.proxy.inject(cut("answer", 12));
  const socket = await rig.socket();
  socket.send(...TEXTS);
  strictEqual(await socket.closed, LOST);
});

Deno.test("resetAll: open socket -> closes without a code", async () => {
  await using rig = startRig();
  const socket = await rig.socket();
  rig.proxy.resetAll();
  strictEqual(await socket.closed, LOST);
});

Deno.test("freeze: open socket -> silent, until thaw", async () => {
  await using rig = startRig();
  const socket = await rig.socket();
  rig.proxy.freeze();
  socket.send("1");
  strictEqual((await rig.send("other connection")).status, 200);
  deepStrictEqual(socket.received, []);
  rig.proxy.thaw();
  strictEqual(await socket.next(), "1");
  await socket.close();
});

Deno.test("freeze: proxy ends -> the socket closes at last", async () => {
  const rig = startRig();
  const socket = await rig.socket();
  rig.proxy.freeze();
  socket.send("1");
  await rig[Symbol.asyncDispose]();
  strictEqual(await socket.closed, LOST);
});

Deno.test("halfOpen: open socket -> silent after so many bytes", async () => {
  await using rig = startRig();
  rig.proxy.inject(halfOpen(300), { path: AT.socket });
  const socket = await rig.socket();
  socket.send("x".repeat(400));
  strictEqual((await rig.send("other connection")).status, 200);
  deepStrictEqual(socket.received, []);
  rig.proxy.cutAll();
  strictEqual(await socket.closed, LOST);
});

Deno.test("dropMessages: direction and predicate -> those are missing", async () => {
  const fault = dropMessages({
    direction: "down",
    which: (text) => text === "2",
  });
  deepStrictEqual(await echoed(fault, ["1", "2", "3"]), ["1", "3"]);
});

Deno.test("dropMessages: share -> some are missing", async () => {
  await using rig = startRig(3);
  rig.proxy.inject(dropMessages({ direction: "up", which: 0.5 }));
  const socket = await rig.socket();
  const texts = Array.from({ length: 64 }, (_, n) => `${n}`);
  socket.send(...texts);
  const first = await socket.next();
  ok(first !== undefined);
  await socket.close();
  ok(socket.received.length < texts.length);
});

Deno.test("proxy: predicate that fails behind a delay -> dispose throws with the seed", async () => {
  const rig = startRig(42);
  rig.proxy.inject(latency(1));
  rig.proxy.inject(dropMessages({
    which: () => {
      throw new Error("broken predicate");
    },
  }));
  const socket = await rig.socket();
  socket.send("1");
  strictEqual(await socket.closed, LOST);
  await rejects(
    () => rig[Symbol.asyncDispose](),
    /seed 42: Error: broken predicate/,
  );
});

Deno.test("duplicateMessages: direction -> each twice", async () => {
  const fault = duplicateMessages({ direction: "up" });
  deepStrictEqual(await echoed(fault, ["1", "2"]), ["1", "1", "2", "2"]);
});

Deno.test("reorderMessages: window -> the same in another order", async () => {
  await using rig = startRig();
  rig.proxy.inject(reorderMessages(TEXTS.length, { direction: "down" }));
  const socket = await rig.socket();
  socket.send(...TEXTS);
  const received: (string | undefined)[] = [];
  for (const _ of TEXTS) received.push(await socket.next());
  deepStrictEqual(received.toSorted(), TEXTS);
  ok(received.join() !== TEXTS.join());
  await socket.close();
});

Deno.test("reorderMessages: window that does not fill -> none is kept back", async () => {
  deepStrictEqual(await echoed(reorderMessages(100), []), []);
});

Deno.test("garbageMessages: direction -> something more before each", async () => {
  const received = await echoed(garbageMessages({ direction: "down" }));
  const known = received.filter((text) => TEXTS.includes(text));
  deepStrictEqual(known, TEXTS);
  ok(received.length > TEXTS.length);
});

Deno.test("dropAcks: acks and others -> only the others", async () => {
  const ack = '{"type":"ack","event_id":"a"}';
  deepStrictEqual(await echoed(dropAcks(), ["1", ack, "2"]), ["1", "2"]);
});

Deno.test("closeWith: after messages -> that code, and nothing more", async () => {
  await using rig = startRig();
  rig.proxy.inject(closeWith(4001, { after: 2, reason: "expired" }));
  const socket = await rig.socket();
  socket.send(...TEXTS);
  strictEqual(await socket.closed, 4001);
  deepStrictEqual(socket.received, ["1", "2"]);
});

Deno.test("closeWith: at once -> that code before any message", async () => {
  await using rig = startRig();
  rig.proxy.inject(closeWith(1008));
  const socket = await rig.socket();
  strictEqual(await socket.closed, 1008);
  deepStrictEqual(socket.received, []);
});
