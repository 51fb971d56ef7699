/**
 * `follow` and `follow status`: what Spec Kitty's own tools write into a
 * project's status logs is recorded, each line once.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { EXIT, type ExitCode, type KittyError } from "../../base/errors.ts";
import { noHome } from "../../emit/identity.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import { dryRun } from "../../follow/dry_run.ts";
import { follow, News } from "../../follow/follower.ts";
import type { LogRoot } from "../../follow/logs.ts";
import { projectRoot } from "../../follow/projects.ts";
import { Passes, type PassResult } from "../../follow/pass.ts";
import type { LogNews } from "../../follow/reading.ts";
import type { Call, Command } from "../command.ts";
import { homeOf, openKeeper } from "../keeper.ts";
import { tellNext } from "../next.ts";
import { printable, problemText, tableOf } from "../output.ts";

export const followCommands: readonly Command[] = [
  {
    name: "follow",
    summary: "Record what happens in a Spec Kitty project, from its logs.",
    details: [
      "Reads kitty-specs/*/status.events.jsonl of the project around the working",
      "directory (of its .worktrees, too), or the projects, folders and files that",
      "are named. Each line becomes a row of the contract producer and is recorded",
      "once, whatever git does to the files. Stays until it is stopped, and writes",
      "nothing into the project.",
    ],
    examples: ["follow", "follow --once ~/project", "follow --dry-run"],
    positionals: [{
      name: "PATH",
      optional: true,
      rest: true,
      help: "a project, its kitty-specs, a mission's folder, or a log",
    }],
    options: {
      once: { kind: "flag", help: "end after one look at all logs" },
      "dry-run": {
        kind: "flag",
        help: "print the rows, and record nothing",
      },
      strict: {
        kind: "flag",
        help: "with --once: exit code 65 where a line was refused",
      },
    },
    run: runFollow,
  },
  {
    name: "follow status",
    summary: "Show which logs were followed, and what was refused.",
    examples: ["follow status", "follow status --json"],
    positionals: [],
    options: {},
    run: status,
  },
];

async function runFollow(call: Call): Promise<number> {
  const { args, world, out } = call;
  const roots = await rootsOf(call);
  const { emitter, settings } = await setUpEmitter(world, {
    home: args.text("home") ??
      (args.flag("dry-run") ? undefined : await homeOf(call)),
    warn: (text) => void out.warn(text),
  });
  const { nodeId, home } = emitter;
  if (args.flag("dry-run")) {
    const place = { nodeId, team: settings.teamSlug };
    return await printRows(call, await dryRun(roots, place));
  }
  if (settings.disabled) {
    await out.warn("switched off by SPEC_KITTY_DISABLED: nothing is recorded");
    return EXIT.ok;
  }
  if (!home) throw noHome();
  const teller = new Teller(call);
  const parts = { home, roots, nowMs: world.nowMs };
  if (args.flag("once")) {
    const result = await new Passes(parts).run();
    await teller.tell(result);
    await teller.total(result);
    if (isNews(result)) await tellNext(call, home.path, settings);
    return exitOf(call, result);
  }
  const end = new AbortController();
  let exitCode: number = EXIT.ok;
  call.terminal.onStop((code) => {
    exitCode = code;
    end.abort();
  });
  await out.note(`following ${roots.map(({ path }) => path).join(", ")}`);
  let isFirst = true, cutOff: KittyError | undefined;
  await follow({
    ...parts,
    async onPass(result) {
      await teller.tell(result);
      if (isFirst && isNews(result)) await tellNext(call, home.path, settings);
      isFirst = false;
    },
    async onTrouble(reason) {
      void out.warn(`nothing was recorded: ${reason}`);
      cutOff = await home.cutOff();
      if (cutOff) end.abort();
    },
  }, end.signal);
  // No later pass could record anything.
  call.terminal.hurry();
  if (cutOff) throw cutOff;
  return exitCode;
}

function isNews({ logs }: PassResult): boolean {
  return logs.some(({ recorded }) => recorded > 0);
}

/** Where a call's logs are. */
function rootsOf({ args, world, out }: Call): Promise<LogRoot[]> {
  const paths = args.positionals.length > 0 ? args.positionals : [undefined];
  const warn = (text: string) => void out.warn(text);
  return Promise.all(
    paths.map((path) => projectRoot(path, world.cwd() ?? ".", warn)),
  );
}

