/**
 * `board`: a project's missions and work packages as a page in the browser.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { EXIT, KittyError } from "../../base/errors.ts";
import { pause } from "../../base/deadline.ts";
import { jsonLog } from "../../base/log.ts";
import { type Collector, startCollector } from "../../collector/collector.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import { LOOK_MS, News } from "../../follow/follower.ts";
import type { LogRoot } from "../../follow/logs.ts";
import { projectRoot } from "../../follow/projects.ts";
import { type Watched, Watching } from "../../follow/watching.ts";
import { BoardFeed } from "../board_feed.ts";
import type { Call, Command } from "../command.ts";
import { folderOf } from "../keeper.ts";
import { parseListen } from "../listen.ts";
import { printable } from "../output.ts";

const LISTEN_DEFAULT = "127.0.0.1:0";

/** Whose board it is, and what it is called. */
const USER = "you";

export const board: Command = {
  name: "board",
  summary: "Look at a project's missions and work packages in the browser.",
  details: [
    "Reads the status logs of the project around the working directory, or of the",
    "one that is named, and the events in this home's queue, and goes on reading.",
    "Prints a link for the browser, good once and for a minute; Enter prints another",
    "one. Everything is in memory: it writes nothing, sends nothing, and leaves",
    "nothing behind.",
  ],
  examples: ["board", "board ~/project"],
  positionals: [{
    name: "PATH",
    optional: true,
    help: "a project, its kitty-specs, a mission's folder, or a log",
  }],
  options: {
    listen: {
      kind: "text",
      value: "HOST:PORT",
      help: "where to listen (default: a free port, for this machine alone)",
    },
  },
  run,
};

async function run(call: Call): Promise<number> {
  const { args, world, terminal, out } = call;
  const listen = parseListen(args.text("listen") ?? LISTEN_DEFAULT, {
    expected: "a host and a port",
    hint: "such as 127.0.0.1:8080",
  });
  const root = await rootOf(call);
  const end = new AbortController();
  let exitCode: number = EXIT.ok;
  terminal.onStop((code) => {
    exitCode = code;
    end.abort();
  });
  const log = jsonLog(world.nowMs, (line) => void terminal.writeError(line));
  await using server = await startCollector({
    world,
    folder: undefined,
    listen,
    log,
  });
  const { nodeId, team } = await placeOf(call);
  await server.accounts.add(nobodyElse(team, world.nowMs()), {
    replace: false,
  });
  const feed = new BoardFeed({
    events: server.events,
    team,
    watching: new Watching([root], { nodeId, team }, world.nowMs),
    home: await folderOf(call).catch(() => undefined),
  });
  const teller = new Teller(call);
  await out.note(`reading ${printable(root.path, Infinity)}`);
  const first = await feed.look();
  await teller.tell(first);
  await teller.begin(first, root);
  await showLink(call, server);
  void offerLinks(call, server, end.signal);
  while (!end.signal.aborted) {
    await pause(LOOK_MS, end.signal);
    if (!end.signal.aborted) await teller.tell(await feed.look());
  }
  await out.note("the board is closed");
  return exitCode;
}

/** @throws {KittyError} where there is no project */
async function rootOf({ args, world, out }: Call): Promise<LogRoot> {
  const cwd = world.cwd() ?? ".", [path] = args.positionals;
  try {
    return await projectRoot(path, cwd, (text) => void out.warn(text));
  } catch (error) {
    if (!(error instanceof KittyError) || error.code !== "no_logs") throw error;
    throw new KittyError(
      "no_logs",
      error.message.replace("cannot follow", "there is no board of"),
      {
        hint:
          "go into a Spec Kitty project, or name one: kitty-events board PATH",
      },
    );
  }
}

async function placeOf({ args, world, out }: Call) {
  const { emitter, settings } = await setUpEmitter(world, {
    home: args.text("home"),
    warn: (text) => void out.warn(text),
  });
  return { nodeId: emitter.nodeId, team: settings.teamSlug };
}

/** The one user of a board. No password fits it. */
function nobodyElse(team: string, nowMs: number) {
  return {
    name: USER,
    id: USER,
    team,
    role: "viewer",
    password: { salt: "", rounds: 1, hash: "" },
    created_at: new Date(nowMs).toISOString(),
  } as const;
}

async function showLink(
  { out }: Call,
  server: Collector,
): Promise<void> {
  const link = server.ticketLink(USER);
  await out.data({ link }, `Open this link within a minute: ${link}`);
}

/** Prints another link for each line that a person sends. */
async function offerLinks(
  call: Call,
  server: Collector,
  end: AbortSignal,
): Promise<void> {
  const { terminal } = call;
  if (!terminal.isInteractive) return;
  const buffer = new Uint8Array(256);
  while (!end.aborted && await terminal.read(buffer) !== null) {
    if (!end.aborted) await showLink(call, server);
  }
}

/** Tells what is odd: once, however often the logs are looked at. */
class Teller {
  readonly #call: Call;
  readonly #news = new News();
  /** Lines refused, by log. */
  readonly #refused = new Map<string, number>();

  constructor(call: Call) {
    this.#call = call;
  }

  async begin({ logs, rows }: Watched, { path }: LogRoot): Promise<void> {
    const { out } = this.#call, where = printable(path, Infinity);
    if (logs > 0) {
      await out.note(
        `${where}: ${counted(logs, "log")} with ${
          counted(rows.length, "event")
        }; Enter: another link, Ctrl-C: the end`,
      );
      return;
    }
    await out.warn(
      `${where} has no status logs yet: kitty-specs/*/status.events.jsonl. Spec Kitty's tools write them as work goes on, and the board shows them as soon as they are there`,
    );
  }

  async tell(
    { read, odd, trouble }: Watched & { readonly trouble?: string },
  ): Promise<void> {
    const { out } = this.#call;
    for (const { file, trouble } of read) {
      if (!this.#news.isNew(file, trouble ?? "") || !trouble) continue;
      await out.warn(`${printable(file, Infinity)}: ${trouble}`);
    }
    for (const { file, refused } of read) this.#refused.set(file, refused);
    const refused = [...this.#refused.values()].reduce((a, b) => a + b, 0);
    if (this.#news.isNew("lines", `${refused}`) && refused > 0) {
      await out.warn(
        `${
          counted(refused, "line")
        } of the logs fit no shape and are not shown; which: kitty-events follow --dry-run`,
      );
    }
    for (const { name, why } of odd) {
      if (!this.#news.isNew(name, why)) continue;
      await out.warn(`${printable(name, Infinity)}: ${why}`);
    }
    if (this.#news.isNew("", trouble ?? "") && trouble) {
      await out.warn(
        `this home's queue is not shown: ${trouble}; more with: kitty-events doctor`,
      );
    }
  }
}
