/**
 * The Spec Kitty project that the working directory lies in, from
 * `.kittify/config.yaml`.
 *
 * @module
 */

import type { ProjectIdentity } from "../event/event.ts";
import { ifRegular, TooLargeError } from "../base/files.ts";
import { parseDocument, sameJson } from "../base/json.ts";
import { PROJECT_BYTES_MAX } from "../base/limits.ts";

/** A project's identity, and what was odd about its configuration. */
export interface ProjectFinding {
  readonly identity: ProjectIdentity;
  readonly warning?: string;
}

const CONFIG = ".kittify/config.yaml";

/**
 * Longest configuration given to the YAML library: it takes quadratic time for
 * some texts, and a fifth of a second for the worst of this length.
 */
const YAML_CHARS_MAX = 16 * 1024;

/** Stands for a configuration of which nothing is read: it is there, and a warning says so. */
const UNREADABLE = "[".repeat(YAML_CHARS_MAX + 1);

/**
 * Looks for the nearest configuration in `cwd` and above. In a git worktree
 * the one of the main repository counts, as all worktrees are one project.
 * Never throws: an unreadable configuration is a warning and no identity.
 */
export async function findProject(
  cwd: string | undefined,
): Promise<ProjectFinding> {
  if (cwd === undefined) return { identity: {} };
  const folders = ancestors(cwd);
  const own = await Promise.all(folders.map(readConfig));
  const nearest = own.findIndex((text) => text !== undefined);
  const inside = nearest < 0 ? folders : folders.slice(0, nearest + 1);
  const text = await mainRepositoryConfig(inside) ?? own[nearest];
  if (text === undefined) return { identity: {} };
  try {
    return { identity: carried(readScalars(text) ?? await readYaml(text)) };
  } catch (error) {
    // The library's message quotes the file, and a file may hold a secret.
    const line = (error as { mark?: { line: number } }).mark?.line;
    const place = line === undefined ? "" : ` (line ${line + 1})`;
    return {
      identity: {},
      warning:
        `cannot read ${CONFIG}${place}: the event carries no project; mend the file`,
    };
  }
}

/** `path` and every folder above it, nearest first. */
function ancestors(path: string): string[] {
  let end = path.length;
  while (end > 1 && isSlash(path[end - 1])) end--;
  const folders = [path.slice(0, end)];
  for (;;) {
    const here = folders[folders.length - 1]!;
    const cut = Math.max(here.lastIndexOf("/"), here.lastIndexOf("\\"));
    if (cut < 0 || cut === here.length - 1) return folders;
    const root = cut === 0 || /^[A-Za-z]:$/.test(here.slice(0, cut));
    folders.push(root ? here.slice(0, cut + 1) : here.slice(0, cut));
  }
}

function isSlash(char: string | undefined): boolean {
  return char === "/" || char === "\\";
}

function readConfig(folder: string): Promise<string | undefined> {
  return readIfThere(`${trimmed(folder)}/${CONFIG}`);
}

/**
 * The configuration of the main repository, where `folders` lie in a git
 * worktree: at its root `.git` is a file that points into
 * `<main>/.git/worktrees/<name>`.
 */
async function mainRepositoryConfig(
  folders: readonly string[],
): Promise<string | undefined> {
  for (const folder of folders) {
    const pointer = await readGit(`${trimmed(folder)}/.git`);
    if (pointer === undefined) continue;
    const main = mainFolder(pointer);
    if (main === undefined) return undefined;
    const isAbsolute = /^([/\\]|[A-Za-z]:)/.test(main);
    return await readConfig(isAbsolute ? main : `${folder}/${main}`);
  }
  return undefined;
}

/** The folder of the main repository of which a git pointer speaks. */
function mainFolder(pointer: string): string | undefined {
  const line = pointer.split("\n").find((line) => line.startsWith("gitdir: "));
  const target = line?.slice("gitdir: ".length).trimEnd() ?? "";
  const parts = target.split(/[/\\]/);
  const [git, worktrees, name] = parts.slice(-3);
  if (git !== ".git" || worktrees !== "worktrees" || !name) return undefined;
  const tail = `/${git}/${worktrees}/${name}`;
  return target.slice(0, -tail.length);
}

