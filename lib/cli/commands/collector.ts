/**
 * `collector run` and `collector user add|list`: the server side.
 *
 * @module
 */

import { startCollector } from "../../collector/collector.ts";
import { rebuild as rebuildPlace } from "../../collector/place.ts";
import { jsonLog } from "../../base/log.ts";
import {
  AccountStore,
  roleOf,
  type User,
} from "../../collector/accounts/account_store.ts";
import { addUser } from "../../collector/accounts/users.ts";
import { isLoopback } from "../../login/server_url.ts";
import { EXIT } from "../../base/errors.ts";
import type { Call, Command } from "../command.ts";
import { parseListen } from "../listen.ts";
import { counted, printable } from "../output.ts";
import { readPassword, STOPPED } from "../password.ts";
import { openSettingsOf, placeOf, STORE_OPTIONS } from "../store.ts";

const LISTEN_DEFAULT = "127.0.0.1:8787";

export const collector: readonly Command[] = [
  {
    name: "collector run",
    summary: "Receive the events of one team or many.",
    details: [
      `Prints {"listening": URL} first, then logs to stderr. Its data lies in`,
      "collector/ of the home, or in a PostgreSQL that any number of collectors",
      "share (--store). Tokens and events travel in the clear: to anywhere but",
      "this machine, put a proxy with TLS in front of it.",
    ],
    examples: [
      "collector run",
      "collector run --listen 127.0.0.1:0",
      "collector run --store-file /run/secrets/store-url",
    ],
    positionals: [],
    options: {
      ...STORE_OPTIONS,
      listen: {
        kind: "text",
        value: "HOST:PORT",
        help:
          `where to listen (default ${LISTEN_DEFAULT}); port 0 takes a free one`,
      },
    },
    run,
  },
  {
    name: "collector rebuild",
    summary: "Make anew what a collector keeps beside its events.",
    details: [
      "States of work packages and counts by node follow from the events, and are kept",
      "up with each. This makes them anew and says what was not as it should have been.",
      "A collector that has its data in its home must not run meanwhile; boards need no",
      "rebuilding, they are made from the events at each start.",
    ],
    examples: ["collector rebuild"],
    positionals: [],
    options: { ...STORE_OPTIONS },
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
      ...STORE_OPTIONS,
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
    options: { ...STORE_OPTIONS },
    async run(call) {
      await using opened = await openSettingsOf(call);
      const users = await new AccountStore(opened.settings).all();
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
  const place = await placeOf(call);
  const log = jsonLog(world.nowMs, (line) => void terminal.writeError(line));
  // Before anything is open, so that no signal goes unheard.
  const asked = Promise.withResolvers<number>();
  terminal.onStop(asked.resolve);
  await using server = await startCollector({ world, ...place, listen, log });
  if (!isLoopback(new URL(server.url).hostname)) {
    log.warn(
      "others can reach this address: put a proxy with TLS before it, or tokens and events travel in the clear",
    );
  }
  if ((await server.accounts.all()).length === 0) {
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
  for await (const rebuilt of rebuildPlace(await placeOf(call), call.world)) {
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
  await using opened = await openSettingsOf(call);
  const password = await readPassword(call, `password for ${username}: `);
  if (password === undefined) return STOPPED;
  const user = await addUser(new AccountStore(opened.settings), world, {
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
