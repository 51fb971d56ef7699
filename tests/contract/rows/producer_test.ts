/** The producer contract, as a whole and type by type. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  RowContracts,
  withoutVersion,
} from "../../../lib/contract/rows/contracts.ts";
import { producer } from "../../../lib/contract/rows/producer.ts";
import { producerFor } from "../../../lib/contract/rows/producer_type.ts";

Deno.test("producerFor: any spelling of each type -> what the whole contract says of it, and no other type", async () => {
  const whole = new RowContracts([producer]);
  for (const { type, name } of producer.types.values()) {
    for (
      const word of [type, name, withoutVersion(type), withoutVersion(name)]
    ) {
      const one = await producerFor(word);
      const { legacy: _, ...expected } = producer.types.get(type)!;
      deepStrictEqual([...one!.types], [[type, expected]], word);
      const { types: _types, ...rest } = one!;
      const { types: _all, ...ofAll } = producer;
      deepStrictEqual(rest, ofAll);
      const found = new RowContracts([one!]).typeOf(word);
      strictEqual(found?.type.type, whole.typeOf(word)?.type.type, word);
    }
  }
});

Deno.test("producerFor: no type, or a name that any object has -> undefined", async () => {
  for (const word of ["", "lane", "lane.transitioned.v2", "toString", "x.y"]) {
    strictEqual(await producerFor(word), undefined, word);
  }
});