/** A git pointer's text, empty where `.git` is the repository itself. */
async function readGit(path: string): Promise<string | undefined> {
  try {
    return await ifRegular(path, Deno.readTextFile) ?? "";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : "";
  }
}

function trimmed(folder: string): string {
  return folder.replace(/[/\\]$/, "");
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await ifRegular(path, Deno.readTextFile);
  } catch (error) {
    return error instanceof TooLargeError ? UNREADABLE : undefined;
  }
}

/**
 * Reads `uuid` and `slug` of a block `project:` where they are plain or
 * single-quoted strings on one line, which is how Spec Kitty writes them: the
 * YAML library costs more than the rest of an `emit`.
 *
 * @returns undefined where the text needs the library
 */
function readScalars(text: string): ProjectIdentity | undefined {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.some((line) => /^(---|\.\.\.|[%?"'{[&*!|>]|\t)/.test(line))) {
    return undefined;
  }
  const starts = lines.flatMap((line, i) => /^project\s*:/.test(line) ? i : []);
  if (starts.length === 0) return {};
  const start = starts[0]!;
  if (starts.length > 1 || !/^project:\s*(#.*)?$/.test(lines[start]!)) {
    return undefined;
  }
  const found: Record<string, string> = {};
  let indent: string | undefined;
  for (const line of lines.slice(start + 1)) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    if (/^\S/.test(line)) break;
    const [start, spaces, key] = line.match(/^( +)([A-Za-z_][\w-]*):/) ?? [];
    if (start === undefined) return undefined;
    const rest = line.slice(start.length);
    // A line break of another alphabet is a matter for the library.
    if (/^\S|[\r\u2028\u2029]/.test(rest)) return undefined;
    indent ??= spaces;
    if (spaces !== indent) return undefined;
    if (key !== "uuid" && key !== "slug") continue;
    const value = scalar(rest.trim());
    if (value === undefined || key in found) return undefined;
    found[key] = value;
  }
  return identityOf(found);
}

/** A single-quoted string, or a plain one that no YAML reader takes for a number, boolean, null or date. */
function scalar(raw: string): string | undefined {
  const quoted = raw.match(/^'((?:[^']|'')*)'(?:\s+#.*)?$/);
  if (quoted) return quoted[1]!.replaceAll("''", "'");
  const plain = withoutComment(raw);
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(plain);
  // Beyond ASCII all text is plain; a class such as \p{L} costs a quarter of a millisecond to compile.
  const isText = /^[A-Za-z_\u00c0-\ud7ff]/.test(plain) &&
    !/:(\s|$)|\s#/.test(plain) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(plain);
  return isUuid || isText ? plain : undefined;
}

/** A line's text up to the first `#` behind white space. */
function withoutComment(text: string): string {
  let at = text.indexOf("#");
  while (at >= 0 && !/\s/.test(text[at - 1] ?? "")) {
    at = text.indexOf("#", at + 1);
  }
  return at < 0 ? text : text.slice(0, at).trimEnd();
}

async function readYaml(text: string): Promise<ProjectIdentity> {
  if (text.length > YAML_CHARS_MAX) throw new Error("too long to be read");
  const { parse } = await import("../base/yaml.ts");
  const document = parse(text);
  const project = (document as { project?: unknown } | null)?.project;
  return project && typeof project === "object" ? identityOf(project) : {};
}

/**
 * The same, if an event can carry it: YAML has values that JSON has not, and a
 * name that goes into every event must not take up its room.
 */
function carried(identity: ProjectIdentity): ProjectIdentity {
  // Throws for a value that contains itself.
  const bytes = new TextEncoder().encode(JSON.stringify(identity));
  const { value, problems } = parseDocument(bytes);
  const isSame = !problems && sameJson(value, identity);
  if (isSame && bytes.length <= PROJECT_BYTES_MAX) return identity;
  throw new Error("no identity that an event can carry");
}

function identityOf(
  project: { uuid?: unknown; slug?: unknown },
): ProjectIdentity {
  return {
    ...(project.uuid != null && { project_uuid: project.uuid }),
    ...(project.slug != null && { project_slug: project.slug }),
  };
}
