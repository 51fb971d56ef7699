/**
 * `collector user`: who may send events to a collector, and who may look.
 *
 * @module
 */

import {
  AccountStore,
  type Role,
  roleOf,
  ROLES,
  type User,
} from "../../collector/accounts/account_store.ts";
import {
  addUser,
  removeUser,
  setDisabled,
  setPassword,
  setRole,
} from "../../collector/accounts/users.ts";
import type { Settings } from "../../collector/engine.ts";
import { addressOf, collecting } from "../../collector/presence.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import type { Option } from "../../base/arguments.ts";
import {
  LISTEN_DEFAULT,
  noteChange,
  showAll,
  withSettings,
} from "../collector_settings.ts";
import type { Call, Command } from "../command.ts";
import { strangeTeam } from "../known_teams.ts";
import { printable } from "../output.ts";
import { readPassword, STOPPED } from "../password.ts";
import { STORE_OPTIONS } from "../store.ts";

/** What a role may do. */
export const ROLE_OPTION = {
  kind: "text",
  value: ROLES.join("|"),
  choices: ROLES,
  help:
    "writer (default): send and look; viewer: look; admin: also read the team's audit, and revoke its tokens",
} as const satisfies Option;

const NAME = { name: "NAME", help: "the user's name" } as const;

const PASSWORD_STDIN = {
  kind: "flag",
  help: "read the password from standard input, even on a terminal",
} as const satisfies Option;

const REVOKES = [
  "Works while the collector runs: within five seconds it refuses what the user was",
  "given before, and closes the user's sockets and pages.",
];

