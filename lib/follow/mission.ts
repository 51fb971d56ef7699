/**
 * What is known of a mission beside its log.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import { isJsonObject, parseDocument } from "../base/json.ts";
import type { LogPlace } from "../contract/rows/lift.ts";
import { type LogFile, realInside } from "./logs.ts";

/** Largest `meta.json` that is read. */
const META_BYTES_MAX = 1024 * 1024;

/** What the mission's `meta.json` says; or why it cannot be read, and then what depends on it waits. */
export type Mission =
  | { readonly place: LogPlace; readonly trouble?: never }
  | { readonly trouble: string; readonly place?: never };

/** Reads the `meta.json` beside a log. */
export async function readMission(
  { path, within }: Pick<LogFile, "path" | "within">,
  projectUuid: string | undefined,
): Promise<Mission> {
  const meta = path.replace(/[^/\\]*$/, "meta.json");
  try {
    const real = await realInside(meta, within);
    if (real === undefined) return { place: { projectUuid } };
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
