/** `verify`: an export that is whole, and what may be wrong with one. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { KeySet } from "../../lib/base/key_set.ts";
import { Verification } from "../../lib/event/verification.ts";
import { eventOf, type EventOptions, idOf } from "../support/events.ts";
import { documentsOf, type Run, withProgram } from "../support/program.ts";

const lineOf = (n: number, options: EventOptions = {}) =>
  JSON.stringify(eventOf(n, { team: "acme", ...options }).envelope);

const rowOf = (id: string, clock: number, source = "/builds/1") =>
  JSON.stringify({
    specversion: "1.0",
    type: "org.example.done.v1",
    id,
    source,
    nodeid: "9f86d081884c",
    lamportclock: clock,
  });

Deno.test("verify: an export of the queue, whole and with --full -> each node's figures, exit 0", () =>
  withProgram(async (run) => {
    const drafts = ["one", "two", "three"].map((text) => ({
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: text },
    }));
    await run.here(["emit", "--stdin"], {
      stdin: drafts.map((draft) => JSON.stringify(draft)).join("\n"),
      env: { SPEC_KITTY_NODE_ID: "box-7" },
    });
    for (const flags of [[], ["--full"]]) {
      const { stdout } = await run.here(["queue", "export", ...flags]);
      const verified = await run(["verify", "--json"], { stdin: stdout });
      strictEqual(verified.code, 0, verified.stdout);
      const flaws = { clocks_repeated: 0, ids_repeated: 0, order_broken: 0 };
      deepStrictEqual(documentsOf(verified.stdout), [
        {
          team_slug: "local",
          node_id: "box-7",
          events: 3,
          lowest_clock: 1,
          highest_clock: 3,
          ...flaws,
        },
        { total: { nodes: 1, events: 3, ...flaws, no_event: 0 } },
      ]);
      const { stdout: text } = await run(["verify"], { stdin: stdout });
      strictEqual(
        text,
        "node box-7, team local: 3 events, clock 1 to 3\n1 node, 3 events: nothing wrong\n",
      );
    }
    strictEqual((await run(["verify", "/nowhere"])).code, 64);
  }));

Deno.test("verify: all that may be wrong -> counted, named by lines without their text, exit 65", () =>
  withProgram(async (run) => {
    const stdin = [
      lineOf(1),
      "",
      lineOf(3),
      lineOf(2),
      lineOf(3),
      lineOf(4, { clock: 2 }),
      "no secret",
      '{"secret":1}',
      lineOf(9, { node: "other", clock: 70 }),
      lineOf(8, { node: "other", team: "evil", clock: 70 }),
    ].join("\n");
    const { code, stdout } = await run(["verify", "-", "--json"], { stdin });
    strictEqual(code, 65);
    ok(!stdout.includes("secret"));
    const documents = documentsOf(stdout);
    deepStrictEqual(documents.slice(0, 2), [
      { line: 7, found: "no JSON in UTF-8" },
      { line: 8, found: "no event with an id, a node and a clock value" },
    ]);
    deepStrictEqual(
      documents.slice(2, -1).map((node) => Object.values(node)),
      [
        ["acme", "9f86d081884c", 4, 1, 3, 1, 1, 1],
        ["acme", "other", 1, 70, 70, 0, 0, 0],
        ["evil", "other", 1, 70, 70, 1, 0, 0],
      ],
    );
    deepStrictEqual(documents.at(-1), {
      total: {
        nodes: 2,
        events: 6,
        clocks_repeated: 2,
        ids_repeated: 1,
        order_broken: 1,
        no_event: 2,
      },
    });
    const text = await run(["verify"], { stdin });
    match(text.stdout, /^line 7: expected an event, found no JSON in UTF-8\n/);
    match(
      text.stdout,
      /\n2 nodes, 6 events: 2 clock values repeated, 1 id repeated, order broken once, 2 lines without an event\n$/,
    );
  }));

Deno.test("verify: two homes of one machine in one export -> 65, and said what that is and what to do; with nodes of their own -> sound", () =>
  withProgram((one) =>
    withProgram(async (two) => {
      const exportOf = async (run: Run, env: Record<string, string> = {}) => {
        for (const text of ["a", "b"]) {
          await run.here(["emit", "history-added", "WP01", "note", text], {
            env,
          });
        }
        return (await run.here(["queue", "export"])).stdout;
      };
      const first = await exportOf(one);
      const same = await one(["verify"], {
        stdin: first + await exportOf(two),
      });
      strictEqual(same.code, 65);
      match(same.stdout, /^1 node, 4 events: 2 clock values repeated/m);
      match(
        same.stderr,
        /two homes have one node[^]*SPEC_KITTY_NODE_ID, 12 hex digits/,
      );
      await withProgram(async (three) => {
        const env = { SPEC_KITTY_NODE_ID: "abcdefabcdef" };
        const stdin = first + await exportOf(three, env);
        const { code, stdout, stderr } = await one(["verify"], { stdin });
        deepStrictEqual([code, stderr], [0, ""], stdout);
      });
    })
  ));

Deno.test("Verification: rows of two sources with one id -> two events; with one source, or an id that is no ULID -> twice", () => {
  const encoder = new TextEncoder();
  const verification = new Verification();
  const take = (text: string) => verification.take(encoder.encode(text));
  take(rowOf(idOf(1), 1));
  take(rowOf(idOf(1), 2, "/builds/2"));
  take(rowOf(idOf(1), 3));
  take(rowOf("build 7", 4));
  take(rowOf("build 7", 5));
  take(rowOf(`8${idOf(1).slice(1)}`, 6));
  const full = { contract: "c", version: "1", team: "acme" };
  take(JSON.stringify({ ...full, event: JSON.parse(rowOf("build 8", 7)) }));
  strictEqual(take(rowOf("x", 1.5)) === undefined, false);
  const [known, unknown] = verification.nodes;
  deepStrictEqual([known?.team_slug, known?.events], ["acme", 1]);
  deepStrictEqual([unknown?.team_slug, unknown?.events], [null, 4]);
  deepStrictEqual(unknown?.ids_repeated, 2);
});

Deno.test("Verification: any clock values and ids -> the same counts as by sets", () => {
  const encoder = new TextEncoder();
  const event = fc.record({
    id: fc.nat(30),
    clock: fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 2 ** 52 })),
    node: fc.constantFrom("a", "b"),
  });
  fc.assert(fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const verification = new Verification();
    const ids = new Set<number>(), clocks = new Set<string>();
    let twice = 0, repeated = 0;
    for (const { id, clock, node } of events) {
      const document = {
        event_type: "x",
        event_id: idOf(id * 1_000_003),
        node_id: node,
        lamport_clock: clock,
        team_slug: "t",
      };
      verification.take(encoder.encode(JSON.stringify(document)));
      if (ids.has(id)) {
        twice += 1;
        continue;
      }
      ids.add(id);
      if (clocks.has(`${node} ${clock}`)) repeated += 1;
      clocks.add(`${node} ${clock}`);
    }
    const { total } = verification;
    deepStrictEqual(
      [total.events, total.ids_repeated, total.clocks_repeated],
      [ids.size, twice, repeated],
    );
  }));
});

Deno.test("KeySet: a hundred thousand keys, each twice -> each new once", () => {
  const keys = new KeySet(2), key = new Uint32Array(2);
  for (const isNew of [true, false]) {
    for (let n = 0; n < 100_000; n++) {
      key[0] = n * 4096;
      key[1] = 1 + n % 3;
      strictEqual(keys.add(key), isNew);
    }
  }
  strictEqual(keys.size, 100_000);
});
