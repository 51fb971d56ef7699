/**
 * `man`: the manual page.
 *
 * @module
 */

import { VERSION } from "../../base/build.ts";
import { EXIT } from "../../base/errors.ts";
import type { Command } from "../command.ts";
import { manualPage } from "../manual.ts";

export const man: readonly Command[] = [{
  name: "man",
  summary: "Print the manual page, for man(1).",
  details: [
    "To read it at once: kitty-events man | man -l -",
    "To install it, put it into man1/ of a folder that manpath names.",
  ],
  examples: ["man > kitty-events.1"],
  positionals: [],
  options: {},
  async run({ out }) {
    const page = await manualPage(VERSION);
    await (out.mode.json
      ? out.line(JSON.stringify({ man: page }))
      : out.terminal.write(page));
    return EXIT.ok;
  },
}];
