/** The operator's way to a running collector: for its own user alone, and gone with it. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  OPERATOR_PATHS,
  readPlace,
} from "../../../lib/collector/operator/operator.ts";
import { openKept } from "../../../lib/collector/operator/operator_client.ts";
import { localCollector } from "../../support/collector.ts";
import { isThere } from "../../support/home.ts";

Deno.test("operator: without the token of the folder, with another -> 401; with it: what the collector has; its end -> nothing is left", async () => {
  const collector = await localCollector();
  const folder = `${collector.home}/collector`;
  const place = (await readPlace(folder))!;
  const { mode } = await Deno.stat(`${folder}/operator.json`);
  strictEqual(mode! & 0o777, 0o600);
  strictEqual((await Deno.stat(place.listening)).mode! & 0o777, 0o600);
  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: place.listening },
  });
  const ask = async (path: string, token?: string) => {
    const response = await fetch(`http://operator${path}`, {
      client,
      headers: { ...token && { authorization: `Bearer ${token}` } },
    });
    await response.body?.cancel();
    return response.status;
  };
  for (const path of [...Object.values(OPERATOR_PATHS), "/"]) {
    strictEqual(await ask(path), 401, path);
    strictEqual(await ask(path, "0".repeat(64)), 401, path);
  }
  strictEqual(await ask("/nowhere", place.token), 404);
  strictEqual(await ask(OPERATOR_PATHS.prune, place.token), 405);
  {
    await using kept = await openKept(folder, collector.world);
    deepStrictEqual(await kept.events.teams(), []);
    const { records } = kept;
    ok(await records.replace("lease", "k", undefined, { n: 1 }));
    strictEqual(
      await records.replace("lease", "k", undefined, { n: 2 }),
      false,
    );
    deepStrictEqual(await records.get("lease", "k"), { n: 1 });
    ok(await records.replace("lease", "k", { n: 1 }, undefined));
    deepStrictEqual(await records.list("lease"), []);
  }
  await collector[Symbol.asyncDispose]();
  strictEqual(await isThere(place.listening), false);
});
