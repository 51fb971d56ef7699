/** Projects with status logs, as Spec Kitty's own tools write them. */

import { lift } from "../../lib/contract/rows/lift.ts";
import type { TempFolder } from "./home.ts";
import { tempFolder } from "./home.ts";

/** A line of a status log. */
export type Line = Record<string, unknown>;

/** The n-th ULID that a test makes, `at` as its time. */
export function ulidAt(n: number, ms = Date.UTC(2026, 5, 1) + n * 1_000) {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let time = "";
  for (let rest = ms, i = 0; i < 10; i++) {
    time = digits[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time + String(n).padStart(16, "0");
}

/** A mission's id. */
export function missionId(n: number): string {
  return ulidAt(n, Date.UTC(2026, 0, 1));
}

/** A lane transition; the n-th of all, a second after the one before. */
export function lane(n: number, fields: Line = {}): Line {
  return {
    event_id: ulidAt(n),
    mission_slug: "demo",
    wp_id: `WP0${n % 9}`,
    from_lane: "planned",
    to_lane: "claimed",
    at: new Date(Date.UTC(2026, 5, 1) + n * 1_000).toISOString(),
    actor: "claude",
    execution_mode: "worktree",
    force: false,
    review_result: null,
    ...fields,
  };
}

/** The row that a line becomes, with clock and node. */
export function rowOf(line: Line): Line {
  const place = { missionId: missionId(1) };
  return { ...lift(line, place).row, lamportclock: 1, nodeid: "0123456789ab" };
}

/** A project in a folder of its own. */
export class Project implements AsyncDisposable {
  readonly #folder: TempFolder;

  private constructor(folder: TempFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<Project> {
    const project = new Project(await tempFolder());
    await Deno.mkdir(`${project.path}/.kittify`);
    await Deno.writeTextFile(
      `${project.path}/.kittify/config.yaml`,
      "project:\n  uuid: 5c0f6f0e-3b1a-4d8e-9a55-0d7e3f2b9c11\n  slug: demo\n",
    );
    return project;
  }

  get path(): string {
    return this.#folder.path;
  }

  logOf(mission: number): string {
    return `${this.path}/kitty-specs/mission-${mission}/status.events.jsonl`;
  }

  /** Writes a mission: its `meta.json` and its log. */
  async mission(
    n: number,
    lines: readonly (Line | string)[],
    meta: unknown = { mission_id: missionId(n), mission_slug: `mission-${n}` },
  ): Promise<void> {
    const folder = `${this.path}/kitty-specs/mission-${n}`;
    await Deno.mkdir(folder, { recursive: true });
    if (meta !== undefined) {
      const text = typeof meta === "string" ? meta : JSON.stringify(meta);
      await Deno.writeTextFile(`${folder}/meta.json`, text);
    }
    await Deno.writeTextFile(this.logOf(n), textOf(lines));
  }

  /** Adds lines to a mission's log. */
  async append(n: number, lines: readonly (Line | string)[]): Promise<void> {
    await Deno.writeTextFile(this.logOf(n), textOf(lines), { append: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Lines as a log has them. */
export function textOf(lines: readonly (Line | string)[]): string {
  return lines.map((line) =>
    `${typeof line === "string" ? line : JSON.stringify(line)}\n`
  ).join("");
}
