/**
 * All commands: their words and where they are. But for `emit`, which is what
 * the program is mostly called for, a command's file is loaded only when it is
 * called, so that an `emit` does not pay for the others.
 *
 * @module
 */

import { EMIT_COMMANDS } from "../event/types/types.ts";
import type { Command } from "./command.ts";
import { emit as emitCommands } from "./commands/emit.ts";

type Loader = () => Promise<readonly Command[]>;

const emit: Loader = () => Promise.resolve(emitCommands);
const ids: Loader = async () => (await import("./commands/ids.ts")).ids;
const clock: Loader = async () => (await import("./commands/clock.ts")).clock;
const contract: Loader = async () =>
  (await import("./commands/contract.ts")).contract;
const contracts: Loader = async () =>
  (await import("./commands/contracts.ts")).contracts;
const merge: Loader = async () =>
  (await import("./commands/merge.ts")).mergeCommands;
const verify: Loader = async () =>
  (await import("./commands/verify.ts")).verifyCommands;
const queue: Loader = async () => (await import("./commands/queue.ts")).queue;
const dead: Loader = async () => (await import("./commands/dead.ts")).dead;
const transfer: Loader = async () =>
  (await import("./commands/transfer.ts")).transfer;
const auth: Loader = async () => (await import("./commands/auth.ts")).auth;
const sync: Loader = async () =>
  (await import("./commands/sync.ts")).syncCommands;
const agent: Loader = async () => (await import("./commands/agent.ts")).agent;
const collector: Loader = async () =>
  (await import("./commands/collector.ts")).collector;
const keeping: Loader = async () =>
  (await import("./commands/collector_keeping.ts")).keeping;
const sinks: Loader = async () =>
  (await import("./commands/collector_sinks.ts")).sinkCommands;
const collectorUsers: Loader = async () =>
  (await import("./commands/collector_users.ts")).collectorUsers;
const collectorKeys: Loader = async () =>
  (await import("./commands/collector_keys.ts")).collectorKeys;
const collectorCopy: Loader = async () =>
  (await import("./commands/collector_copy.ts")).collectorCopy;
const collectorAudit: Loader = async () =>
  (await import("./commands/collector_audit.ts")).collectorAudit;
const doctor: Loader = async () =>
  (await import("./commands/doctor.ts")).doctor;
const follow: Loader = async () =>
  (await import("./commands/follow.ts")).followCommands;
const completions: Loader = async () =>
  (await import("./commands/completions.ts")).completions;
const man: Loader = async () => (await import("./commands/man.ts")).man;
const help: Loader = async () => (await import("./commands/help.ts")).help;

/** Every command's words, and its file, in the order of the help. */
export const COMMANDS: ReadonlyMap<string, Loader> = new Map([
  ["emit", emit],
  ...EMIT_COMMANDS.map(({ word }) => [`emit ${word}`, emit] as const),
  ["board", async () => [(await import("./commands/board.ts")).board]],
  ["follow", follow],
  ["follow status", follow],
  ["causation-id", ids],
  ["node-id", ids],
  ["clock", clock],
  ["clock show", clock],
  ["clock receive", clock],
  ["schema", contract],
  ["validate", contract],
  ["contract list", contracts],
  ["contract show", contracts],
  ["contract add", contracts],
  ["contract remove", contracts],
  ["merge", merge],
  ["verify", verify],
  ["queue list", queue],
  ["queue show", queue],
  ["queue stats", queue],
  ["queue export", transfer],
  ["queue import", transfer],
  ["queue drop", queue],
  ["queue compact", queue],
  ["queue check", queue],
  ["queue dead list", dead],
  ["queue dead show", dead],
  ["queue dead requeue", dead],
  ["queue dead drop", dead],
  ["sync now", sync],
  ["sync status", sync],
  ["auth login", auth],
  ["auth status", auth],
  ["auth logout", auth],
  ["agent run", agent],
  ["agent status", agent],
  ["collector run", collector],
  [
    "collector doctor",
    async () =>
      (await import("./commands/collector_doctor.ts")).collectorDoctor,
  ],
  ["collector rebuild", collector],
  ["collector prune", keeping],
  ["collector backup", keeping],
  ["collector restore", keeping],
  ["collector quota set", keeping],
  ["collector quota list", keeping],
  ["collector quota remove", keeping],
  ["collector sink add", sinks],
  ["collector sink list", sinks],
  ["collector sink status", sinks],
  ["collector sink pause", sinks],
  ["collector sink resume", sinks],
  ["collector sink remove", sinks],
  ["collector user add", collectorUsers],
  ["collector user list", collectorUsers],
  ["collector user remove", collectorUsers],
  ["collector user disable", collectorUsers],
  ["collector user enable", collectorUsers],
  ["collector user password", collectorUsers],
  ["collector user role", collectorUsers],
  ["collector token create", collectorKeys],
  ["collector token list", collectorKeys],
  ["collector token revoke", collectorKeys],
  ["collector signing-key list", collectorKeys],
  ["collector signing-key rotate", collectorKeys],
  ["collector audit", collectorAudit],
  ["collector copy", collectorCopy],
  ["doctor", doctor],
  ["completions", completions],
  ["man", man],
  ["help", help],
  ["version", help],
]);

/** Commands that take arguments, although their word begins others, too. */
export const TAKES_ARGUMENTS: ReadonlySet<string> = new Set(["follow"]);

/** Whether a name is that of an event type of rows behind `emit`: they have a dot, and no other word has. */
export function isRowEmit(name: string): boolean {
  return /^emit [^ ]*\./.test(name);
}

/**
 * Loads a command of the table, or the one that a type of rows is recorded by.
 *
 * @param homeOf finds the home, whose own contracts may have that type
 */
export async function loadCommand(
  name: string,
  homeOf: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<Command> {
  if (isRowEmit(name)) {
    const { rowCommand } = await import("./commands/emit_row.ts");
    return await rowCommand(name.slice("emit ".length), await homeOf());
  }
  const commands = await COMMANDS.get(name)!();
  return commands.find((command) => command.name === name)!;
}

/** The words that may follow others in the name of a command; none of them twice. */
export function nextWords(words: string): string[] {
  const prefix = words === "" ? "" : `${words} `;
  const next = [...COMMANDS.keys()]
    .filter((name) => name.startsWith(prefix) && name !== words)
    .map((name) => name.slice(prefix.length).split(" ")[0]!);
  return [...new Set(next)];
}
