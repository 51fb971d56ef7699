/** What the doctor says of certificates in files. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { newAuthority } from "../support/authority.ts";
import { needing, OPENSSL } from "../support/needs.ts";
import { variantsOf, withProgram } from "../support/program.ts";

Deno.test(needing(
  [OPENSSL],
  "doctor: certificates in files -> fine, ending, expired, half of a pair (78), of another pair (78)",
  () =>
    withProgram(async (run) => {
      await using authority = await newAuthority();
      const doctor = variantsOf(run);
      const found = async (env: Record<string, string>) => {
        const { code, stdout } = await doctor(["doctor", "--json"], { env });
        const { checks } = JSON.parse(stdout);
        const check = checks.find(({ name }: { name: string }) =>
          name === "certificates"
        );
        return { code, ...check };
      };
      const pair = async (days: number) => {
        const { certFile, keyFile } = await authority.issue({ days });
        return { SPEC_KITTY_TLS_CERT: certFile, SPEC_KITTY_TLS_KEY: keyFile };
      };
      const status = async (env: Record<string, string>) => {
        const { code, status } = await found(env);
        return [code, status];
      };
      deepStrictEqual(await status({}), [0, "ok"]);
      const good = await pair(60);
      deepStrictEqual(await status(good), [0, "ok"]);
      deepStrictEqual(
        await status({ SPEC_KITTY_CA_FILE: authority.caFile }),
        [0, "ok"],
      );
      const ending = await found(await pair(5));
      deepStrictEqual([ending.code, ending.status], [0, "warning"]);
      match(ending.found, /expires on \d{4}-\d\d-\d\d$/);
      const expired = await found(await pair(-1));
      strictEqual(expired.status, "warning");
      match(expired.found, /has expired/);
      const { SPEC_KITTY_TLS_CERT } = await pair(-1);
      const trusted = await found({ SPEC_KITTY_CA_FILE: SPEC_KITTY_TLS_CERT });
      strictEqual(trusted.status, "warning");
      match(trusted.found, /1 of 1 have expired/);
      for (
        const env of [
          { SPEC_KITTY_TLS_CERT: good.SPEC_KITTY_TLS_CERT },
          { SPEC_KITTY_TLS_KEY: good.SPEC_KITTY_TLS_KEY },
          { ...good, SPEC_KITTY_TLS_CERT },
          { ...good, SPEC_KITTY_TLS_KEY: "/nowhere/key" },
        ]
      ) {
        deepStrictEqual(await status(env), [78, "problem"]);
      }
    }),
));
