/**
 * Three homes send to one collector: one is killed while it sends, one has
 * dead letters, one loses its queue. At every moment the collector says how
 * many events are missing of each, and how many of them never come. Its words
 * are held against what the homes' receipts say, and what its export holds.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ADA, TestCollector } from "../support/collector.ts";
import { logIn } from "../support/agent.ts";
import { IS_FULL } from "../support/needs.ts";
import { SEED } from "../support/delivery_trial.ts";
import { eventOf, idOf } from "../support/events.ts";
import { tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram, spawnProgram } from "../support/program.ts";
import { mulberry32 } from "../support/world.ts";
import { PATHS } from "../../lib/base/wire.ts";

const MOMENTS = IS_FULL ? 100 : 24;

/** How long a drain goes on before it is killed, at most. */
const KILL_MS_MAX = 700;

/** What a home has last told, as far as the test knows. */
interface Told {
  readonly recorded: number;
  readonly never: number;
}

/** A home, with all that was ever recorded in it. */
class StoryHome {
  readonly recorded = new Map<string, number>();
  dropped = 0;
  told: Told | undefined;
  /** What it may have told when it was killed: its last batch may come late, or never. */
  perhapsTold: Told | undefined;
  /** Whether it ever told anything with a batch: before, it cannot know that the server listens. */
  isHeard = false;

  constructor(readonly node: string, readonly path: string) {}

  get env(): Record<string, string> {
    return { SPEC_KITTY_HOME: this.path, SPEC_KITTY_NODE_ID: this.node };
  }

  // deno-lint-ignore no-explicit-any
  async ask(args: readonly string[], stdin = ""): Promise<any[]> {
    const { stdout } = await runHere(args, this.env, stdin);
    return documentsOf(stdout);
  }

  /** Records events; with an id that the collector has, it will refuse one. */
  async emit(count: number, taken: readonly string[] = []): Promise<void> {
    const drafts = Array.from({ length: count }, (_, n) => ({
      event_type: "HistoryAdded",
      ...taken[n] && { event_id: taken[n] },
      payload: { wp_id: "WP01", entry_type: "note", entry_content: `${n}` },
    }));
    const receipts = await this.ask(
      ["emit", "--stdin", "--json", "--quiet"],
      drafts.map((draft) => JSON.stringify(draft)).join("\n"),
    );
    strictEqual(receipts.length, count);
    for (const { status, event_id, lamport_clock } of receipts) {
      strictEqual(status, "queued");
      ok(!this.recorded.has(event_id));
      this.recorded.set(event_id, lamport_clock);
    }
  }

  /** Records events, in a process that is killed after a while; what is there then was recorded. */
  async killedEmit(count: number, afterMs: number): Promise<void> {
    const payload = { wp_id: "WP01", entry_type: "note", entry_content: "x" };
    const draft = JSON.stringify({ event_type: "HistoryAdded", payload });
    const child = spawnProgram(["emit", "--stdin", "--quiet"], this.env);
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, afterMs);
    const writer = child.stdin.getWriter();
    const writing = writer.write(
      new TextEncoder().encode(`${draft}\n`.repeat(count)),
    ).then(() => writer.close()).catch(() => {});
    await child.output();
    await writing;
    clearTimeout(timer);
    for (const event of await this.ask(["queue", "export"])) {
      this.recorded.set(event.event_id, event.lamport_clock);
    }
  }

  /** What the home would tell now. */
  async truth(): Promise<Told> {
    const dead = await this.ask(
      ["queue", "dead", "list", "--json", "--limit", "100000"],
    );
    const { size } = this.recorded;
    ok(dead.every(({ event }) => event.node_id === this.node));
    return { recorded: size, never: dead.length + this.dropped };
  }

  async sync(): Promise<void> {
    const { stdout, stderr } = await runHere(
      ["sync", "now", "--json"],
      this.env,
    );
    const [summary] = documentsOf(stdout);
    strictEqual(summary?.end, "drained", stderr);
    this.isHeard ||= summary.batches > 0 && this.recorded.size > 0;
    if (this.isHeard) this.told = await this.truth();
  }

  /** Drains, in a process that is killed after a while. */
  async killedSync(afterMs: number): Promise<void> {
    const child = spawnProgram(["sync", "now"], this.env);
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    await child.stdin.close();
    await child.output();
    clearTimeout(timer);
  }

  async drop(place: "queue" | "queue dead", count: number): Promise<void> {
    const listed = await this.ask(
      [...place.split(" "), "list", "--json", "--limit", `${count}`],
    );
    if (listed.length === 0) return;
    const ids = listed.map(({ event }) => event.event_id);
    const [{ dropped }] = await this.ask(
      [...place.split(" "), "drop", "--json", ...ids],
    );
    strictEqual(dropped, ids.length);
    // What another node has recorded, it has to say itself.
    this.dropped +=
      listed.filter(({ event }) => event.node_id === this.node).length;
  }

  /** Takes over what lies in another home's queue; both send it then. */
  async importFrom(other: StoryHome): Promise<void> {
    const { stdout } = await runHere(["queue", "export"], other.env);
    await this.ask(["queue", "import", "--json"], stdout);
  }

  async requeue(): Promise<void> {
    await this.ask(["queue", "dead", "requeue", "--all", "--json"]);
  }

  /** The queue's file is damaged, or gone. */
  async lose(isGone: boolean): Promise<void> {
    const path = `${this.path}/events.kv`;
    // All of it into the one file first.
    strictEqual((await runProgram(["queue", "compact"], this.env)).code, 0);
    if (isGone) {
      for (const end of ["", "-wal", "-shm"]) {
        await Deno.remove(path + end).catch(() => {});
      }
      return;
    }
    const bytes = await Deno.readFile(path);
    // One page of many; where it is, salvage meets what it meets.
    bytes.fill(0xff, bytes.length - 4096);
    await Deno.writeFile(path, bytes);
  }

  async salvage(): Promise<void> {
    for await (const { name } of Deno.readDir(this.path)) {
      if (!name.startsWith("damaged-")) continue;
      const folder = `${this.path}/${name}`;
      await runHere(["queue", "import", "--from", folder], this.env);
    }
  }
}

