/** URLs of stores, right and wrong in each part. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { KittyError } from "../../../lib/base/errors.ts";
import { parseStoreUrl } from "../../../lib/collector/sql/store_url.ts";

Deno.test("parseStoreUrl: whole ones -> their parts, the password in none that is shown", () => {
  const one = parseStoreUrl(
    "postgresql://ada:p%40ss%2Fw@[::1]:5433,db.example,10.0.0.1:6000/events%20one?sslmode=verify-full&kitty_notify=off&kitty_pool=4&connect_timeout=7&target_session_attrs=any",
  );
  deepStrictEqual(one.hosts, [
    { hostname: "::1", port: 5433 },
    { hostname: "db.example", port: 5432 },
    { hostname: "10.0.0.1", port: 6000 },
  ]);
  deepStrictEqual(
    [one.user, one.password, one.database, one.sslMode],
    ["ada", "p@ss/w", "events one", "verify-full"],
  );
  deepStrictEqual(
    [one.isNotified, one.lanesMax, one.connectMs, one.isAnyServer],
    [false, 4, 7_000, true],
  );
  ok(!/p%40|p@ss/.test(one.shown), one.shown);
  const plain = parseStoreUrl("postgres://ada@db/events");
  deepStrictEqual(
    [plain.password, plain.sslMode, plain.isNotified, plain.isPrepared],
    ["", "prefer", true, true],
  );
});

const WRONG: readonly (readonly [part: string, url: string])[] = [
  ["scheme", "events"],
  ["scheme", "mysql://ada@db/events"],
  ["scheme", "http://ada:secret@db/events"],
  ["user", "postgres://db/events"],
  ["user", "postgres://:secret@db/events"],
  ["user", "postgres://a%zz:secret@db/events"],
  ["password", "postgres://ada:secret%zz@db/events"],
  ["password", "postgres://ada:secret%00@db/events"],
  ["host", "postgres://ada:secret@/events"],
  ["host", "postgres://ada:secret@db,,other/events"],
  ["host", "postgres://ada:secret@d b/events"],
  ["host", "postgres://ada:secret@[::1/events"],
  ["port", "postgres://ada:secret@db:0/events"],
  ["port", "postgres://ada:secret@db:70000/events"],
  ["port", "postgres://ada:secret@db:five/events"],
  ["port", "postgres://ada:secret@db:/events"],
  ["database", "postgres://ada:secret@db"],
  ["database", "postgres://ada:secret@db/"],
  ["database", "postgres://ada:secret@db/a/b"],
  ["end", "postgres://ada:secret#x@db/events"],
  ["parameter sslmode", "postgres://ada:secret@db/events?sslmode=allow"],
  ["parameter sslmode", "postgres://ada:secret@db/events?sslmode=on"],
  ["parameter ssl", "postgres://ada:secret@db/events?ssl=true"],
  [
    "parameter target_session_attrs",
    "postgres://ada:secret@db/events?target_session_attrs=standby",
  ],
  ["parameter kitty_pool", "postgres://ada:secret@db/events?kitty_pool=1"],
  [
    "parameter connect_timeout",
    "postgres://ada:secret@db/events?connect_timeout=soon",
  ],
];

for (const [part, url] of WRONG) {
  Deno.test(`parseStoreUrl: ${url.replace("secret", "...")} -> the ${part} is named, the password is not`, () => {
    throws(() => parseStoreUrl(url), (error: KittyError) => {
      strictEqual(error.code, "bad_store_url");
      ok(error.message.startsWith(`the ${part} of the store's URL: expected `));
      ok(!`${error.message} ${error.hint}`.includes("secret"), error.message);
      return true;
    });
  });
}
