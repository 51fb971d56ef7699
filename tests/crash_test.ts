/**
 * Kill -9 at random moments. The parent keeps a ledger of what it was told by
 * receipts and of what it dropped into the spool; afterwards all of it has to
 * be in the queue, once.
 *
 * More rounds, or the same again:
 *     deno task test:crash --rounds=2000 --seed=42
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tempHome } from "./support/home.ts";
import { runProgram, spawnProgram } from "./support/program.ts";
import { mulberry32 } from "./support/world.ts";

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

const ROUNDS = option("rounds") ?? 60;
const SEED = option("seed") ?? Math.floor(Math.random() * 2 ** 31);
const STREAM_LINES = 600;
const SPOOL_FILES = 12;
const CHECK_EVERY = Math.max(25, Math.ceil(ROUNDS / 10));

function option(name: string): number | undefined {
  const given = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return given === undefined ? undefined : Number(given.split("=")[1]);
}

function draft(content: string): Record<string, unknown> {
  const payload = {
    wp_id: "WP01",
    entry_type: "note",
    entry_content: content,
  };
  return { event_type: "HistoryAdded", payload };
}

Deno.test(`emit: killed at ${ROUNDS} random moments -> nothing acknowledged is lost, nothing is doubled`, async () => {
  await using home = await tempHome();
  const random = mulberry32(SEED);
  const crash = new Crash(home.path, random);
  console.log(`seed ${SEED}`);
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await crash.round(round);
      if (round % CHECK_EVERY === 0) await crash.verify();
    }
    await crash.verify();
  } finally {
    console.log(crash.counts);
  }
  const { killed, acknowledged } = crash.counts;
  ok(killed > ROUNDS / 4, "most runs ended before they were killed");
  ok(acknowledged > 0, "no run got as far as a receipt");
});

class Crash {
  readonly counts = {
    rounds: 0,
    killed: 0,
    acknowledged: 0,
    spoolDrops: 0,
    events: 0,
    gaps: 0,
  };
  /** Ids of receipts that said the event is kept. */
  readonly #acknowledged = new Set<string>();
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
    for (const { event_id, status } of receipts) {
      ok(["queued", "spooled"].includes(status), `status ${status}`);
      this.#acknowledged.add(event_id!);
      this.counts.acknowledged += 1;
    }
  }

  /** Lets an undisturbed run tidy up, then compares the queue with the ledger. */
  async verify(): Promise<void> {
    const check = await runProgram(["queue", "check", "--json"], this.env);
    deepStrictEqual(JSON.parse(check.stdout), { ok: true, problems: [] });
    const { stdout } = await runProgram(["queue", "export"], this.env);
    const events = stdout.trim().split("\n").filter(Boolean)
      .map((line) => JSON.parse(line) as Envelope);

    const ids = new Set(events.map((event) => event.event_id));
    const clocks = new Set(events.map((event) => event.lamport_clock));
    const contents = events.map((event) => event.payload.entry_content);
    strictEqual(ids.size, events.length, "an id twice");
    strictEqual(clocks.size, events.length, "a clock value twice");
    strictEqual(new Set(contents).size, events.length, "a draft two events");
    deepStrictEqual([...this.#acknowledged].filter((id) => !ids.has(id)), []);
    const stored = new Set(contents);
    deepStrictEqual([...this.#dropped].filter((text) => !stored.has(text)), []);

    const { totals } = JSON.parse(
      (await runProgram(["queue", "stats", "--json"], this.env)).stdout,
    );
    strictEqual(totals.accepted, events.length);
    for await (const { name } of Deno.readDir(this.home)) {
      ok(!name.includes("damaged"), `${name}: a kill is no damage`);
    }
    this.counts.events = events.length;
    this.counts.gaps = Math.max(0, ...clocks) - events.length;
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
