/**
 * `collector run` and `collector user add|list`: the server side.
 *
 * @module
 */

import { startCollector } from "../../collector/collector.ts";
import { rebuildFolder } from "../../collector/engine.ts";
import { collectorFolder } from "../../collector/folder.ts";
import { jsonLog } from "../../base/log.ts";
import {
  type AccountStore,
  roleOf,
  type User,
} from "../../collector/accounts/account_store.ts";
import { FileAccounts } from "../../collector/accounts/file_accounts.ts";
import { addUser } from "../../collector/accounts/users.ts";
import { isLoopback } from "../../login/server_url.ts";
import { EXIT } from "../../base/errors.ts";
import type { Call, Command } from "../command.ts";
import { homeOf } from "../keeper.ts";
import { parseListen } from "../listen.ts";
import { NETWORK_OPTIONS, networkOf } from "../network.ts";
import { counted, printable } from "../output.ts";
import { readPassword, STOPPED } from "../password.ts";

const LISTEN_DEFAULT = "127.0.0.1:8787";

export const collector: readonly Command[] = [
  {
    name: "collector run",
    summary: "Receive the events of one team or many.",
    details: [
      `Prints {"listening": URL} first, then logs to stderr. Its data lies in`,
      "collector/ of the home. Without a certificate, tokens and events travel in the",
      "clear: where others reach it, give it one, or put a proxy with TLS before it;",
      "see: help network",
    ],
    examples: [
      "collector run",
      "collector run --listen 127.0.0.1:0 --trust-proxy 127.0.0.1",
    ],
    positionals: [],
    options: {
      listen: {
        kind: "text",
        value: "HOST:PORT",
        help:
          `where to listen (default ${LISTEN_DEFAULT}); port 0 takes a free one`,
      },
      ...NETWORK_OPTIONS,
    },
    run,
  },
  {
    name: "collector rebuild",
    summary: "Make anew what a collector keeps beside its events.",
    details: [
      "States of work packages and counts by node follow from the events, and are kept",
      "up with each. This makes them anew and says what was not as it should have been.",
      "The collector must not run meanwhile; boards need no rebuilding, they are made",
      "from the events at each start.",
    ],
    examples: ["collector rebuild"],
    positionals: [],
    options: {},
    run: rebuild,
  },
  {
    name: "collector user add",
    summary: "Add a user, who sends the events of one team, or only looks.",
    details: ["Works while the collector runs."],
    examples: [
      "collector user add ada --team acme --password-stdin < password.txt",
      "collector user add lea --team acme --viewer --password-stdin < password.txt",
    ],
    positionals: [{ name: "NAME", help: "the user's name" }],
    options: {
      team: {
        kind: "text",
        value: "SLUG",
        help: "the user's team",
        required: true,
      },
      "password-stdin": {
        kind: "flag",
        help: "read the password from standard input, even on a terminal",
      },
      viewer: {
        kind: "flag",
        help: "the user may look at the board, and send nothing",
      },
      replace: {
        kind: "flag",
        help: "give a user that is there this password and team instead",
      },
    },
    run: add,
  },
  {
    name: "collector user list",
    summary: "List the users and their teams.",
    examples: ["collector user list --json"],
    positionals: [],
    options: {},
    async run(call) {
      const users = await accountsOf(call, await folderOf(call)).all();
      for (const user of users) await showUser(call, user);
      return EXIT.ok;
    },
  },
];

async function run(call: Call): Promise<number> {
  const { args, world, terminal, out } = call;
  const listen = parseListen(args.text("listen") ?? LISTEN_DEFAULT, {
    expected: "a host and a port",
    hint: `such as ${LISTEN_DEFAULT} or [::1]:8787`,
  });
  const folder = await folderOf(call);
  const log = jsonLog(world.nowMs, (line) => void terminal.writeError(line));
  // Before anything is open, so that no signal goes unheard.
  const asked = Promise.withResolvers<number>();
  terminal.onStop(asked.resolve);
  const network = await networkOf(call, log, listen);
  const { keyPair } = network;
  if (keyPair) terminal.onReload(() => void keyPair.reload());
  await using server = await startCollector({
    world,
    folder,
    listen,
    log,
    ...network,
  });
  if (!keyPair && !isLoopback(new URL(server.url).hostname)) {
    log.warn(
      "others can reach this address: give it a certificate (--tls-cert), or put a proxy with TLS before it, or tokens and events travel in the clear",
    );
  }
  if ((await accountsOf(call, folder).all()).length === 0) {
    log.warn(
      "nobody can log in yet; in another terminal: kitty-events collector user add NAME --team TEAM",
    );
  }
  await out.line(JSON.stringify({ listening: server.url }));
  const exitCode = await asked.promise;
  log.info("ending");
  return exitCode;
}

async function rebuild(call: Call): Promise<number> {
  for await (const rebuilt of rebuildFolder(await folderOf(call), call.world)) {
    const { team, events, packages, nodes, mended } = rebuilt;
    await call.out.data(
      rebuilt,
      `${printable(team)}: ${counted(events, "event")}, ` +
        `${counted(packages, "work package")}, ${counted(nodes, "node")}; ` +
        `${mended} mended`,
    );
  }
  return EXIT.ok;
}

async function add(call: Call): Promise<number> {
  const { args, world } = call;
  const username = args.positionals[0]!;
  const folder = await folderOf(call);
  const password = await readPassword(call, `password for ${username}: `);
  if (password === undefined) return STOPPED;
  const user = await addUser(accountsOf(call, folder), world, {
    name: username,
    team: args.text("team")!,
    password,
    ...args.flag("viewer") && { role: "viewer" },
    replace: args.flag("replace"),
  });
  await showUser(call, user);
  const where = `http://${LISTEN_DEFAULT}`;
  await call.out.note(
    user.role === "viewer"
      ? `look at the board where the collector listens:\n  ${where}`
      : `log in where the collector listens:\n  kitty-events auth login --server ${where} --username ${
        printable(user.name)
      }`,
  );
  return EXIT.ok;
}

async function showUser({ out }: Call, user: User): Promise<void> {
  const { name, team, created_at } = user, role = roleOf(user);
  const suffix = role === "viewer" ? " (viewer)" : "";
  await out.data({ name, team, role, created_at }, `${name} ${team}${suffix}`);
}

async function folderOf(call: Call): Promise<string> {
  return collectorFolder(await homeOf(call));
}

function accountsOf({ world }: Call, folder: string): AccountStore {
  return new FileAccounts(folder, world);
}
