/**
 * Where the collector's data lies that a call is about: the store that it
 * names, or the folder in its home.
 *
 * @module
 */

import type { Option } from "../base/arguments.ts";
import { KittyError, reasonOf, usageError } from "../base/errors.ts";
import { collectorFolder } from "../collector/folder.ts";
import type { Place } from "../collector/place.ts";
import type { Call } from "./command.ts";
import { homeOf } from "./keeper.ts";

/** Options of each command that looks into a collector's data. */
export const STORE_OPTIONS = {
  store: {
    kind: "text",
    value: "URL",
    help:
      "a PostgreSQL that many collectors share, in place of the home; or SPEC_KITTY_STORE_URL",
  },
  "store-file": {
    kind: "text",
    value: "FILE",
    help: "the same, with the URL in a file",
  },
} as const satisfies Record<string, Option>;

type FoundPlace = Place & { readonly folder: string };

/** A command may open several things there, and what is said of it is said once. */
const places = new WeakMap<Call, Promise<FoundPlace>>();

/**
 * The place that a call names.
 *
 * @throws {KittyError} where it names two, or a file that cannot be read
 */
export function placeOf(call: Call): Promise<FoundPlace> {
  const place = places.get(call) ?? findPlace(call);
  places.set(call, place);
  return place;
}

async function findPlace(call: Call): Promise<FoundPlace> {
  const store = await storeOf(call);
  // A store takes the place of the home, so none is needed.
  const home = store === undefined
    ? await homeOf(call)
    : await homeOf(call).catch(() => "");
  return { folder: collectorFolder(home), store };
}

/** The URL of the store that a call names. */
async function storeOf(call: Call): Promise<string | undefined> {
  const { args, world, out } = call;
  const store = args.text("store"), file = args.text("store-file");
  if (store !== undefined && file !== undefined) {
    throw usageError("--store and --store-file name two stores");
  }
  if (file !== undefined) return await urlIn(file);
  if (store === undefined) {
    return world.env("SPEC_KITTY_STORE_URL") || undefined;
  }
  if (hasPassword(store)) {
    await out.note(
      "others on this machine can see the password in --store: --store-file or SPEC_KITTY_STORE_URL is better",
    );
  }
  return store;
}

/** Of several hosts, which no URL of the standard has: so this looks itself. */
function hasPassword(store: string): boolean {
  const [, rest = ""] = store.split("://", 2);
  const [authority = ""] = rest.split("/", 1);
  const [, password = ""] = authority.slice(0, authority.lastIndexOf("@"))
    .split(":", 2);
  return password !== "";
}

async function urlIn(file: string): Promise<string> {
  let text: string;
  try {
    text = (await Deno.readTextFile(file)).trim();
  } catch (error) {
    throw usageError(
      `--store-file: cannot read ${file}: ${reasonOf(error)}`,
      "it holds the URL of a store, and nothing else",
    );
  }
  if (text !== "" && !text.includes("\n")) return text;
  throw new KittyError(
    "bad_store_url",
    `--store-file: ${file} holds ${text === "" ? "nothing" : "several lines"}`,
    { hint: "it holds the URL of a store, and nothing else" },
  );
}