/** What the collector says and has, at a moment at which nothing goes on. */
async function look(collector: TestCollector, token: string) {
  const ask = async () =>
    (await collector.ask(PATHS.nodes, { token })).json.nodes;
  for (;;) {
    const before = await ask();
    const events = await collector.events(token);
    const { text } = await collector.ask("/metrics");
    const after = await ask();
    // A killed client's last batch may still be on its way to the disk.
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return { nodes: after, events, metrics: text };
    }
  }
}

/** Compares all that is said with what is known. */
async function check(
  collector: TestCollector,
  token: string,
  homes: readonly StoryHome[],
): Promise<{ missing: number; never: number }> {
  const { nodes, events, metrics } = await look(collector, token);
  let missing = 0, never = 0;
  for (const home of homes) {
    const stored = events.filter(({ node_id }) => node_id === home.node);
    for (const { event_id, lamport_clock } of stored) {
      strictEqual(home.recorded.get(event_id as string), lamport_clock);
    }
    const clocks = stored.map((event) => event.lamport_clock as number);
    // deno-lint-ignore no-explicit-any
    const answer = nodes.find((node: any) => node.node_id === home.node);
    const { perhapsTold } = home;
    if (perhapsTold && answer?.recorded === perhapsTold.recorded) {
      home.told = perhapsTold;
    }
    if (!home.told) {
      // Another home may have sent what it took over.
      strictEqual(answer?.missing ?? null, null);
      strictEqual(answer?.events ?? 0, stored.length);
      continue;
    }
    const open = home.told.recorded - stored.length;
    // More than it has told so far: another home has sent it.
    const isKnown = open >= 0;
    const gone = Math.min(home.told.never, open);
    const isWhole = open === 0;
    const highest = answer.recorded_highest_clock;
    const { first_seen: _, last_seen: __, told_at: ___, ...said } = answer;
    deepStrictEqual(said, {
      node_id: home.node,
      events: stored.length,
      shared: 0,
      lowest_clock: clocks.length > 0 ? Math.min(...clocks) : null,
      highest_clock: clocks.length > 0 ? Math.max(...clocks) : null,
      recorded: home.told.recorded,
      recorded_highest_clock: [...home.recorded.values()].sort((a, b) =>
        a - b
      )[home.told.recorded - 1],
      missing: isKnown ? open : null,
      never: isKnown ? gone : null,
      complete_up_to: isWhole ? highest : null,
    });
    missing += Math.max(0, open);
    never += Math.max(0, gone);
  }
  const valueOf = (name: string) =>
    Number(
      metrics.match(new RegExp(`^kitty_collector_${name} (\\d+)$`, "m"))![1],
    );
  strictEqual(valueOf("events_missing"), missing);
  strictEqual(valueOf("events_missing_for_good"), never);
  return { missing, never };
}

