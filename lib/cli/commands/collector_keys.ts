/**
 * `collector token` and `collector signing-key`: tokens for jobs, and the keys
 * that sign those of logins. In code and records, a job's token is a `Key`.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import {
  isExpired,
  type Key,
  KeyStore,
  shownKey,
} from "../../collector/accounts/keys.ts";
import {
  dropOlder,
  rotate,
  signingKeys,
} from "../../collector/accounts/signing_keys.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import { noteChange, showAll, withSettings } from "../collector_settings.ts";
import { type Call, type Command, notFound } from "../command.ts";
import { strangeTeam } from "../known_teams.ts";
import { printable } from "../output.ts";
import { STORE_OPTIONS } from "../store.ts";
import { ROLE_OPTION, roleIn } from "./collector_users.ts";

const NAME = { name: "NAME", help: "the token's name" } as const;

export const collectorKeys: readonly Command[] = [
  {
    name: "collector token create",
    summary: "Make a token, with which a job sends events without a login.",
    details: [
      "Prints the token once; nobody can find it out again. A job has it in",
      "SPEC_KITTY_TOKEN, or the name of a file with it in SPEC_KITTY_TOKEN_FILE.",
    ],
    examples: [
      "collector token create ci --team acme --expires 90d",
      "collector token create dashboard --team acme --role viewer",
    ],
    positionals: [NAME],
    options: {
      ...STORE_OPTIONS,
      team: {
        kind: "text",
        value: "SLUG",
        help: "the team that the token is of",
        required: true,
      },
      role: ROLE_OPTION,
      expires: {
        kind: "text",
        value: "TIME",
        help: "how long it is good, such as 12h or 90d (default: for ever)",
      },
    },
    run: create,
  },
  {
    name: "collector token list",
    summary: "List the tokens, without what is secret of them.",
    examples: ["collector token list --json"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      showAll(call, ({ settings }) => new KeyStore(settings).all(), showKey),
  },
  {
    name: "collector token revoke",
    summary: "Make a token void.",
    details: [
      "Works while the collector runs: within five seconds it refuses the token, and",
      "closes the sockets that were opened with it.",
    ],
    examples: ["collector token revoke ci"],
    positionals: [NAME],
    options: { ...STORE_OPTIONS },
    run: revoke,
  },
  {
    name: "collector signing-key list",
    summary: "List the keys that sign tokens, without their secrets.",
    details: [
      "The last one signs. Older ones verify what they have signed, until all of it",
      "has run out.",
    ],
    examples: ["collector signing-key list"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      showAll(
        call,
        ({ settings }) => signingKeys(settings),
        ({ out }, { name, created_at }) =>
          out.data({ name, created_at }, `${name} ${created_at}`),
      ),
  },
  {
    name: "collector signing-key rotate",
    summary: "Sign tokens with a new key from now on.",
    details: [
      "A collector does so by itself every 90 days. Works while it runs. Logins go on,",
      "unless --drop-older says that a key is not secret any more.",
    ],
    examples: [
      "collector signing-key rotate",
      "collector signing-key rotate --drop-older",
    ],
    positionals: [],
    options: {
      ...STORE_OPTIONS,
      "drop-older": {
        kind: "flag",
        help:
          "forget the keys before it: everybody has to log in again; tokens of jobs stay good",
      },
    },
    run: rotateKeys,
  },
];

async function create(call: Call): Promise<number> {
  const { args, world, out } = call;
  const team = args.text("team")!;
  const strange = await strangeTeam(call, team);
  await withSettings(call, async (settings) => {
    const { key, text } = await new KeyStore(settings.settings).create({
      name: args.positionals[0]!,
      team,
      role: roleIn(call) ?? "writer",
      lifetimeMs: lifetimeOf(args.text("expires")),
    }, world);
    const { name, role } = key;
    const what = "key_created";
    try {
      // First of all, as nobody can find it out again.
      await out.data({ ...shownKey(key), token: text }, text);
    } finally {
      await noteChange(call, settings, { what, name, team, details: role });
    }
  });
  if (strange) await out.warn(strange.words);
  await out.note(
    `this is shown once; a job needs it, and the address of the collector:
  SPEC_KITTY_TOKEN, or the name of a file with it in SPEC_KITTY_TOKEN_FILE
  SPEC_KITTY_SERVER_URL`,
  );
  return EXIT.ok;
}

async function revoke(call: Call): Promise<number> {
  const name = call.args.positionals[0]!;
  await withSettings(call, async (settings) => {
    const key = await new KeyStore(settings.settings).remove(name);
    if (!key) {
      throw notFound(
        `the token "${printable(name)}"`,
        "list them: kitty-events collector token list",
      );
    }
    const { team } = key;
    await noteChange(call, settings, { what: "key_revoked", name, team });
    await showKey(call, key);
  });
  return EXIT.ok;
}

async function rotateKeys(call: Call): Promise<number> {
  const { args, out, world } = call;
  return await withSettings(call, async (settings) => {
    const newest = (await signingKeys(settings.settings)).at(-1);
    const { name, created_at } = await rotate(
      settings.settings,
      world,
      newest,
    );
    await noteChange(call, settings, { what: "signing_key_made", name });
    const dropped = args.flag("drop-older")
      ? await dropOlder(settings.settings)
      : 0;
    if (dropped > 0) {
      const details = counted(dropped, "older key");
      const what = "signing_keys_dropped";
      await noteChange(call, settings, { what, name, details });
    }
    await out.data({ name, created_at, dropped }, `${name} ${created_at}`);
    return EXIT.ok;
  });
}

async function showKey({ out, world }: Call, key: Key): Promise<void> {
  const { name, id, team, role, expires_at } = key;
  const is = isExpired(key, world.nowMs()) ? "expired" : "until";
  const end = expires_at === undefined ? "" : ` ${is} ${expires_at}`;
  await out.data(shownKey(key), `${name} ${team} ${role} ske_${id}…${end}`);
}

const DAY_MS = 24 * 60 * 60 * 1000;
const UNITS = { m: 60_000, h: 3_600_000, d: DAY_MS };
const LIFETIME_MS_MAX = 3_660 * DAY_MS;

/** @throws {KittyError} for what is no span of time */
function lifetimeOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const match = given.match(/^([1-9]\d{0,6})([mhd])$/);
  const ms = match
    ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
    : Infinity;
  if (ms <= LIFETIME_MS_MAX) return ms;
  throw usageError(
    "--expires takes a time such as 30m, 12h or 90d, up to ten years",
  );
}
