/** The producer contract, against what its authors have published. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { instantOf } from "../../../contracts/row_time.ts";
import { lift } from "../../../lib/contract/rows/lift.ts";
import { orderLines } from "../../../lib/contract/rows/order.ts";
import { producer } from "../../../lib/contract/rows/producer.ts";
import { checkRow } from "../../../lib/contract/rows/row_contract.ts";
import { IS_FULL, needing } from "../../support/needs.ts";
import { fixtures, PUBLISHED, rowSchema } from "../../support/published.ts";

const PROJECT = "5c0f6f0e-3b1a-4d8e-9a55-0d7e3f2b9c11";

Deno.test(needing(
  [PUBLISHED],
  "published rows: valid and invalid -> judged so, at the place that is named",
  async () => {
    const valid = await fixtures("rows/valid");
    for (const { name, fixture } of valid) {
      deepStrictEqual(checkRow(producer, fixture.input), [], name);
    }
    const invalid = await fixtures("rows/invalid");
    for (const { name, fixture } of invalid) {
      const problems = checkRow(producer, fixture.input);
      const place = fixture.expected_error_path;
      ok(problems.some(({ path }) => path.startsWith(place)), name);
    }
    strictEqual(valid.length + invalid.length, 110);
  },
));

Deno.test(needing(
  [PUBLISHED],
  "published lines: each becomes the row beside it; the others are refused",
  async () => {
    let count = 0;
    for (const { name, fixture } of await fixtures("rows/valid")) {
      const { input, legacy_row } = fixture;
      const { lamportclock, nodeid, missionid, missionslug } = input;
      const { row } = lift(legacy_row, {
        missionId: missionid,
        missionSlug: missionslug,
        projectUuid: PROJECT,
      });
      deepStrictEqual({ ...row, lamportclock, nodeid }, input, name);
      count += 1;
    }
    strictEqual(count, 31);
    for (const { name, fixture } of await fixtures("rows/legacy_invalid")) {
      const { row, problems } = lift(fixture.input, {
        missionId: "01J0000000000000000000MSN1",
        missionSlug: "041-reducer-unification",
        projectUuid: PROJECT,
      });
      const stamped = { ...row, lamportclock: 1, nodeid: "0123456789ab" };
      ok((problems ?? checkRow(producer, stamped)).length > 0, name);
    }
  },
));

/** Rows, each a published one with one thing changed; the same ones each time. */
function* mutants(rows: readonly Record<string, unknown>[], count: number) {
  const random = lcg(4711);
  const pick = <T>(items: readonly T[]): T => items[random() % items.length]!;
  const values = [null, "", "x", 0, -1, 5.5, 2 ** 31, true, [], {}, "WP09"];
  for (let n = 0; n < count; n++) {
    const row = structuredClone(pick(rows));
    const isInData = random() % 2 === 0;
    const place = (isInData ? row.data : row) as Record<string, unknown>;
    const name = pick([...Object.keys(place), "zz", "Subject"]);
    const how = random() % 4;
    if (how === 0) delete place[name];
    else if (how === 1) place[name] = pick(values);
    else if (how === 2) place[`${name}x`] = place[name];
    else place[name] = pick(Object.values(pick(rows)));
    yield row;
  }
}

/** Numbers that are the same each time. */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** Of these are tried. */
const CHANGED = IS_FULL ? 3_000 : 1_500;

Deno.test(needing(
  [PUBLISHED],
  "changed rows: judged as the published schemas judge them",
  async () => {
    const ajv = new Ajv2020({
      strict: false,
      formats: { "date-time": (text: string) => instantOf(text) !== undefined },
    });
    const judges = new Map<unknown, (row: unknown) => boolean>();
    for (const { type, name } of producer.types.values()) {
      judges.set(type, ajv.compile(await rowSchema(name)));
    }
    const rows = (await fixtures("rows/valid")).map(({ fixture }) =>
      fixture.input
    );
    const counts = { valid: 0, invalid: 0 };
    for (const row of mutants(rows, CHANGED)) {
      const theirs = judges.get(row.type)?.(row) ?? false;
      const problems = checkRow(producer, row);
      // Two rules that schemas cannot state.
      const isRule = problems.length > 0 &&
        problems.every(({ path }) =>
          path === "/missionid" || path === "/subject"
        );
      if (!(theirs && isRule)) {
        strictEqual(problems.length === 0, theirs, JSON.stringify(row));
      }
      counts[theirs ? "valid" : "invalid"] += 1;
    }
    ok(
      counts.valid > CHANGED / 10 && counts.invalid > CHANGED / 3,
      JSON.stringify(counts),
    );
  },
));

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length < 2) yield [...items];
  for (const [i, first] of items.entries()) {
    for (const rest of permutations(items.toSpliced(i, 1))) {
      yield [first, ...rest];
    }
  }
}

/** Permutations that are tried of cases with millions of them. */
const PERMUTATIONS_MAX = IS_FULL ? 1_000 : 300;

Deno.test(needing(
  [PUBLISHED],
  "published orders: thirteen cases, permuted -> always the result that is pinned",
  async () => {
    const cases = await fixtures("total_order");
    strictEqual(cases.length, 13);
    for (const { name, text, fixture } of cases) {
      const rows = rowTexts(text);
      const label = new Map(rows.map(({ text, line }) => [line, text]));
      const { expected } = fixture;
      const textOf = (name: string) => label.get(name);
      let count = 0;
      for (const some of permutations(rows)) {
        if (count++ === PERMUTATIONS_MAX) break;
        const order = orderLines(some);
        deepStrictEqual(
          {
            // Of two equal lines, either may stand for both.
            ordered: order.ordered.map(textOf),
            errors: Object.fromEntries(
              order.errors.map(({ line, reason }) => [line, reason]),
            ),
            collapsed: order.collapsed,
            conflicts: order.conflicts.map(({ source, id }) => [source, id]),
            read: order.read,
          },
          { ...expected, ordered: expected.ordered.map(textOf) },
          name,
        );
      }
    }
  },
));

/** The rows of a case, each as its text is written: `5.0` is not 5. */
function rowTexts(text: string): { line: string; text: string }[] {
  const written = (value: unknown): string => {
    if (value instanceof Written) return value.text;
    if (Array.isArray(value)) return `[${value.map(written).join()}]`;
    if (typeof value !== "object" || value === null) {
      return JSON.stringify(value);
    }
    const members = Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`);
    return `{${members.join()}}`;
  };
  const revive = (_: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? new Written(source) : value;
  const { rows } = JSON.parse(
    text,
    revive as unknown as (key: string, value: unknown) => unknown,
  );
  return rows.map(({ label, row }: { label: string; row: unknown }) => ({
    line: label,
    text: written(row),
  }));
}

class Written {
  constructor(readonly text: string) {}
}
