/**
 * Where logs are, and the projects that they belong to.
 *
 * @module
 */

import { findProject } from "../emit/project.ts";
import { type LogRoot, parentOf, rootOf } from "./logs.ts";

/**
 * Where to look for logs, with the project's id.
 *
 * @param path see `rootOf`
 * @param warn takes what is odd about the project's configuration
 * @throws {KittyError} where there is no such thing
 */
export async function projectRoot(
  path: string | undefined,
  cwd: string,
  warn: (text: string) => void,
): Promise<LogRoot> {
  const root = await rootOf(path, cwd);
  const folder = root.kind === "file" ? parentOf(root.path) : root.path;
  const { identity, warning } = await findProject(folder);
  if (warning !== undefined) warn(warning);
  const { project_uuid } = identity;
  const projectUuid = typeof project_uuid === "string"
    ? project_uuid
    : undefined;
  return { ...root, projectUuid };
}