Deno.test("completeness: one node killed while it sends, one with dead letters, one whose queue is lost -> exact at each of many random moments", async () => {
  const random = mulberry32(SEED);
  const pick = (n: number) => Math.floor(random() * n);
  console.log(`the same again: --seed=${SEED}`);
  await using undo = new AsyncDisposableStack();
  const collector = undo.use(await TestCollector.start([ADA]));
  const homes: StoryHome[] = [];
  for (const node of ["killed", "refused", "lost"]) {
    const { path } = undo.use(await tempHome());
    await Deno.mkdir(path, { recursive: true });
    await logIn(path, collector);
    homes.push(new StoryHome(node, path));
  }
  const [killed, refused, lost] = homes as [StoryHome, StoryHome, StoryHome];
  const { access: token } = await collector.logIn();
  // Ids that are taken: whoever sends another event under one is refused.
  const taken = Array.from({ length: 400 }, (_, n) => idOf(n));
  const seeds = taken.map((_, n) =>
    eventOf(n, { team: ADA.team, node: "seed" }).envelope
  );
  await collector.send(token, seeds);

  const counts = { halfway: 0, kills: 0, refused: 0, lost: 0, salvaged: 0 };
  const storedOf = async ({ node }: StoryHome) =>
    (await collector.events(token)).filter((e) => e.node_id === node).length;
  const kill = async () => {
    const queued = killed.recorded.size - await storedOf(killed);
    await killed.killedSync(50 + pick(KILL_MS_MAX));
    counts.kills += 1;
    killed.perhapsTold = { recorded: killed.recorded.size, never: 0 };
    const left = killed.recorded.size - await storedOf(killed);
    if (left > 0 && left < queued) counts.halfway += 1;
  };
  const lose = async () => {
    // There is a queue only where something was recorded.
    if (lost.recorded.size === 0) await lost.emit(3);
    await lost.lose(random() < 0.3);
    counts.lost += 1;
  };
  const acts: [weight: number, act: () => Promise<unknown>][] = [
    [5, () => killed.emit(200 + pick(2_500))],
    [9, kill],
    [3, () => killed.killedEmit(3_000, 100 + pick(KILL_MS_MAX))],
    [2, () => killed.sync()],
    [4, () => {
      const bad = taken.splice(0, 1 + pick(3));
      counts.refused += bad.length;
      return refused.emit(bad.length + pick(5), bad);
    }],
    [5, () => refused.sync()],
    [2, () => refused.requeue()],
    [2, () => refused.drop("queue dead", 1 + pick(2))],
    [1, () => refused.drop("queue", 1)],
    [2, () => refused.importFrom(lost)],
    [4, () => lost.emit(1 + pick(30))],
    [4, () => lost.sync()],
    [1, () => lost.drop("queue", 1)],
    [2, lose],
    [2, async () => {
      await lost.salvage();
      counts.salvaged += 1;
    }],
    [1, async () => {
      await collector.stop(random() < 0.5 ? "SIGKILL" : "SIGTERM");
      await collector.restart();
    }],
  ];
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  let worst = { missing: 0, never: 0 };
  for (let moment = 0; moment < MOMENTS; moment++) {
    let at = pick(total);
    const [, act] = acts.find(([weight]) => (at -= weight) < 0)!;
    // Some of each, whatever the dice say.
    await (moment % 25 === 10 ? lose : moment % 25 === 20 ? kill : act)();
    const now = await check(collector, token, homes);
    if (now.missing >= worst.missing) worst = now;
  }
  for (const home of homes) await home.sync();
  const end = await check(collector, token, homes);
  const { text } = await collector.ask(PATHS.export, { token });
  const verified = await runHere(["verify", "--json"], {}, text);
  const { total: seen } = documentsOf(verified.stdout).at(-1)!;
  deepStrictEqual([seen.ids_repeated, seen.clocks_repeated, seen.no_event], [
    0,
    0,
    0,
  ]);
  console.log(
    `${MOMENTS} moments: ${JSON.stringify(counts)}; ${
      homes.reduce((sum, { recorded }) => sum + recorded.size, 0)
    } events recorded, ${
      seen.events - seeds.length
    } arrived; at worst ${worst.missing} missing; in the end ${end.missing} missing, ${end.never} for good`,
  );
});
