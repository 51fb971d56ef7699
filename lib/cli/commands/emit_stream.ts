/**
 * `emit --stdin`: drafts in, receipts out. Drafts are grouped into commits; a
 * group is committed when it is full, or as soon as no further input waits.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { settled } from "../../emit/prepare.ts";
import { tooLarge } from "../../contract/contract.ts";
import { Deadline, pause } from "../../base/deadline.ts";
import { DraftGroup, type Recorder } from "../../emit/draft_group.ts";
import { EXIT, reasonOf } from "../../base/errors.ts";
import { GroupPipeline } from "../../emit/group_pipeline.ts";
import { TELLING_MS_MAX, TIMEOUT_MS_DEFAULT } from "../../base/limits.ts";
import {
  discardedReceipt,
  emptyReceipt,
  lostReceipt,
  type Receipt,
  type ReceiptStatus,
  strictExit,
} from "../../event/receipt.ts";
import { setUpEmitter } from "../../emit/setup.ts";
import { type Call, timeoutOf } from "../command.ts";
import { STDIN } from "../input.ts";
import { isReady, LineReader } from "../../base/lines.ts";

/** Reads drafts to the end of input, or to a signal. Returns the exit code. */
export async function emitStream(call: Call): Promise<number> {
  const { world, args, out, terminal } = call;
  const timeoutMs = timeoutOf(args);
  const { recorder, settings } = await setUpEmitter(world, {
    home: args.text("home"),
    timeoutMs,
    contract: args.text("contract"),
    warn: (text) => void out.warn(text),
  }).then(
    ({ emitter, settings }) => ({ recorder: emitter, settings }),
    (error) => ({ recorder: nowhere(error), settings: undefined }),
  );
  const stream = new Stream(
    call,
    recorder,
    settings?.timeoutMs ?? timeoutMs ?? TIMEOUT_MS_DEFAULT,
    settings?.disabled
      ? emptyReceipt("disabled")
      : discardedReceipt([tooLarge]),
  );
  terminal.onStop((exitCode) => stream.stop(exitCode));
  const exitCode = await stream.run();
  await stream.summarize();
  if (exitCode !== undefined) return exitCode;
  if (!args.flag("strict")) return EXIT.ok;
  const code = strictExit(
    new Set(stream.counts.keys()),
    args.text("wait") === "server",
  );
  return code || (settings?.problems.length ? EXIT.config : EXIT.ok);
}

/** Stands in for an emitter that could not be set up: each draft is lost, and its receipt says why. */
function nowhere(error: unknown): Recorder {
  return {
    prepareText: () => ({ receipt: lostReceipt(error) }),
    recordGroup: async (group) =>
      (await settled(group)).map(({ receipt }) => receipt!),
  };
}

class Stream {
  readonly counts = new Map<ReceiptStatus, number>();
  readonly #call: Call;
  readonly #recorder: Recorder;
  readonly #timeoutMs: number;
  readonly #newGroup: () => DraftGroup;
  #group: DraftGroup;
  readonly #pipeline = new GroupPipeline<DraftGroup, readonly Receipt[]>(
    (group, onStored) => this.#record(group, onStored),
    (group, receipts) => this.#tell(group, receipts),
  );
  #isRead = true;
  /** Of the signal that stopped the stream. */
  #exitCode: number | undefined;
  readonly #onStop = new Set<() => void>();

  constructor(
    call: Call,
    recorder: Recorder,
    timeoutMs: number,
    overlong: Receipt,
  ) {
    this.#call = call;
    this.#recorder = recorder;
    this.#timeoutMs = timeoutMs;
    this.#newGroup = () => new DraftGroup(recorder, overlong);
    this.#group = this.#newGroup();
  }

  /** Ends the stream with the group that is being gathered. */
  stop(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#onStop.forEach((giveUp) => giveUp());
  }

  /** @returns the exit code of the signal that ended the stream, if one did */
  async run(): Promise<number | undefined> {
    const reader = new LineReader(this.#call.terminal.read);
    let trouble: unknown;
    while (this.#exitCode === undefined) {
      const reading = reader.next().catch((error) => {
        trouble = new Error(`cannot read ${STDIN}: ${reasonOf(error)}`);
        return null;
      });
      if (!this.#group.isEmpty && !await this.#isFollowed(reading)) {
        await this.#endGroup();
      }
      const lines = await this.#unlessStopped(reading, 0);
      if (lines === null) break;
      for (const line of lines) {
        if (this.#exitCode !== undefined) break;
        this.#group.add(line);
        if (this.#group.isFull) await this.#endGroup();
      }
    }
    if (trouble) {
      // Of the line that was begun, if one was, and of all that follow.
      const receipt = lostReceipt(trouble);
      this.#group.addLost(reader.count + 1, receipt);
      await this.#call.out.warn(`lost: ${receipt.warning}`);
    }
    await this.#endGroup();
    await this.#pipeline.done();
    return this.#exitCode;
  }

  /** Whether more input comes for the group that is being gathered: while others are under way, there is time for it. */
  async #isFollowed(reading: Promise<unknown>): Promise<boolean> {
    const first = await Promise.race([
      reading.then(() => "input"),
      this.#pipeline.done().then(() => "done"),
    ]);
    return first === "input" || await isReady(reading);
  }

  /** What `work` comes to; null where it takes longer than `patienceMs` from the stop on. */
  #unlessStopped<T>(work: Promise<T>, patienceMs: number): Promise<T | null> {
    // Not `Promise.race` with one long promise: that would keep all that was ever read.
    return new Promise((resolve, reject) => {
      const giveUp = () => void pause(patienceMs).then(() => resolve(null));
      this.#onStop.add(giveUp);
      if (this.#exitCode !== undefined) giveUp();
      work.then(resolve, reject).finally(() => this.#onStop.delete(giveUp));
    });
  }

  /** Says on stderr what became of all lines; after a stop, only if stderr is still read. */
  async summarize(): Promise<void> {
    await this.#unlessStopped(this.#summarize(), TELLING_MS_MAX);
  }

  async #summarize(): Promise<void> {
    const parts = [...this.counts].map(([status, n]) => `${n} ${status}`);
    const total = [...this.counts.values()].reduce((sum, n) => sum + n, 0);
    const { out } = this.#call;
    await out.note(`${counted(total, "draft")}: ${parts.join(", ") || "none"}`);
    if (!this.#isRead) {
      await out.warn(
        "the receipts are no longer read (stdout was closed or full); the events were recorded all the same",
      );
    }
  }

  /** Has the group that was gathered recorded. */
  async #endGroup(): Promise<void> {
    const group = this.#group;
    this.#group = this.#newGroup();
    if (!group.isEmpty) await this.#pipeline.add(group);
  }

  #record(group: DraftGroup, onStored: () => void): Promise<Receipt[]> {
    const deadline = Deadline.in(this.#call.world.elapsedMs, this.#timeoutMs);
    const wait = this.#call.args.text("wait") === "server";
    return this.#recorder.recordGroup(group.prepared, deadline, {
      wait,
      onStored,
    });
  }

  async #tell(group: DraftGroup, receipts: readonly Receipt[]): Promise<void> {
    for (const receipt of receipts) this.#count(receipt);
    const text = group.textOf(receipts);
    if (!this.#isRead) return;
    // Who asks for the end does not wait for a reader that has fallen asleep.
    const writing = this.#call.terminal.write(text);
    this.#isRead = await this.#unlessStopped(writing, TELLING_MS_MAX) ?? false;
  }

  #count({ status }: Receipt): void {
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
  }
}
