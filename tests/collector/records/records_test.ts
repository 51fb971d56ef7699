/** Changes of records that others change, too. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { RECORD_TRIES_MAX } from "../../../lib/collector/limits.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import { changed } from "../../../lib/collector/records/records.ts";

interface Count {
  readonly n: number;
}

Deno.test("changed: somebody else is faster, once and each time -> tried again; an error that says so", async () => {
  const records = new MemoryRecords();
  const add = (before: Count | undefined): Count => ({
    n: (before?.n ?? 0) + 1,
  });
  let tries = 0;
  const addAfterOthers = (othersMax: number) => {
    tries = 0;
    return changed<Count>(records, "lease", "x", (before) => {
      if (++tries <= othersMax) {
        void records.replace("lease", "x", before, add(before));
      }
      return add(before);
    });
  };
  deepStrictEqual(await addAfterOthers(1), {
    before: { n: 1 },
    after: { n: 2 },
  });
  strictEqual(tries, 2);
  await rejects(addAfterOthers(Infinity), {
    code: "busy",
    message: /cannot change one of the records "lease": others were faster/,
  });
  strictEqual(tries, RECORD_TRIES_MAX);
});
