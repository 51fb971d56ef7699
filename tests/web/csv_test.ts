/** Tables of the page as files for a spreadsheet. */

import { strictEqual } from "node:assert/strict";
import { csvOf } from "../../web/views/insights/csv.ts";

Deno.test("csvOf: quotes, commas, line breaks, numbers, nothing -> as RFC 4180 has them", () => {
  const rows = [['say "a", b', 1.5, null], ["two\nlines", -3, ""]];
  strictEqual(
    csvOf({ name: "t", head: ["Text", "Number", "None"], rows }),
    'Text,Number,None\r\n"say ""a"", b",1.5,\r\n"two\nlines",-3,\r\n',
  );
});

Deno.test("csvOf: a text that a spreadsheet would run -> a text", () => {
  const rows = [["=1+1"], ["@x"], ["+2"], ["-cmd"]];
  strictEqual(
    csvOf({ name: "t", head: ["Text"], rows }),
    "Text\r\n'=1+1\r\n'@x\r\n'+2\r\n'-cmd\r\n",
  );
});