async function printRows(
  call: Call,
  { logs, odd, rows }: Awaited<ReturnType<typeof dryRun>>,
): Promise<ExitCode> {
  let text = "";
  for (const row of rows()) {
    text += JSON.stringify(row) + "\n";
    if (text.length < ROWS_AT_ONCE) continue;
    if (!await call.terminal.write(text)) return EXIT.ok;
    text = "";
  }
  await call.terminal.write(text);
  await new Teller(call, true).tell({ logs, odd });
  return EXIT.ok;
}

const ROWS_AT_ONCE = 64 * 1024;

function exitOf({ args }: Call, { stopped, logs }: PassResult): ExitCode {
  if (stopped === "full") return EXIT.full;
  if (stopped === "failed") return EXIT.notStored;
  const isRefused = logs.some(({ problems }) => problems.length > 0);
  return args.flag("strict") && isRefused ? EXIT.invalid : EXIT.ok;
}

/** Tells what passes did: once, however often the logs are looked at. */
class Teller {
  readonly #call: Call;
  readonly #news = new News();
  /** Only what is wrong. */
  readonly #isDry: boolean;

  constructor(call: Call, isDry = false) {
    this.#call = call;
    this.#isDry = isDry;
  }

  async tell({ logs, odd, stopped, reason }: PassResult): Promise<void> {
    const { out } = this.#call;
    for (const log of logs) await this.#tellLog(log);
    for (const { name, why } of odd) {
      if (this.#news.isNew(name, why)) {
        await out.warn(`${printable(name, Infinity)}: ${why}`);
      }
    }
    const why = stopped === "full"
      ? "the queue is full: what is left waits; deliver with: kitty-events sync now"
      : stopped && `not all was recorded: ${reason}`;
    if (this.#news.isNew("", why ?? "") && why) await out.warn(why);
  }

  async #tellLog(log: LogNews): Promise<void> {
    const { out } = this.#call;
    const { file, rows, recorded, known, refused, problems, trouble } = log;
    const name = printable(file, Infinity);
    for (const { line, problems: some } of problems) {
      for (const problem of some) {
        await out.warn(`${name}:${line}: ${problemText(problem)}`);
      }
    }
    if (this.#news.isNew(file, trouble ?? "") && trouble) {
      await out.warn(`${name}: ${trouble}`);
    }
    if (this.#isDry || recorded + refused + problems.length === 0) return;
    await out.data(
      { file, rows, recorded, known, refused, problems },
      `${name}: ${recorded} recorded` +
        (refused > 0 ? `, ${refused} refused` : ""),
    );
  }

  async total({ logs }: PassResult): Promise<void> {
    const total = {
      files: logs.length,
      rows: sum(logs, "rows"),
      recorded: sum(logs, "recorded"),
      known: sum(logs, "known"),
      refused: sum(logs, "refused"),
    };
    const { files, rows, ...rest } = total;
    const counts = Object.entries(rest).map(([name, n]) => `${n} ${name}`);
    await this.#call.out.data(
      { total },
      `${counted(files, "log")} with ${counted(rows, "row")}: ${
        counts.join(", ")
      }`,
    );
  }
}

function sum(
  logs: readonly LogNews[],
  name: "rows" | "recorded" | "known" | "refused",
): number {
  return logs.reduce((total, log) => total + log[name], 0);
}

async function status(call: Call): Promise<number> {
  const { out } = call;
  const queue = await (await openKeeper(call)).read();
  const notes = [...(await queue.logNotes()).values()];
  const refusals = notes.flatMap(({ path, refused }) =>
    refused.map(({ line, why }) => ({ file: path, line, why }))
  );
  const document = {
    logs: notes.length,
    rows: notes.reduce((total, { rows }) => total + rows, 0),
    waiting: notes.reduce((total, { waiting }) => total + waiting, 0),
    refused: refusals.length,
  };
  if (out.mode.json) {
    await out.data({ ...document, refusals }, "");
    return EXIT.ok;
  }
  await out.data(document, tableOf(document));
  for (const { file, line, why } of refusals) {
    if (why !== undefined) {
      await out.line(
        printable(`${file}:${line}: ${why}`, Infinity),
      );
    }
  }
  return EXIT.ok;
}
