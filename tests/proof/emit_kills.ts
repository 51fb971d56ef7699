/**
 * Kill -9 at random moments. The parent keeps a ledger of what it was told by
 * receipts and of what it dropped into the spool; afterwards all of it has to
 * be in the queue, once.
 */

import { ok } from "node:assert/strict";
import { runProgram, spawnProgram } from "../support/program.ts";
import { type Findings, noFindings, type Series } from "./findings.ts";

interface Receipt {
  event_id: string | null;
  lamport_clock: number | null;
  status: string;
}

interface Envelope {
  event_id: string;
  lamport_clock: number;
  payload: { entry_content: string };
}

const STREAM_LINES = 600;
const SPOOL_FILES = 12;
function draft(content: string): Record<string, unknown> {
  const payload = {
    wp_id: "WP01",
    entry_type: "note",
    entry_content: content,
  };
  return { event_type: "HistoryAdded", payload };
}

/** Kills of emits, streams and spool drops in one home, and the ledger of what they said. */
export class EmitKills implements Series {
  readonly counts = {
    rounds: 0,
    killed: 0,
    acknowledged: 0,
    spoolDrops: 0,
    events: 0,
    gaps: 0,
  };
  /** Ids of receipts that said the event is kept. */
  readonly #acknowledged = new Map<string, number | null>();
  /** How long the last whole run of a kind took. */
  readonly #usualMs = new Map<string, number>();
  /** Contents dropped into the spool. */
  readonly #dropped = new Set<string>();

  constructor(readonly home: string, readonly random: () => number) {}

  async round(round: number): Promise<void> {
    this.counts.rounds += 1;
    const kind = round % 3;
    if (kind === 0) await this.#dropIntoSpool(round);
    const receipts = kind === 1
      ? await this.#stream(round)
      : await this.#oneShot(round);
    for (const { event_id, lamport_clock, status } of receipts) {
      ok(["queued", "spooled"].includes(status), `status ${status}`);
      this.#acknowledged.set(event_id!, lamport_clock);
      this.counts.acknowledged += 1;
    }
  }

  /** Lets an undisturbed run tidy up, then compares the queue with the ledger. */
  async verify(): Promise<Findings> {
    const findings = noFindings();
    const check = await runProgram(["queue", "check", "--json"], this.env);
    if (!JSON.parse(check.stdout).ok) findings.other += 1;
    const { stdout } = await runProgram(["queue", "export"], this.env);
    const events = stdout.trim().split("\n").filter(Boolean)
      .map((line) => JSON.parse(line) as Envelope);

    const ids = new Set(events.map((event) => event.event_id));
    const clocks = new Set(events.map((event) => event.lamport_clock));
    const contents = events.map((event) => event.payload.entry_content);
    findings.doubled += events.length - ids.size +
      events.length - new Set(contents).size;
    findings.clockTwice += events.length - clocks.size;
    const stored = new Set(contents);
    findings.lost +=
      [...this.#acknowledged.keys()].filter((id) => !ids.has(id)).length +
      [...this.#dropped].filter((text) => !stored.has(text)).length;
    for (const { event_id, lamport_clock } of events) {
      const told = this.#acknowledged.get(event_id);
      if (typeof told === "number" && told !== lamport_clock) {
        findings.untrue += 1;
      }
    }
    findings.reordered += reordered(events);

    const { totals } = JSON.parse(
      (await runProgram(["queue", "stats", "--json"], this.env)).stdout,
    );
    if (totals.accepted !== events.length) findings.other += 1;
    for await (const { name } of Deno.readDir(this.home)) {
      // A kill is no damage.
      if (name.includes("damaged")) findings.other += 1;
    }
    this.counts.events = events.length;
    this.counts.gaps = Math.max(0, ...clocks) - events.length;
    return findings;
  }

  get env(): Record<string, string> {
    return {
      SPEC_KITTY_HOME: this.home,
      // As many rounds as one likes.
      SPEC_KITTY_MAX_QUEUE_SIZE: "100000000",
    };
  }

  async #oneShot(round: number): Promise<Receipt[]> {
    const child = spawnProgram([
      ...["emit", "history-added", "WP01", "note", `one-${round}`],
      "--json",
    ], this.env);
    return await this.#killed(child, "one-shot");
  }

  async #stream(round: number): Promise<Receipt[]> {
    const child = spawnProgram(["emit", "--stdin"], this.env);
    const lines = Array.from(
      { length: STREAM_LINES },
      (_, i) => JSON.stringify(draft(`stream-${round}-${i}`)) + "\n",
    );
    const feeding = feed(child.stdin, lines, this.random);
    const receipts = await this.#killed(child, "stream");
    await feeding;
    return receipts;
  }

  /** Files as any program may drop them: a temporary name, then a rename. */
  async #dropIntoSpool(round: number): Promise<void> {
    const spool = `${this.home}/spool`;
    await Deno.mkdir(spool, { recursive: true });
    for (let i = 0; i < SPOOL_FILES; i++) {
      const content = `spool-${round}-${i}`;
      const name = `${round}-${String(i).padStart(3, "0")}`;
      await Deno.writeTextFile(
        `${spool}/.${name}.tmp`,
        JSON.stringify(draft(content)),
      );
      await Deno.rename(`${spool}/.${name}.tmp`, `${spool}/${name}.json`);
      this.#dropped.add(content);
      this.counts.spoolDrops += 1;
    }
  }

  /**
   * Kills a run at a random moment of the time that such a run takes here; the
   * first of its kind is left alone and tells it. All whole receipts that it
   * wrote before.
   */
  async #killed(child: Deno.ChildProcess, kind: "one-shot" | "stream") {
    const startedMs = performance.now();
    const usualMs = this.#usualMs.get(kind);
    const timer = usualMs === undefined ? undefined : setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, this.random() * 1.2 * usualMs);
    const { stdout, signal } = await child.output();
    clearTimeout(timer);
    if (signal === "SIGKILL") this.counts.killed += 1;
    else this.#usualMs.set(kind, performance.now() - startedMs);
    const text = new TextDecoder().decode(stdout);
    return text.slice(0, text.lastIndexOf("\n") + 1).split("\n")
      .filter(Boolean).map((line) => JSON.parse(line) as Receipt);
  }
}

/** Writes lines in bursts of random length, as a busy caller does. */
async function feed(
  stdin: WritableStream<Uint8Array>,
  lines: readonly string[],
  random: () => number,
): Promise<void> {
  const writer = stdin.getWriter();
  const encoder = new TextEncoder();
  try {
    for (let at = 0; at < lines.length;) {
      const end = at + 1 + Math.floor(random() * 100);
      await writer.write(encoder.encode(lines.slice(at, end).join("")));
      at = end;
    }
    await writer.close();
  } catch {
    // The reader was killed.
  }
}

/** Events of one stream that lie in another order than they were written. */
function reordered(events: readonly Envelope[]): number {
  const last = new Map<string, number>();
  let count = 0;
  for (const { payload } of events) {
    const [, round, n] = payload.entry_content.match(/^stream-(\d+)-(\d+)$/) ??
      [];
    if (round === undefined) continue;
    if (Number(n) < (last.get(round) ?? -1)) count += 1;
    last.set(round, Number(n));
  }
  return count;
}
