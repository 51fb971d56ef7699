/**
 * `help` and `--version`.
 *
 * @module
 */

import { COMMIT, VERSION } from "../../base/build.ts";
import { CONTRACT_VERSION } from "../../contract/contract.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { COMMANDS, isRowEmit } from "../commands.ts";
import type { Command } from "../command.ts";
import { commandHelp, groupHelp, programHelp, topicHelp } from "../help.ts";
import { printable } from "../output.ts";
import { findTopic, TOPICS } from "../topics.ts";

export const help: readonly Command[] = [
  {
    name: "help",
    summary: "Show this help, a command's, or a topic's.",
    examples: ["help", "help emit wp-created", "help exit-codes"],
    positionals: [{
      name: "COMMAND",
      optional: true,
      rest: true,
      help: `the command's words, or a topic: ${topicNames().join(", ")}`,
    }],
    options: {},
    async run({ args, out }) {
      const name = args.positionals.join(" ");
      const group = [...COMMANDS.keys()].filter((known) =>
        known.startsWith(`${name} `)
      );
      const topic = findTopic(name);
      if (name === "") await out.line(await programHelp());
      else if (topic) await out.line(topicHelp(topic));
      else if (COMMANDS.has(name) || isRowEmit(name)) {
        await out.line(await commandHelp(name));
      } else if (group.length > 0) {
        await out.line(await groupHelp(group));
      } else {
        const meant = nearMiss(name, [...commandWords(), ...topicNames()]);
        throw usageError(
          `no help for "${printable(name, 40)}"`,
          meant
            ? `did you mean: kitty-events help ${meant}?`
            : "see: kitty-events help",
        );
      }
      return EXIT.ok;
    },
  },
  {
    name: "version",
    summary: "Show the versions of program, contract and runtime.",
    examples: ["--version"],
    positionals: [],
    options: {},
    async run({ out }) {
      const document = {
        version: VERSION,
        commit: COMMIT,
        contract: CONTRACT_VERSION,
        deno: Deno.version.deno,
        target: Deno.build.target,
      };
      await out.data(
        document,
        `kitty-events ${VERSION} (${COMMIT}, contract ${document.contract}, Deno ${document.deno}, ${document.target})`,
      );
      return EXIT.ok;
    },
  },
];

function topicNames(): string[] {
  return TOPICS.map(({ name }) => name);
}

/** Commands, and groups of them. */
function commandWords(): Set<string> {
  return new Set([...COMMANDS.keys()].flatMap((name) => {
    const words = name.split(" ");
    return words.map((_, i) => words.slice(0, i + 1).join(" "));
  }));
}
