/**
 * What is known of a mission beside its log.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import { isThere } from "../base/files.ts";
import { isJsonObject, parseDocument } from "../base/json.ts";
import type { LogPlace } from "../contract/rows/lift.ts";
import { type LogFile, parentOf, realInside, rootOf } from "./logs.ts";

/** Largest `meta.json` that is read. */
const META_BYTES_MAX = 1024 * 1024;

/** What the mission's `meta.json` says; or why it cannot be read, and then what depends on it waits. */
export type Mission =
  | {
    readonly place: LogPlace;
    /** There is no `meta.json`. */
    readonly isAlone?: true;
    readonly trouble?: never;
  }
  | { readonly trouble: string; readonly place?: never };

/** Reads the `meta.json` beside a log. */
export async function readMission(
  { path, within }: Pick<LogFile, "path" | "within">,
  projectUuid: string | undefined,
): Promise<Mission> {
  const meta = `${parentOf(path)}/meta.json`;
  try {
    const real = await realInside(meta, within);
    if (real === undefined) return { place: { projectUuid }, isAlone: true };
    const { isFile, size } = await Deno.stat(real);
    if (!isFile) return { trouble: "its meta.json is not a file" };
    if (size > META_BYTES_MAX) return { trouble: "its meta.json is too large" };
    const { value } = parseDocument(await Deno.readFile(real), { first: true });
    if (!isJsonObject(value)) {
      return { trouble: "its meta.json is not a JSON object" };
    }
    const { mission_id, mission_slug, slug } = value;
    return {
      place: {
        projectUuid,
        missionId: textOf(mission_id),
        missionSlug: textOf(mission_slug) ?? textOf(slug),
      },
    };
  } catch (error) {
    return { trouble: `its meta.json cannot be read: ${reasonOf(error)}` };
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The mission in whose folder a folder lies, if it lies in one. */
export async function missionAround(cwd: string): Promise<Mission> {
  for (let folder = cwd; folder !== ""; folder = parentOf(folder)) {
    if (!/[/\\]kitty-specs$/.test(parentOf(folder))) continue;
    const log = { path: `${folder}/`, within: undefined };
    return await readMission(log, undefined);
  }
  return { place: {} };
}

/** A mission of the project around a folder, by its name. */
export async function missionNamed(
  slug: string,
  cwd: string,
): Promise<Mission> {
  const trouble = `the mission ${JSON.stringify(slug)} is not in this project`;
  const isName = !/[/\\]/.test(slug) && !["", ".", ".."].includes(slug);
  if (!isName) return { trouble };
  const root = await rootOf(undefined, cwd).catch(() => undefined);
  if (!root) return { trouble: "no Spec Kitty project is around here" };
  const folder = `${root.path}/kitty-specs/${slug}`;
  if (!await isThere(`${folder}/meta.json`)) return { trouble };
  return await readMission(
    { path: `${folder}/`, within: root.path },
    undefined,
  );
}
