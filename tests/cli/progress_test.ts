/** How far a drain is, on a terminal and elsewhere. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Progress } from "../../lib/cli/progress.ts";
import { realTerminal } from "../../lib/cli/terminal.ts";

/** Shows a row of counts, at moments that the test sets; what was written. */
async function shown(
  options: {
    terminal: boolean;
    total?: number;
    isShown?: boolean;
    heading?: string;
  },
  steps: readonly (readonly [ms: number, done: number])[],
): Promise<string[]> {
  const written: string[] = [];
  let nowMs = 0;
  const terminal = {
    ...realTerminal(),
    showsErrors: options.terminal,
    writeErrorText: (text: string) => {
      written.push(text);
      return Promise.resolve();
    },
  };
  const { total = 1_000, isShown = true, heading } = options;
  const progress = new Progress(terminal, { elapsedMs: () => nowMs }, {
    total,
    isShown,
    ...heading !== undefined && { heading },
  });
  for (const [ms, done] of steps) {
    nowMs = ms;
    progress.show(done);
  }
  await progress.end();
  return written;
}

Deno.test("Progress: on a terminal -> a bar on one line, cleared at the end", async () => {
  const [half, full, cleared, ...more] = await shown({ terminal: true }, [
    [50, 100],
    [100, 500],
    [150, 600],
    [300, 1_000],
  ]);
  match(half!, /^\r\[#{15} {15}\] 500 of 1000 events$/);
  match(full!, /^\r\[#{30}\] 1000 of 1000 events$/);
  match(cleared!, /^\r +\r$/);
  deepStrictEqual(more, []);
});

Deno.test("Progress: elsewhere -> a whole line now and then, nothing to clear", async () => {
  const written = await shown({ terminal: false }, [
    [100, 100],
    [5_000, 400],
    [9_000, 600],
    [10_000, 700],
  ]);
  deepStrictEqual(written, ["400 of 1000 events\n", "700 of 1000 events\n"]);
});

Deno.test("Progress: not wanted, or nothing to do -> silent", async () => {
  for (const options of [{ isShown: false }, { total: 0 }]) {
    const written = await shown({ terminal: true, ...options }, [[500, 1]]);
    strictEqual(written.join(""), "");
  }
});

Deno.test("Progress: more done than was there at first -> a full bar, and the true count", async () => {
  const [bar] = await shown({ terminal: true }, [[500, 1_200]]);
  match(bar!, /^\r\[#{30}\] 1200 of 1000 events$/);
});

Deno.test("Progress: with a heading -> before what is shown first, and only then", async () => {
  const options = { terminal: false, heading: "counting" };
  deepStrictEqual(await shown(options, [[100, 100]]), []);
  deepStrictEqual(
    await shown(options, [[5_000, 400], [10_000, 700]]),
    ["counting\n", "400 of 1000 events\n", "700 of 1000 events\n"],
  );
});
