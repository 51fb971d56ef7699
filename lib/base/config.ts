/**
 * Settings: flag, then environment, then `config.toml`, then default.
 *
 * @module
 */

import { reasonOf } from "./errors.ts";
import { ifRegular } from "./files.ts";
import {
  QUEUE_BYTES_DEFAULT,
  QUEUE_SIZE_DEFAULT,
  TIMEOUT_MS_DEFAULT,
  TIMEOUT_MS_MAX,
  TIMEOUT_MS_MIN,
} from "./limits.ts";
import type { World } from "./world.ts";

/** A team slug that stands for "not known yet"; sending stamps the real one. */
export const LOCAL_TEAM = "local";

/** A team that events can be sent for; undefined for anything else. */
export function knownTeam(slug: unknown): string | undefined {
  return typeof slug === "string" && slug !== "" && slug !== LOCAL_TEAM
    ? slug
    : undefined;
}

/** How events go to a sink: many in one request, or each in its own. */
export type SinkFormat = "batch" | "structured";

/** All settings, each with a value. */
export interface Settings {
  readonly teamSlug: string;
  /** Undefined: no server, events stay queued. */
  readonly serverUrl: string | undefined;
  /** An endpoint for CloudEvents, in place of a server. */
  readonly sinkUrl: string | undefined;
  readonly sinkFormat: SinkFormat;
  /** File of certificates that are trusted besides the system's. */
  readonly caFile: string | undefined;
  /** Plain HTTP may go to other machines, and show them all that is sent. */
  readonly insecureHttp: boolean;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  readonly timeoutMs: number;
  /** The contract that all drafts have to keep; undefined: each the one that it names its type by. */
  readonly contract: string | undefined;
  /** For how long an agent gathers events that it sends together. */
  readonly gatherMs: number;
  /** Projects that an agent follows. */
  readonly followPaths: readonly string[];
  /** `SPEC_KITTY_DISABLED`: record nothing. */
  readonly disabled: boolean;
  /** Settings that were given but could not be used, in words. */
  readonly problems: readonly string[];
}

/**
 * The settings that count now. Code that needs one asks at the moment of need:
 * a process that lives long reads them anew, and so all of them change at
 * once, between two turns of the event loop.
 */
export class SettingsSource {
  #current: Settings;

  constructor(settings: Settings) {
    this.#current = settings;
  }

  get current(): Settings {
    return this.#current;
  }

  /**
   * Makes other settings count from now on.
   *
   * @returns their problems that the settings before did not have
   */
  renew(settings: Settings): string[] {
    const before = this.#current.problems;
    this.#current = settings;
    return settings.problems.filter((text) => !before.includes(text));
  }
}

/** Settings that a command line gives. */
export interface SettingFlags {
  readonly timeoutMs?: number | undefined;
  readonly contract?: string | undefined;
}

/** Puts the settings together. What cannot be used is a problem, and the next source counts. */
export function settingsOf(
  world: World,
  file: ConfigFile,
  flags: SettingFlags = {},
): Settings {
  const problems = [...file.problems];
  const pick = picker(world, file, problems);
  const timeoutMs = flags.timeoutMs ?? pick(
    "SPEC_KITTY_TIMEOUT",
    "emit",
    "timeout",
    (raw) => typeof raw === "string" ? parseDuration(raw) : undefined,
    DURATION_EXPECTED,
  );
  const settings: Settings = {
    teamSlug: pick(
      "SPEC_KITTY_TEAM_SLUG",
      "sync",
      "team_slug",
      (raw) => text(raw)?.trim() === "" ? undefined : text(raw),
      "a string that is not blank",
    ) ?? LOCAL_TEAM,
    serverUrl: pick(
      "SPEC_KITTY_SERVER_URL",
      "sync",
      "server_url",
      text,
      "a URL",
    ),
    ...sinkOf(pick),
    caFile: pick("SPEC_KITTY_CA_FILE", "sync", "ca_file", text, "a path"),
    insecureHttp: pick(
      "SPEC_KITTY_INSECURE_HTTP",
      "sync",
      "insecure_http",
      yesOrNo,
      "1 or 0 (in config.toml, true or false)",
    ) ?? false,
    ...limitsOf(pick),
    timeoutMs: Math.max(timeoutMs ?? TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MIN),
    contract: flags.contract ?? pick(
      "SPEC_KITTY_CONTRACT",
      "emit",
      "contract",
      text,
      "the name of a contract",
    ),
    gatherMs: gatherOf(pick),
    followPaths: pathsOf(file, problems),
    disabled: isSet(world.env("SPEC_KITTY_DISABLED")),
    problems,
  };
  for (const name of world.unreadable ?? []) {
    if (!name.startsWith("SPEC_KITTY_")) continue;
    problems.push(`${name} is not used: its value is not valid UTF-8`);
  }
  return settings;
}

