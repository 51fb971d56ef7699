/**
 * A token in the environment, as of a CI job: it takes the place of a login. A
 * file with it may change while a process goes on.
 *
 * @module
 */

import type { World } from "../base/world.ts";
import { reasonOf } from "../base/errors.ts";
import { CREDENTIALS_BYTES_MAX } from "../base/limits.ts";
import {
  type HeldLogin,
  type Login,
  type LoginStore,
  NotAuthenticatedError,
} from "./login.ts";
import { isToken } from "./tokens.ts";

const TOKEN = "SPEC_KITTY_TOKEN", FILE = "SPEC_KITTY_TOKEN_FILE";

/** Whether the environment has a key, good or not: it comes before any login. */
export function hasKeyInEnvironment(world: Pick<World, "env">): boolean {
  return Boolean(world.env(TOKEN)?.trim() || world.env(FILE));
}

/** The file that the key is read from; undefined where it is not in one. */
export function keyFile(world: Pick<World, "env">): string | undefined {
  return world.env(TOKEN)?.trim() ? undefined : world.env(FILE) || undefined;
}

/** Access with a key and nothing else. */
export function loginOfKey(key: string): Login {
  const tokens = {
    access: key,
    refresh: "",
    accessExpiresAtMs: undefined,
    refreshExpiresAtMs: undefined,
  };
  return { username: undefined, teamSlug: undefined, tokens };
}

/** The login that a key in the environment is. */
export function keyLogin(world: Pick<World, "env">): LoginStore {
  const read = async () => loginOfKey(await keyFromEnvironment(world));
  const held: HeldLogin = {
    read,
    takeRoom: () => Promise.resolve(),
    renew: () => Promise.resolve(),
    end: () =>
      Promise.resolve(
        new NotAuthenticatedError(
          "expired",
          "the server does not take the environment's token (any more)",
          `set ${TOKEN} to another one: kitty-events collector token create`,
        ),
      ),
  };
  return { read, alone: (deadline, work) => deadline.race(work(held), "wait") };
}

/** @throws {NotAuthenticatedError} where it cannot be read, or is none */
async function keyFromEnvironment(world: Pick<World, "env">): Promise<string> {
  const given = world.env(TOKEN)?.trim();
  const path = world.env(FILE) ?? "";
  const from = given ? TOKEN : `${FILE} (${path})`;
  const key = given || await readKey(path);
  if (isToken(key)) return key;
  throw new NotAuthenticatedError(
    "unusable",
    key === ""
      ? `${from} holds no token`
      : `${from} is not a token: it has white space or other letters in it`,
    "it holds the token alone, as collector token create prints it",
  );
}

async function readKey(path: string): Promise<string> {
  const unusable = (why: string) =>
    new NotAuthenticatedError(
      "unusable",
      `cannot read ${FILE} (${path}): ${why}`,
      "name a file that holds the token alone",
    );
  try {
    const { isFile, size } = await Deno.stat(path);
    // Opening a pipe would wait for its writer.
    if (!isFile) throw unusable("it is not a file");
    if (size > CREDENTIALS_BYTES_MAX) throw unusable("it is too large");
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof NotAuthenticatedError) throw error;
    throw unusable(reasonOf(error));
  }
}
