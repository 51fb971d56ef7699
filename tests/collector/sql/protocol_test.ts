/** What a collector does over the network, tried on PostgreSQL with the tests that try it on the embedded engine. */

import { match, ok, strictEqual } from "node:assert/strict";
import { IS_FULL, needing } from "../../support/needs.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TEST_SERVER } from "../../support/places.ts";

const server = sharedServer();

const TESTS = new URL("../../", import.meta.url);

/** Files, and the least number of tests in each. */
const FILES: readonly (readonly [file: string, least: number])[] = [
  ["collector/events/batch_test.ts", 5],
  ["collector/sockets/sockets_test.ts", 5],
  ["collector/http/routes_test.ts", 4],
  ["collector/accounts/sessions_test.ts", 3],
  ["collector/http/people_test.ts", 6],
  ["collector/board/board_routes_test.ts", 3],
];

/** All of it takes a minute and more. */
const FEW = FILES.filter(([file]) => /batch|routes_test/.test(file))
  .filter(([file]) => !/board/.test(file));

for (const [file, least] of IS_FULL ? FILES : FEW) {
  Deno.test(
    needing(
      [POSTGRES],
      `PostgreSQL: ${file} -> passes as on the embedded engine`,
      async () => {
        const { code, stdout, stderr } = await new Deno.Command(
          Deno.execPath(),
          {
            args: ["test", "--allow-all", "--no-check", "--quiet", file],
            cwd: TESTS,
            env: { NO_COLOR: "1", [TEST_SERVER]: server.url("postgres") },
            stdin: "null",
          },
        ).output();
        const said = [stdout, stderr].map((bytes) =>
          new TextDecoder().decode(bytes)
        ).join("");
        strictEqual(code, 0, said);
        const [, passed] = said.match(/\| (\d+) passed/) ?? [];
        match(said, /\| 0 failed/);
        ok(Number(passed) >= least, said);
      },
    ),
  );
}
