/**
 * `queue export` and `queue import`.
 *
 * @module
 */

import { idTaken, type Problem, tooLarge } from "../../contract/contract.ts";
import { readEvent } from "../../event/documents.ts";
import { documentOf, storedOf } from "../../event/stored.ts";
import { EXIT, usageError } from "../../base/errors.ts";
import {
  highestCounted,
  type Importable,
  importGroup,
} from "../../home/import.ts";
import { salvage, SET_ASIDE_HINT } from "../../home/salvage.ts";
import {
  COMMIT_BYTES_MAX,
  COMMIT_EVENTS_MAX,
  PAGE_ENTRIES,
} from "../../base/limits.ts";
import type { Call, Command } from "../command.ts";
import { expectFolder, type Input, openInput } from "../input.ts";
import { type Keeper, openKeeper } from "../keeper.ts";
import { LineReader } from "../../base/lines.ts";
import { problemText } from "../output.ts";

export const transfer: readonly Command[] = [
  {
    name: "queue export",
    summary: "Print all queued events as NDJSON, in order.",
    details: [
      "Dead letters are left out. The queue stays as it is.",
      "With --full each line is {contract, version, team, event}.",
    ],
    examples: ["queue export > events.ndjson", "queue export --full"],
    positionals: [],
    options: {
      full: { kind: "flag", help: "with contract and team beside each event" },
    },
    run: exportAll,
  },
  {
    name: "queue import",
    summary: "Take over events from an export, or from a set-aside queue.",
    details: [
      "Ids, nodes and clock values stay; ids that are here already are skipped.",
      "Exit code 65 when a line is not a valid event, 75 when the queue is full.",
    ],
    examples: [
      "queue import events.ndjson",
      "queue import --from ~/.spec-kitty/damaged-2026-02-03T120000.000Z",
    ],
    positionals: [{
      name: "FILE",
      optional: true,
      help: "file to read; - or nothing: stdin",
    }],
    options: {
      from: {
        kind: "text",
        value: "DIR",
        help: "a folder damaged-... : take in what can still be read",
      },
    },
    run: importAll,
  },
];

async function exportAll(call: Call): Promise<number> {
  // Without the lock: a slow reader must not keep others from writing.
  const queue = await (await openKeeper(call)).readAll();
  const decoder = new TextDecoder();
  const lineOf = call.args.flag("full")
    ? (bytes: Uint8Array) => JSON.stringify(fullOf(bytes))
    : (bytes: Uint8Array) => decoder.decode(documentOf(bytes));
  let text = "", count = 0;
  for await (const bytes of queue.documents("queue")) {
    text += lineOf(bytes) + "\n";
    if (++count % PAGE_ENTRIES !== 0) continue;
    if (!await call.terminal.write(text)) return EXIT.ok;
    text = "";
  }
  await call.terminal.write(text);
  return EXIT.ok;
}

/** An event with its contract and team beside it. */
function fullOf(bytes: Uint8Array): object {
  const { contract, team_slug, document } = storedOf(bytes, "");
  const { name, version } = contract;
  return { contract: name, version, team: team_slug, event: document };
}

async function importAll(call: Call): Promise<number> {
  const { args, out } = call;
  const from = args.text("from");
  const [path] = args.positionals;
  if (from !== undefined && path !== undefined) {
    throw usageError("either a FILE or --from DIR, not both");
  }
  if (from === "") throw usageError("--from is empty");
  // A wrong path is reported before a home is made.
  if (from !== undefined) await expectFolder(from, SET_ASIDE_HINT, NO_EXPORT);
  const source = from === undefined
    ? await openInput(call, path, `${SET_ASIDE} ${path}`)
    : undefined;
  const keeper = await openKeeper(call);
  const importer = new Importer(call, keeper);
  const documents = source
    ? linesOf(source)
    : salvage(from!, `${keeper.home.path}/.salvage-${Deno.pid}`);
  for await (const bytes of documents) await importer.add(bytes);
  await importer.flush();
  const { counts } = importer;
  await out.data(
    counts,
    Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(", "),
  );
  if (counts.refused) return EXIT.full;
  return counts.invalid > 0 ? EXIT.invalid : EXIT.ok;
}

/** What to try where a path leads to something else. */
const SET_ASIDE =
    "for a queue that was set aside: kitty-events queue import --from",
  NO_EXPORT = "for an export, leave --from out: kitty-events queue import FILE";

async function* linesOf(
  source: Input,
): AsyncGenerator<Uint8Array | undefined> {
  try {
    const reader = new LineReader(source.read);
    for (let lines; (lines = await reader.next()) !== null;) {
      for (const { bytes } of lines) yield bytes;
    }
  } finally {
    source.close();
  }
}

/** Imports documents in groups, so that the lock is never held for long. */
class Importer {
  readonly counts: {
    imported: number;
    skipped: number;
    invalid: number;
    refused?: number;
  } = { imported: 0, skipped: 0, invalid: 0 };
  readonly #call: Call;
  readonly #keeper: Keeper;
  #group: { document: number; item: Importable }[] = [];
  #groupBytes = 0;
  #documents = 0;
  /** What was counted of this node before. */
  #counted: number | undefined;

  constructor(call: Call, keeper: Keeper) {
    this.#call = call;
    this.#keeper = keeper;
  }

  async add(bytes: Uint8Array | undefined): Promise<void> {
    const document = this.#documents += 1;
    const { home, settings: { teamSlug } } = this.#keeper;
    const place = { home: home.path, teamSlug };
    const read = bytes
      ? await readEvent(bytes, place, { first: document === 1 })
      : { problems: [tooLarge] };
    if (read.problems) return await this.#refuse(document, read.problems);
    this.#group.push({ document, item: read });
    this.#groupBytes += bytes!.length;
    const isFull = this.#group.length >= COMMIT_EVENTS_MAX ||
      this.#groupBytes >= COMMIT_BYTES_MAX;
    if (isFull) await this.flush();
  }

  async flush(): Promise<void> {
    const group = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    if (group.length === 0) return;
    const results = await this.#keeper.maintain((held) => {
      this.#counted ??= highestCounted(held);
      return importGroup(
        held,
        group.map(({ item }) => item),
        this.#keeper.settings,
        this.#counted,
      );
    });
    for (const [i, result] of results.entries()) {
      const { document } = group[i]!;
      if (result === "conflict") await this.#refuse(document, [idTaken]);
      else if (result === "too_large") await this.#refuse(document, [tooLarge]);
      else if (result === "full") {
        this.counts.refused = (this.counts.refused ?? 0) + 1;
      } else this.counts[result] += 1;
    }
  }

  async #refuse(document: number, problems: readonly Problem[]): Promise<void> {
    this.counts.invalid += 1;
    for (const problem of problems) {
      await this.#call.out.warn(`event ${document}: ${problemText(problem)}`);
    }
  }
}
