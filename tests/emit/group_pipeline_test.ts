import { deepStrictEqual } from "node:assert/strict";
import { GroupPipeline } from "../../lib/emit/group_pipeline.ts";

/** Lets everything happen that can. */
const settle = () => new Promise((done) => setTimeout(done, 0));

/** A pipeline whose steps wait until a test lets them go on; `log` tells when each began. */
function pipelineByHand() {
  const log: string[] = [];
  const steps = new Map<string, () => void>();
  const step = (name: string) => {
    log.push(name);
    return new Promise<void>((done) => steps.set(name, done));
  };
  const stored = new Map<string, () => void>();
  const pipeline = new GroupPipeline<string, string>(
    async (group, onStored) => {
      stored.set(group, onStored);
      await step(`record ${group}`);
      return `receipts of ${group}`;
    },
    (_, receipts) => step(`tell ${receipts}`),
  );
  /** Ends a step, or says that a group is stored; what began then. */
  const after = async (act?: (() => void) | undefined): Promise<string[]> => {
    const before = log.length;
    act?.();
    await settle();
    return log.slice(before);
  };
  return {
    pipeline,
    after,
    end: (name: string) => after(steps.get(name)!),
    isStored: (group: string) => after(stored.get(group)!),
    add: (group: string) => after(() => void pipeline.add(group)),
  };
}

Deno.test("GroupPipeline: a group that is stored -> the next one begins; one that is not -> only after its receipts are there", async () => {
  const { add, end, isStored } = pipelineByHand();
  deepStrictEqual(await add("a"), ["record a"]);
  deepStrictEqual(await add("b"), []);
  deepStrictEqual(await isStored("a"), ["record b"]);
  deepStrictEqual(await end("record a"), ["tell receipts of a"]);
  deepStrictEqual(await add("c"), []);
  deepStrictEqual(await end("tell receipts of a"), []);
  deepStrictEqual(await end("record b"), ["record c", "tell receipts of b"]);
});

Deno.test("GroupPipeline: a group waits while one is stored -> begins within the call that says so", async () => {
  const log: string[] = [];
  const pipeline = new GroupPipeline<string, string>(
    async (group, onStored) => {
      log.push(`record ${group}`);
      await settle();
      onStored();
      log.push(`${group} is stored`);
      return group;
    },
    (group) => Promise.resolve(void log.push(`tell ${group}`)),
  );
  for (const group of ["a", "b"]) await pipeline.add(group);
  await pipeline.done();
  deepStrictEqual(log, [
    ...["record a", "record b", "a is stored", "tell a"],
    ...["b is stored", "tell b"],
  ]);
});

Deno.test("GroupPipeline: a group is said to be stored after it was given up -> nothing begins beside the next one", async () => {
  const { add, end, isStored } = pipelineByHand();
  await add("a");
  await end("record a");
  await end("tell receipts of a");
  deepStrictEqual(await add("b"), ["record b"]);
  deepStrictEqual(await add("c"), []);
  deepStrictEqual(await isStored("a"), []);
  deepStrictEqual(await isStored("b"), ["record c"]);
});

Deno.test("GroupPipeline: receipts that nobody reads -> one group more is recorded, not two", async () => {
  const { add, end, isStored } = pipelineByHand();
  await add("a");
  await isStored("a");
  deepStrictEqual(await end("record a"), ["tell receipts of a"]);
  deepStrictEqual(await add("b"), ["record b"]);
  await isStored("b");
  // Its receipts come second, however early they are there.
  deepStrictEqual(await end("record b"), []);
  deepStrictEqual(await add("c"), []);
  deepStrictEqual(await end("tell receipts of a"), [
    "record c",
    "tell receipts of b",
  ]);
});

Deno.test("add: a group waits already -> resolves when that one begins; done -> when all are told of", async () => {
  const { add, after, end, isStored, pipeline } = pipelineByHand();
  await add("a");
  await add("b");
  let isAdded = false, isDone = false;
  await after(() => void pipeline.add("c").then(() => isAdded = true));
  deepStrictEqual(isAdded, false);
  await isStored("a");
  deepStrictEqual(isAdded, true);
  await after(() => void pipeline.done().then(() => isDone = true));
  await end("record a");
  await end("tell receipts of a");
  await end("record b");
  await end("tell receipts of b");
  await end("record c");
  deepStrictEqual(isDone, false);
  await end("tell receipts of c");
  deepStrictEqual(isDone, true);
});
