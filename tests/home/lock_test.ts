import { ok, rejects, strictEqual } from "node:assert/strict";
import { Deadline } from "../../lib/base/deadline.ts";
import { DeadlineError } from "../../lib/base/errors.ts";
import { HomeLock } from "../../lib/home/lock.ts";
import { linesOf, spawnCode } from "../support/child.ts";
import { farDeadline, tempHome } from "../support/home.ts";
import { MKFIFO, needing, outputOf } from "../support/needs.ts";

const soon = (ms = 30) => Deadline.in(() => performance.now(), ms);

const textOf = (home: string) => Deno.readTextFile(`${home}/clock.lock`);

Deno.test("HomeLock.take: a home that does not exist -> made, for its owner only", async () => {
  await using home = await tempHome();
  const path = `${home.path}/deep/er`;
  const lock = await HomeLock.take(path, farDeadline());
  strictEqual(lock.lastSeal, "");
  await lock.release("clean none");
  if (Deno.build.os === "windows") return;
  strictEqual((await Deno.stat(path)).mode! & 0o777, 0o700);
  strictEqual((await Deno.stat(`${path}/clock.lock`)).mode! & 0o777, 0o600);
});

Deno.test("HomeLock.take: a file in the home's place -> throws, and the file stays", async () => {
  await using home = await tempHome();
  await Deno.writeTextFile(home.path, "mine");
  await rejects(HomeLock.take(home.path, farDeadline()));
  strictEqual(await Deno.readTextFile(home.path), "mine");
});

Deno.test(needing(
  [MKFIFO],
  "HomeLock.take: a pipe in the lock's place -> said at once, and the lock is to be had when it is gone",
  async () => {
    await using home = await tempHome();
    await Deno.mkdir(home.path);
    const path = `${home.path}/clock.lock`;
    await outputOf("mkfifo", [path]);
    for (let n = 0; n < 3; n++) {
      const taking = HomeLock.take(home.path, farDeadline());
      await rejects(taking, { message: `${path} is not a file` });
    }
    await Deno.remove(path);
    const lock = await HomeLock.take(home.path, farDeadline());
    await lock.release("clean none");
  },
));

Deno.test("release, take: a seal -> read back by the next holder, whole, whatever stood there", async () => {
  await using home = await tempHome();
  const seals = [
    `clean ${2 ** 52} 1770120000000.123`,
    "clean 1 2",
    "clean none",
  ];
  let expected = "";
  for (const seal of seals) {
    const lock = await HomeLock.take(home.path, farDeadline());
    strictEqual(lock.lastSeal, expected);
    strictEqual((await textOf(home.path)).trim(), "held");
    await lock.release(seal);
    expected = seal;
  }
  strictEqual((await textOf(home.path)).length, 64);
});

Deno.test("release: no seal -> the next holder finds `held`, as after a crash", async () => {
  await using home = await tempHome();
  await (await HomeLock.take(home.path, farDeadline())).release(undefined);
  const next = await HomeLock.take(home.path, farDeadline());
  strictEqual(next.lastSeal, "held");
  await next.release("clean 1 1");
});

Deno.test("HomeLock.take: two handles of one process -> one after the other", async () => {
  await using home = await tempHome();
  const first = await HomeLock.take(home.path, farDeadline());
  const order: string[] = [];
  const second = HomeLock.take(home.path, farDeadline()).then((lock) => {
    order.push("second");
    return lock;
  });
  await rejects(HomeLock.take(home.path, soon()), DeadlineError);
  order.push("first");
  await first.release("clean none");
  await (await second).release("clean none");
  strictEqual(order.join(), "first,second");
});

Deno.test("HomeLock.take: many at once -> never two inside, each finds what the one before left", async () => {
  await using home = await tempHome();
  let inside = 0, count = 0;
  await Promise.all(Array.from({ length: 20 }, async () => {
    const lock = await HomeLock.take(home.path, farDeadline());
    inside += 1;
    strictEqual(inside, 1);
    strictEqual(lock.lastSeal, count === 0 ? "" : `clean ${count} 0`);
    await new Promise((done) => setTimeout(done, 1));
    count += 1;
    inside -= 1;
    await lock.release(`clean ${count} 0`);
  }));
});

Deno.test("HomeLock.take: granted after the deadline -> given back unused", async () => {
  await using home = await tempHome();
  const first = await HomeLock.take(home.path, farDeadline());
  const error = await HomeLock.take(home.path, soon()).catch((error) => error);
  ok(error instanceof DeadlineError);
  await first.release("clean 5 5");
  // The late grant comes before this one, as the lock is fair or free by then.
  const third = await HomeLock.take(home.path, farDeadline());
  strictEqual(third.lastSeal, "clean 5 5");
  await third.release("clean 6 6");
});

const HOLDER = `
  const { HomeLock } = await import(lib + "home/lock.ts");
  const { Deadline } = await import(lib + "base/deadline.ts");
  const lock = await HomeLock.take(args[0], Deadline.in(() => performance.now(), 60_000));
  console.log("held");
  await Deno.stdin.read(new Uint8Array(1)).catch(() => {});
  setTimeout(() => {}, 60_000);`;

Deno.test("HomeLock.take: another process holds it -> waits; killed there -> granted here, with `held`", async () => {
  await using home = await tempHome();
  const child = spawnCode(HOLDER, { args: [home.path] });
  try {
    const output = linesOf(child.stdout);
    strictEqual((await output.next()).value, "held");
    await rejects(HomeLock.take(home.path, soon(100)), DeadlineError);
    const waiting = HomeLock.take(home.path, farDeadline());
    child.kill("SIGKILL");
    const lock = await waiting;
    strictEqual(lock.lastSeal, "held");
    await lock.release("clean none");
    await output.return?.();
  } finally {
    await child.stdout.cancel().catch(() => {});
    await child.stderr.cancel();
    await child.status;
  }
});

const COUNTER = `
  const { HomeLock } = await import(lib + "home/lock.ts");
  const { Deadline } = await import(lib + "base/deadline.ts");
  const file = args[0] + "/count";
  for (let i = 0; i < 50; i++) {
    const lock = await HomeLock.take(args[0], Deadline.in(() => performance.now(), 60_000));
    const count = Number(await Deno.readTextFile(file).catch(() => "0"));
    await Deno.writeTextFile(file, String(count + 1));
    await lock.release("clean none");
  }`;

Deno.test("HomeLock.take: four processes that count in one file -> nothing is lost", async () => {
  await using home = await tempHome();
  const children = Array.from(
    { length: 4 },
    () => spawnCode(COUNTER, { args: [home.path] }).output(),
  );
  for (const { success, stderr } of await Promise.all(children)) {
    ok(success, new TextDecoder().decode(stderr));
  }
  strictEqual(await Deno.readTextFile(`${home.path}/count`), "200");
});
