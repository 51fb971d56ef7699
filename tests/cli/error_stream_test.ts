/** Texts on their way to standard error: their order, and what becomes of them at the end. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ErrorStream } from "../../lib/cli/error_stream.ts";

Deno.test("ErrorStream: texts that take less time than those before them -> in their order, all before the end", async () => {
  let written = "", ms = 10;
  const stream = new ErrorStream(async (text) => {
    await new Promise((done) => setTimeout(done, ms -= 2));
    written += text;
    if (text === "a") throw new Error("dropped");
  });
  const writing = ["a", "b", "c"].map((text) => stream.write(text));
  await writing[0];
  strictEqual(written, "a");
  await writing[1];
  strictEqual(written, "abc");
  void stream.write("d");
  await stream.finish();
  strictEqual(written, "abcd");
  await stream.finish();
});

Deno.test("ErrorStream: a text that nobody reads -> those who wait are let go at the end, and nothing more is written", async () => {
  const begun: string[] = [];
  const never = Promise.withResolvers<void>();
  const stream = new ErrorStream((text) => {
    begun.push(text);
    return never.promise;
  });
  const waiting = Promise.all([stream.write("a"), stream.write("b")]);
  let isLetGo = false;
  waiting.then(() => isLetGo = true);
  await new Promise((done) => setTimeout(done, 5));
  strictEqual(isLetGo, false);
  stream.hurry();
  await waiting;
  await stream.write("c");
  await stream.finish();
  never.resolve();
  await new Promise((done) => setTimeout(done, 5));
  deepStrictEqual(begun, ["a"]);
});
