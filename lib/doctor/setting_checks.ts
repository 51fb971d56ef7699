/**
 * Settings: `config.toml` and the environment.
 *
 * @module
 */

import { EXIT } from "../base/errors.ts";
import { isJsonObject } from "../base/json.ts";
import { nearMiss } from "../base/near_miss.ts";
import { variablesOf } from "../base/variables.ts";
import { type Finding, fine, listed, problem, warning } from "./finding.ts";
import { type Patient, within } from "./patient.ts";

/** What `config.toml` can set. */
const CONFIG_KEYS: Readonly<Record<string, readonly string[]>> = {
  sync: [
    ...["server_url", "sink_url", "sink_format", "ca_file", "insecure_http"],
    ...["team_slug", "max_queue_size", "max_queue_bytes", "gather"],
  ],
  emit: ["timeout", "contract"],
  follow: ["paths"],
};

const ALL_KEYS = Object.entries(CONFIG_KEYS)
  .flatMap(([table, keys]) => keys.map((key) => `${table}.${key}`));

/** Whether the settings can be used, and are all known. */
export async function checkConfig(patient: Patient): Promise<Finding> {
  const { settings } = patient;
  if (settings.problems.length > 0) {
    return problem(
      settings.problems.join("; "),
      "mend it; until then the next source counts. See: kitty-events help environment",
      EXIT.config,
    );
  }
  const path = within(patient, "config.toml");
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return fine("no config.toml; the defaults count");
  const { parse } = await import("../base/toml.ts");
  const unknown = unknownKeys(parse(text));
  if (unknown.length === 0) return fine("config.toml is used");
  const [first] = unknown;
  const meant = nearMiss(first!, ALL_KEYS) ?? nearest(first!);
  return warning(
    `config.toml: not known here: ${listed(unknown)}`,
    meant
      ? `did you mean ${meant}?`
      : `known are ${ALL_KEYS.join(", ")}; the rest is left to others`,
  );
}

/** A known key of another table, or of none. */
function nearest(name: string): string | undefined {
  const key = name.split(".").at(-1)!;
  const keys = Object.values(CONFIG_KEYS).flat();
  const meant = nearMiss(key, keys);
  return ALL_KEYS.find((known) => known.endsWith(`.${meant}`));
}

function unknownKeys(document: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(document).flatMap(([table, value]) => {
    if (!isJsonObject(value) || value instanceof Date) return [table];
    return Object.keys(value).map((key) => `${table}.${key}`)
      .filter((name) => !ALL_KEYS.includes(name));
  });
}

/** Those with secrets included: only names are shown. */
const OWN = variablesOf("own");
const DROPPED = variablesOf("dropped");

/** What the environment overrides. */
export async function checkEnvironment(
  { world, settings }: Patient,
): Promise<Finding> {
  const names = await environmentNames(world.env);
  const own = names.filter((name) => OWN.includes(name));
  if (settings.disabled) {
    return warning(
      "SPEC_KITTY_DISABLED is set, and nothing is recorded",
      "to record again: unset SPEC_KITTY_DISABLED",
    );
  }
  const unknown = names.filter((name) =>
    name.startsWith("SPEC_KITTY_") && !OWN.includes(name)
  );
  if (unknown.length > 0) {
    const meant = nearMiss(unknown[0]!, OWN);
    return warning(
      `not known here: ${listed(unknown)}`,
      meant ? `did you mean ${meant}?` : "see: kitty-events help environment",
    );
  }
  const dropped = names.filter((name) => DROPPED.includes(name));
  if (dropped.length > 0) {
    return warning(
      `${
        listed(dropped)
      } would move the queue or weaken it, and counts for nothing here`,
      `unset ${dropped.join(" ")}`,
    );
  }
  return fine(
    own.length === 0 ? "overrides nothing" : `sets ${own.join(", ")}`,
  );
}

/**
 * Names of the variables that this process was started with. Elsewhere than
 * on Linux, or where that may not be read, the known ones that are set.
 */
async function environmentNames(
  env: (name: string) => string | undefined,
): Promise<string[]> {
  try {
    const bytes = await Deno.readFile("/proc/self/environ");
    return new TextDecoder().decode(bytes).split("\0")
      .filter((entry) => /^[^=]+=./.test(entry))
      .map((entry) => entry.slice(0, entry.indexOf("="))).sort();
  } catch {
    return OWN.filter((name) => env(name));
  }
}
