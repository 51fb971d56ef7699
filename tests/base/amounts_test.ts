/** Amounts in words. */

import { deepStrictEqual } from "node:assert/strict";
import { counted, sizeText } from "../../lib/base/amounts.ts";

Deno.test("sizeText: whole and other sizes, around the ends of each unit -> the unit that suits, with one digit where it is not whole", () => {
  const sizes: [number, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [1_023, "1023 bytes"],
    [1_024, "1 KiB"],
    [1_025, "1.0 KiB"],
    [1_572_864, "1.5 MiB"],
    [1_047_552, "1023 KiB"],
    [1_048_575, "1.0 MiB"],
    [10 * 1024 ** 3, "10 GiB"],
    [5_000 * 1024 ** 4, "5000 TiB"],
  ];
  deepStrictEqual(sizes.map(([bytes]) => sizeText(bytes)), [
    ...sizes.map(([, text]) => text),
  ]);
});

Deno.test("counted: none, one, two -> of one thing alone without an s", () => {
  deepStrictEqual([0, 1, 2].map((n) => counted(n, "log")), [
    "0 logs",
    "1 log",
    "2 logs",
  ]);
});
