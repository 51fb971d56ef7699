/** A collector whose disk is full: what it says of itself, and how it comes back. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  ADA,
  addUsers,
  CollectorClient,
  CollectorProcess,
} from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { isThere } from "../support/home.ts";
import { MOUNT, needing } from "../support/needs.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { fillDisk, smallDisk } from "../support/trouble.ts";

const FULL = "the collector's disk is full";
const BATCH = 1_000;
const MIB = 1024 * 1024;

/** The n-th event, of 2025. */
function oldEvent(n: number) {
  const { envelope } = eventOf(n, { team: ADA.team });
  return { ...envelope, timestamp: "2025-03-01T12:00:00.000Z" };
}

/** A collector on a small disk, and the events that it has acknowledged. */
class FullCollector {
  readonly folder: string;
  readonly acknowledged = new Set<string>();
  /** Batches that were refused. */
  readonly refused: (readonly unknown[])[] = [];
  client!: CollectorClient;
  process!: CollectorProcess;
  #token = "";
  #made = 0;

  private constructor(readonly home: string) {
    this.folder = `${home}/collector`;
  }

  /** Fills the disk beside its events, and then with events. */
  static async made(home: string, batches = 20): Promise<FullCollector> {
    const full = new FullCollector(home);
    await Deno.mkdir(home);
    await addUsers(home, [ADA]);
    await full.start();
    await full.offer(batches);
    deepStrictEqual(full.refused, []);
    await full.fill();
    strictEqual((await full.ready()).status, 503);
    return full;
  }

  /** Takes all room of the disk, and offers more until nothing is taken any more. */
  async fill(): Promise<void> {
    await fillDisk(this.filler, 0);
    for (let n = 0; n < 12 || this.refused.length < 3; n++) await this.offer(1);
  }

  get filler(): string {
    return `${this.home}/filler`;
  }

  async start(): Promise<void> {
    this.process = await CollectorProcess.start(this.home, {});
    this.client = new CollectorClient(this.process.url);
    this.#token = (await this.client.logIn()).access;
  }

  ready() {
    return this.client.ask("/readyz");
  }

  /** New events, so many batches. */
  async offer(batches: number): Promise<void> {
    for (let n = 0; n < batches; n++) {
      const begin = this.#made;
      this.#made += BATCH;
      await this.#send(
        Array.from({ length: BATCH }, (_, i) => oldEvent(begin + i)),
      );
    }
  }

  async #send(events: readonly { event_id: string }[]): Promise<void> {
    const { status, json } = await this.client.send(this.#token, events);
    if (status === 200) {
      for (const { event_id, status } of json.results) {
        ok(["accepted", "duplicate"].includes(status), status);
        this.acknowledged.add(event_id);
      }
    } else {
      deepStrictEqual([status, json.error], [503, FULL]);
      this.refused.push(events);
    }
  }

  /** Sends what was refused again. */
  async deliver(): Promise<void> {
    const again = this.refused.splice(0);
    ok(again.length > 0);
    for (const events of again) {
      await this.#send(events as { event_id: string }[]);
    }
    deepStrictEqual(this.refused.length, 0);
    strictEqual(this.acknowledged.size, this.#made);
  }

  /** Acknowledged events that are not there, but for those that were removed. */
  async expectAll(removed: ReadonlySet<string> = new Set()): Promise<void> {
    const there = new Set(
      (await this.client.events(this.#token)).map(({ event_id }) => event_id),
    );
    const missing = [...this.acknowledged]
      .filter((id) => !there.has(id) && !removed.has(id));
    deepStrictEqual(missing.length, 0);
  }

  /** Removes all that was stored. */
  async prune(): Promise<number> {
    const { code, stdout, stderr } = await this.run(
      ...["prune", "--json", "--team", ADA.team, "--before", "2026-01-01"],
    );
    strictEqual(code, 0, stdout + stderr + this.process.log);
    return documentsOf(stdout)[0].removed;
  }

  run(...args: string[]) {
    return runProgram(["collector", ...args], { SPEC_KITTY_HOME: this.home });
  }

  async reserve(): Promise<number> {
    return await Deno.stat(`${this.folder}/reserve`)
      .then(({ size }) => size, () => 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop("SIGKILL");
  }
}

const DISK_KIB = 30 * 1024;
const SIGNALS = ["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL"] as const;

Deno.test(needing(
  [MOUNT],
  "collector prune: a running collector on a full disk -> not ready, then all removed, ready, and all that is offered is stored",
  async () => {
    await using disk = await smallDisk(DISK_KIB);
    await using full = await FullCollector.made(`${disk.path}/home`);
    await full.expectAll();
    const before = new Set(full.acknowledged);
    strictEqual(await full.reserve(), 8 * MIB);
    ok(await full.prune() >= before.size);
    strictEqual((await full.ready()).status, 200);
    await full.deliver();
    await full.offer(8);
    deepStrictEqual(full.refused.length, 0);
    await full.expectAll(before);
    ok(await full.reserve() > 0);
  },
));

Deno.test(needing(
  [MOUNT],
  "collector run: ended or killed on a full disk -> starts again and again, reads and prunes, and uses up no more of its reserve",
  async () => {
    await using disk = await smallDisk(DISK_KIB);
    await using full = await FullCollector.made(`${disk.path}/home`);
    for (const [n, signal] of SIGNALS.entries()) {
      await full.process.stop(signal);
      // Whatever a start was given, others take it.
      if (n < 2) await fillDisk(`${full.home}/rest-${n}`, 0);
      await full.start();
      await full.expectAll();
      await full.offer(1);
      strictEqual((await full.ready()).status, 503);
    }
    // A clean end may use up what a start was given, as SQLite folds its log.
    const left = await full.reserve();
    ok(left >= 6.5 * MIB && left <= 7 * MIB, `${left}`);
    await full.process.stop("SIGTERM");
    const before = new Set(full.acknowledged);
    ok(await full.prune() >= before.size);
    await full.start();
    await full.deliver();
    await full.expectAll(before);
  },
));

Deno.test(needing(
  [MOUNT],
  "collector run: a full disk without a reserve -> says which file, and what to do; with room all is there, and is taken again",
  async () => {
    await using disk = await smallDisk(DISK_KIB);
    await using full = await FullCollector.made(`${disk.path}/home`);
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      await full.process.stop(signal);
      await Deno.remove(`${full.folder}/reserve`);
      const rest = `${full.home}/rest`;
      await fillDisk(rest, 0);
      const { code, stderr } = await full.run("run", "--listen", "127.0.0.1:0");
      strictEqual(code, 74);
      match(stderr, /cannot write \S+\/collector\/\S+: .*(space|full)/i);
      match(stderr, /make room on its disk/);
      await Deno.remove(full.filler);
      await Deno.remove(rest);
      await full.start();
      await full.expectAll();
      strictEqual((await full.ready()).status, 200);
      if (signal === "SIGKILL") await full.fill();
    }
    await full.deliver();
  },
));

Deno.test(needing(
  [MOUNT],
  "collector: others make room on its disk -> ready by itself, all is stored, and the reserve is as large as ever",
  async () => {
    await using disk = await smallDisk(DISK_KIB);
    await using full = await FullCollector.made(`${disk.path}/home`);
    await Deno.remove(full.filler);
    strictEqual((await full.ready()).status, 200);
    await full.deliver();
    await full.expectAll();
    ok(await isThere(`${full.folder}/reserve`));
    await eventually(
      "the reserve",
      async () => await full.reserve() > 0,
    );
  },
));
