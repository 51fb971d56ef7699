/**
 * Kill -9 of `follow` at random moments, while logs grow and are written anew
 * as branches and rebases do it. Afterwards each line has to be in the queue,
 * once.
 */

import { documentsOf, runProgram, spawnProgram } from "../support/program.ts";
import {
  lane,
  type Line,
  type Project,
  textOf,
  ulidAt,
} from "../support/project.ts";
import { type Findings, noFindings, type Series } from "./findings.ts";

const MISSIONS = 3;

/** Lines that come in one round at most, and how long a round lasts at most. */
const LINES_MAX = 60, ROUND_MS_MAX = 450;

/** Kills of following processes, and the lines of their logs. */
export class FollowKills implements Series {
  readonly counts = { rounds: 0, killed: 0, lines: 0, rewrites: 0, events: 0 };
  readonly #lines = new Map<number, Line[]>();
  #next = 1;

  constructor(
    readonly home: string,
    readonly project: Project,
    readonly random: () => number,
  ) {}

  get env(): Record<string, string> {
    return {
      SPEC_KITTY_HOME: this.home,
      SPEC_KITTY_MAX_QUEUE_SIZE: "100000000",
    };
  }

  async round(number: number): Promise<void> {
    this.counts.rounds += 1;
    for (let mission = 1; mission <= MISSIONS; mission++) {
      if (this.#lines.has(mission)) continue;
      this.#lines.set(mission, []);
      await this.project.mission(mission, []);
    }
    const once = number % 2 === 0 ? ["--once"] : [];
    const child = spawnProgram(["follow", ...once, "--quiet"], this.env, {
      cwd: this.project.path,
    });
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, this.random() * ROUND_MS_MAX);
    const writing = this.#write();
    const { signal } = await child.output();
    clearTimeout(timer);
    await writing;
    if (signal === "SIGKILL") this.counts.killed += 1;
  }

  /** Adds lines in pieces of any length, and writes a log anew now and then. */
  async #write(): Promise<void> {
    const writes = 1 + Math.floor(this.random() * 6);
    for (let i = 0; i < writes; i++) {
      const mission = 1 + Math.floor(this.random() * MISSIONS);
      const lines = this.#lines.get(mission)!;
      const added = Array.from(
        { length: 1 + Math.floor(this.random() * LINES_MAX / writes) },
        () => lane(this.#next++),
      );
      lines.push(...added);
      this.counts.lines += added.length;
      const path = this.project.logOf(mission);
      if (this.random() < 0.4) {
        this.counts.rewrites += 1;
        lines.sort(() => this.random() - 0.5);
        await Deno.writeTextFile(`${path}.new`, textOf(lines));
        await Deno.rename(`${path}.new`, path);
      } else {
        const text = textOf(added);
        const middle = Math.floor(this.random() * text.length);
        await Deno.writeTextFile(path, text.slice(0, middle), { append: true });
        await new Promise((resolve) => setTimeout(resolve, 10 * this.random()));
        await Deno.writeTextFile(path, text.slice(middle), { append: true });
      }
      await new Promise((resolve) => setTimeout(resolve, 40 * this.random()));
    }
  }

  async verify(): Promise<Findings> {
    const findings = noFindings();
    const last = await runProgram(["follow", "--once", "--json"], this.env, {
      cwd: this.project.path,
    });
    const { total } = documentsOf(last.stdout).at(-1);
    if (last.code !== 0 || total.refused > 0) findings.other += 1;
    const check = await runProgram(["queue", "check", "--json"], this.env);
    if (!JSON.parse(check.stdout).ok) findings.other += 1;
    const { stdout } = await runProgram(["queue", "export"], this.env);
    const rows = documentsOf(stdout);
    const ids = new Set(rows.map(({ id }) => id));
    const clocks = new Set(rows.map(({ lamportclock }) => lamportclock));
    findings.doubled += rows.length - ids.size;
    findings.clockTwice += rows.length - clocks.size;
    for (let n = 1; n < this.#next; n++) {
      if (!ids.has(ulidAt(n))) findings.lost += 1;
    }
    for await (const { name } of Deno.readDir(this.home)) {
      if (name.includes("damaged")) findings.other += 1;
    }
    this.counts.events = rows.length;
    return findings;
  }
}
