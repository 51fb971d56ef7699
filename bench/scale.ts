/**
 * The tables of docs/scale.md, made anew: printed, or with `--write` put in
 * their places there.
 *
 * @module
 */

import { fileOf } from "./measure.ts";
import { TABLES } from "./scale/tables.ts";

const path = fileOf("../docs/scale.md");
const isWriting = Deno.args.includes("--write");
let text = isWriting ? await Deno.readTextFile(path) : "";
for (const [name, make] of Object.entries(TABLES)) {
  const made = make();
  console.log(`${name}\n\n${made}\n`);
  if (!isWriting) continue;
  const [start, end] = [`<!-- ${name} -->`, "<!-- end -->"];
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end, from);
  if (from < start.length || to < 0) {
    throw new Error(`docs/scale.md has no place for "${name}"`);
  }
  text = `${text.slice(0, from)}\n\n${made}\n\n${text.slice(to)}`;
}
if (isWriting) await Deno.writeTextFile(path, text);