export const collectorUsers: readonly Command[] = [
  {
    name: "collector user add",
    summary: "Add a user, who sends the events of one team, or only looks.",
    details: [
      "Works while the collector runs. A user is in one team, and names are those of",
      "all teams together.",
    ],
    examples: [
      "collector user add ada --team acme --password-stdin < password.txt",
      "collector user add lea --team acme --role viewer --password-stdin < password.txt",
    ],
    positionals: [NAME],
    options: {
      ...STORE_OPTIONS,
      team: {
        kind: "text",
        value: "SLUG",
        help: "the user's team",
        required: true,
      },
      role: ROLE_OPTION,
      viewer: { kind: "flag", help: "the same as --role viewer" },
      "password-stdin": PASSWORD_STDIN,
      replace: {
        kind: "flag",
        help: "give a user that is there this password, team and role instead",
      },
    },
    run: add,
  },
  {
    name: "collector user list",
    summary: "List the users, their teams and roles.",
    examples: ["collector user list --json"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      showAll(call, (settings) => accountsOf(settings).all(), showUser),
  },
  {
    name: "collector user remove",
    summary: "Remove a user.",
    details: [...REVOKES, "Events that the user has sent stay."],
    examples: ["collector user remove ada"],
    positionals: [NAME],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      changed(
        call,
        "user_removed",
        (accounts, name) => removeUser(accounts, name),
      ),
  },
  {
    name: "collector user disable",
    summary: "Let a user in no more, until enabled again.",
    details: REVOKES,
    examples: ["collector user disable ada"],
    positionals: [NAME],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      changed(
        call,
        "user_disabled",
        (accounts, name) => setDisabled(accounts, name, true),
      ),
  },
  {
    name: "collector user enable",
    summary: "Let a user in again.",
    examples: ["collector user enable ada"],
    positionals: [NAME],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      changed(
        call,
        "user_enabled",
        (accounts, name) => setDisabled(accounts, name, false),
      ),
  },
  {
    name: "collector user password",
    summary: "Give a user another password. Every login of the user ends.",
    details: REVOKES,
    examples: [
      "collector user password ada --password-stdin < password.txt",
    ],
    positionals: [NAME],
    options: { ...STORE_OPTIONS, "password-stdin": PASSWORD_STDIN },
    run: changePassword,
  },
  {
    name: "collector user role",
    summary: "Give a user another role.",
    details: [
      "Works while the collector runs, and within five seconds. Logins go on.",
    ],
    examples: ["collector user role ada --role admin"],
    positionals: [NAME],
    options: { ...STORE_OPTIONS, role: { ...ROLE_OPTION, required: true } },
    run(call) {
      const role = roleIn(call)!;
      return changed(
        call,
        "user_role_changed",
        (accounts, name) => setRole(accounts, name, role),
        `now ${role}`,
      );
    },
  },
];

async function add(call: Call): Promise<number> {
  const { args, world, out } = call;
  const username = args.positionals[0]!;
  const role = roleIn(call) ?? (args.flag("viewer") ? "viewer" : "writer");
  if (args.flag("viewer") && role !== "viewer") {
    throw usageError("--viewer and --role say different things");
  }
  const password = await readPassword(call, `password for ${username}: `);
  if (password === undefined) return STOPPED;
  const team = args.text("team")!;
  const strange = await strangeTeam(call, team);
  const user = await withSettings(call, async (settings) => {
    const user = await addUser(accountsOf(settings), world, {
      name: username,
      team,
      password,
      role,
      replace: args.flag("replace"),
    });
    await noteUser(call, settings, "user_added", user, role);
    return user;
  });
  await showUser(call, user);
  // A new team is nothing odd, unless it looks like one that is there.
  if (strange?.meant !== undefined) await out.note(strange.words);
  const where = printable(await whereOf(call), 200);
  await out.note(
    role === "viewer"
      ? `look at the board where the collector listens:\n  ${where}`
      : `log in where the collector listens:\n  kitty-events auth login --server ${where} --username ${
        printable(user.name)
      }`,
  );
  return EXIT.ok;
}

async function changePassword(call: Call): Promise<number> {
  const name = call.args.positionals[0]!;
  const password = await readPassword(call, `new password for ${name}: `);
  if (password === undefined) return STOPPED;
  return await changed(
    call,
    "user_password_changed",
    (accounts) => setPassword(accounts, call.world, { name, password }),
  );
}

/** Changes the user that a call names, notes it, and shows the user. */
function changed(
  call: Call,
  what: string,
  change: (accounts: AccountStore, name: string) => Promise<User>,
  details?: string,
): Promise<number> {
  return withSettings(call, async (settings) => {
    const user = await change(accountsOf(settings), call.args.positionals[0]!);
    await noteUser(call, settings, what, user, details);
    await showUser(call, user);
    return EXIT.ok;
  });
}

async function noteUser(
  call: Call,
  settings: Settings,
  what: string,
  { name, team }: User,
  details?: string,
): Promise<void> {
  await noteChange(call, settings, {
    what,
    name,
    team,
    ...details !== undefined && { details },
  });
}

async function showUser({ out }: Call, user: User): Promise<void> {
  const { name, team, created_at, disabled = false } = user;
  const role = roleOf(user);
  const words = [
    ...role === "writer" ? [] : [role],
    ...disabled ? ["disabled"] : [],
  ];
  const suffix = words.length > 0 ? ` (${words.join(", ")})` : "";
  await out.data(
    { name, team, role, disabled, created_at },
    `${name} ${team}${suffix}`,
  );
}

/** The role that a call names. */
export function roleIn({ args }: Call): Role | undefined {
  const given = args.text("role");
  return ROLES.find((role) => role === given);
}

function accountsOf({ settings }: Settings): AccountStore {
  return new AccountStore(settings);
}

/** Where a collector listens: one that says so, or where one would. */
async function whereOf(call: Call): Promise<string> {
  const all = await withSettings(
    call,
    ({ settings }) => collecting(settings),
  );
  const [newest] = all.toSorted((a, b) => b.seen_at < a.seen_at ? -1 : 1);
  return newest ? addressOf(newest).origin : `http://${LISTEN_DEFAULT}`;
}