/** What the queue takes. */
function limitsOf(
  pick: ReturnType<typeof picker>,
): Pick<Settings, "maxQueueSize" | "maxQueueBytes"> {
  const count = "a whole number above 0";
  return {
    maxQueueSize: pick(
      "SPEC_KITTY_MAX_QUEUE_SIZE",
      "sync",
      "max_queue_size",
      positive,
      count,
    ) ?? QUEUE_SIZE_DEFAULT,
    maxQueueBytes: pick(
      "SPEC_KITTY_MAX_QUEUE_BYTES",
      "sync",
      "max_queue_bytes",
      positive,
      count,
    ) ?? QUEUE_BYTES_DEFAULT,
  };
}

/** For how long an agent gathers what it sends. */
function gatherOf(pick: ReturnType<typeof picker>): number {
  return pick(
    "SPEC_KITTY_GATHER",
    "sync",
    "gather",
    (raw) => typeof raw === "string" ? parseDuration(raw) : undefined,
    DURATION_EXPECTED,
  ) ?? 0;
}

/** The projects that `config.toml` names to be followed. */
function pathsOf(file: ConfigFile, problems: string[]): readonly string[] {
  const given = file.tables.follow?.paths;
  if (given === undefined) return [];
  const isGood = Array.isArray(given) &&
    given.every((path) => typeof path === "string" && path !== "");
  if (isGood) return given;
  problems.push(
    "config.toml: follow.paths is not used: expected a list of paths",
  );
  return [];
}

/** Where events go in place of a server, and how. */
function sinkOf(
  pick: ReturnType<typeof picker>,
): Pick<Settings, "sinkUrl" | "sinkFormat"> {
  return {
    sinkUrl: pick("SPEC_KITTY_SINK_URL", "sync", "sink_url", text, "a URL"),
    sinkFormat: pick(
      "SPEC_KITTY_SINK_FORMAT",
      "sync",
      "sink_format",
      (raw) => raw === "batch" || raw === "structured" ? raw : undefined,
      "batch or structured",
    ) ?? "batch",
  };
}

/** Picks the first source of a setting that can be used; the others are problems. */
function picker(world: World, file: ConfigFile, problems: string[]) {
  return <T>(
    variable: string,
    table: string,
    key: string,
    read: (raw: unknown) => T | undefined,
    expected: string,
  ): T | undefined => {
    const sources: [string, unknown][] = [
      [variable, world.env(variable) || undefined],
      [`config.toml: ${table}.${key}`, file.tables[table]?.[key]],
    ];
    for (const [name, raw] of sources) {
      if (raw === undefined) continue;
      const value = read(raw);
      if (value !== undefined) return value;
      problems.push(`${name} is not used: expected ${expected}`);
    }
    return undefined;
  };
}

/** What `parseDuration` takes, in words. */
export const DURATION_EXPECTED = "a duration such as 500ms, 2s or 1m";

/** `500ms`, `2s`, `1.5m` in milliseconds, at most a day; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = text.match(/^(\d+(?:\.\d+)?)(ms|s|m|h)$/);
  if (!match) return undefined;
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2]!]!;
  const ms = Number(match[1]) * unit;
  return ms > 0 && ms <= TIMEOUT_MS_MAX ? ms : undefined;
}

/** What `config.toml` says, and why it cannot be used. */
export interface ConfigFile {
  readonly tables: Readonly<
    Record<string, Readonly<Record<string, unknown>> | undefined>
  >;
  readonly problems: readonly string[];
}

/** What a call goes by without a `config.toml`. */
export const NO_CONFIG_FILE: ConfigFile = { tables: {}, problems: [] };

/** Reads a home's `config.toml`. Never rejects. */
export async function readConfigFile(home: string): Promise<ConfigFile> {
  const path = `${home}/config.toml`;
  const unused = (why: string): ConfigFile => ({
    tables: {},
    problems: [`${path} is not used: ${why}`],
  });
  let content: string | undefined, toml: typeof import("./toml.ts");
  try {
    content = await ifRegular(path, Deno.readTextFile);
    if (content === undefined) return unused("it is not a file");
    toml = await import("./toml.ts");
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? NO_CONFIG_FILE
      : unused(reasonOf(error));
  }
  try {
    const tables = Object.entries(toml.parse(content)).filter(([, table]) =>
      typeof table === "object"
    );
    return { tables: Object.fromEntries(tables), problems: [] } as ConfigFile;
  } catch (error) {
    // The library's message quotes the line, and a line may hold a secret.
    const line = (error as { line?: number }).line;
    return unused(`not valid TOML${line ? ` in line ${line}` : ""}`);
  }
}

function text(raw: unknown): string | undefined {
  return typeof raw === "string" && raw !== "" ? raw : undefined;
}

/** Nothing that may be a slip: it says who may read what is sent. */
function yesOrNo(raw: unknown): boolean | undefined {
  if (typeof raw === "boolean") return raw;
  if (raw === "1" || raw === "true") return true;
  return raw === "0" || raw === "false" ? false : undefined;
}

function positive(raw: unknown): number | undefined {
  const value = typeof raw === "string" && /^\d+$/.test(raw)
    ? Number(raw)
    : raw;
  return Number.isSafeInteger(value) && (value as number) > 0
    ? value as number
    : undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(0|false|no|off|)$/i.test(value);
}
