/** Each exit code of the compiled program. */

import { match, strictEqual } from "node:assert/strict";
import { needing } from "../support/needs.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

const EMIT = "kitty-events emit history-added WP01 note x --strict";
/** Nobody listens there. */
const NO_SERVER = "SPEC_KITTY_SERVER_URL=http://127.0.0.1:9";

/** Script by the exit code that its last command ends with. */
const SCRIPTS: readonly [number, string, RegExp][] = [
  [0, EMIT, /queued HistoryAdded/],
  [64, "kitty-events emit history-aded WP01 note x", /did you mean/],
  [
    65,
    "kitty-events emit wp-status-changed WP01 planned fro_review --strict",
    /did you mean "for_review"\?/,
  ],
  [69, `${NO_SERVER} ${EMIT} --wait server --timeout 3s`, /stays queued/],
  [74, `${EMIT} --home /dev/null/home`, /lost/],
  [75, `${EMIT}; SPEC_KITTY_MAX_QUEUE_SIZE=1 ${EMIT}`, /refused/],
  [77, `${NO_SERVER} kitty-events sync now`, /auth login/],
  [78, `SPEC_KITTY_MAX_QUEUE_SIZE=many ${EMIT}`, /SPEC_KITTY_MAX_QUEUE_SIZE/],
];

for (const [expected, script, words] of SCRIPTS) {
  Deno.test(needing(
    [RUNTIME_BASE],
    `exit code: ${script} -> ${expected}`,
    async () => {
      await using user = await programUser();
      const { code, stderr } = await user.run(script);
      strictEqual(code, expected, stderr);
      match(stderr, words);
    },
  ));
}
