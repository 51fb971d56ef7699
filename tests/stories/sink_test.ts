/** Events to an endpoint for CloudEvents, which takes them with the published SDK. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { CloudEvent, HTTP } from "cloudevents";
import { spawnProgram, withProgram } from "../support/program.ts";
import { lane, Project } from "../support/project.ts";
import { Sink } from "../support/sink.ts";
import { TestCollector } from "../support/collector.ts";
import { request, TestAgent } from "../support/agent.ts";
import { mulberry32 } from "../support/world.ts";

const SEED = Math.floor(Math.random() * 2 ** 31);

Deno.test("sync now: to a sink, in batches and one by one -> all of both contracts, in order, as the SDK reads them", () =>
  withProgram(async (run) => {
    await using sink = new Sink();
    await using project = await Project.make();
    await project.mission(1, [lane(1), lane(2)]);
    const cwd = project.path;
    const env = { SPEC_KITTY_SINK_URL: sink.url, SPEC_KITTY_SINK_TOKEN: "t0k" };
    const tokens = new Set<string | null>();
    sink.onRequest = ({ headers }) => {
      tokens.add(headers.get("authorization"));
      return undefined;
    };
    await run.here(["follow", "--once"], { cwd });
    await run.here(["emit", "wp-status-changed", "WP01", "planned", "doing"], {
      cwd,
    });
    const first = await run(["sync", "now", "--json"], { env });
    deepStrictEqual(
      [first.code, JSON.parse(first.stdout).delivered],
      [0, 3],
      first.stderr,
    );
    await run([
      "emit",
      "wp-created",
      "WP02",
      "x",
      "--feature",
      "001-x",
    ], { cwd });
    const second = await run(["sync", "now", "--json"], {
      env: { ...env, SPEC_KITTY_SINK_FORMAT: "structured" },
    });
    strictEqual(JSON.parse(second.stdout).delivered, 1, second.stderr);
    deepStrictEqual(sink.odd, []);
    deepStrictEqual([...tokens], ["Bearer t0k"]);
    deepStrictEqual(
      sink.taken.map((
        { type, lamportclock, subject },
      ) => [type, lamportclock, subject]),
      [
        ["ai.spec-kitty.lane.transitioned.v1", 1, "WP01"],
        ["ai.spec-kitty.lane.transitioned.v1", 2, "WP02"],
        ["dev.kitty-events.work-packages.wp-status-changed.v1", 3, "WP01"],
        ["dev.kitty-events.work-packages.wp-created.v1", 4, "WP02"],
      ],
    );
    const [, , moved] = sink.taken;
    strictEqual(moved!.sequence, "0000000000000003");
    strictEqual(moved!.teamslug, "local");
    match(moved!.source, /^\/spec-kitty\/projects\/5c0f6f0e-/);
    strictEqual(moved!.data.new_status, "doing");
    strictEqual(sink.types.size, 2);
    const status = JSON.parse(
      (await run.here(["sync", "status", "--json"], { env })).stdout,
    );
    deepStrictEqual([status.queued, status.problem], [0, null]);
  }));

Deno.test("sync now: a sink that says 204 with words, 207, redirects, 415 -> delivered, delivered, trouble, dead only with proof", () =>
  withProgram(async (run) => {
    await using sink = new Sink();
    const env = { SPEC_KITTY_SINK_URL: sink.url };
    const emit = () =>
      run.here(["emit", "wp-status-changed", "WP01", "planned", "doing"]);
    const sync = async (answer: () => Response | undefined) => {
      sink.onRequest = answer;
      await emit();
      const { stdout, code } = await run([
        "sync",
        "now",
        "--json",
        "--timeout",
        "3s",
      ], { env });
      return { ...JSON.parse(stdout), code };
    };
    const plain = (status: number, headers = {}) => () =>
      new Response(status === 204 ? null : "words", { status, headers });
    strictEqual((await sync(plain(204))).delivered, 1);
    strictEqual((await sync(plain(207))).delivered, 1);
    const redirected = await sync(
      plain(307, { location: "http://127.0.0.1:9/" }),
    );
    deepStrictEqual([redirected.end, redirected.code], ["trouble", 69]);
    match(redirected.reason, /redirects, and is not followed/);
    const refused = await sync(plain(415));
    deepStrictEqual([refused.end, refused.rejected], ["trouble", 0]);
    // Now it takes others: the one that it refuses is the culprit.
    sink.onRequest = () => undefined;
    const { delivered, remaining } = JSON.parse(
      (await run(["sync", "now", "--json"], { env })).stdout,
    );
    deepStrictEqual([delivered, remaining], [2, 0]);
    strictEqual(sink.taken.length, 2);
  }));

Deno.test("sync now, agent: killed, with a sink that fails at random -> every event taken, in order, none dead", () =>
  withProgram(async (run, home) => {
    console.log(`seed ${SEED}`);
    const random = mulberry32(SEED);
    await using sink = new Sink();
    let faults = 0, isRepaired = false;
    sink.onRequest = async () => {
      // The first always fails: some killed in time might otherwise have met no fault at all.
      const isGood = isRepaired || faults > 0 && random() < 0.5;
      if (isGood) return undefined as unknown as Response;
      faults += 1;
      const status = [
        401,
        403,
        404,
        408,
        429,
        500,
        503,
      ][Math.floor(random() * 7)]!;
      if (random() < 0.3) {
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return new Response(null, { status });
    };
    const env = { SPEC_KITTY_HOME: home, SPEC_KITTY_SINK_URL: sink.url };
    const count = 400;
    const drafts = Array.from({ length: count }, (_, i) =>
      JSON.stringify({
        event_type: "HistoryAdded",
        payload: { wp_id: "WP01", entry_type: "note", entry_content: `${i}` },
      }) + "\n");
    let killed = 0;
    for (let round = 0; round < 8; round++) {
      const some = drafts.slice(round * 50, (round + 1) * 50).join("");
      await run.here(["emit", "--stdin", "--quiet"], { stdin: some });
      const child = spawnProgram(["sync", "now", "--timeout", "2s"], env);
      const timer = setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended by itself.
        }
      }, random() * 500);
      const { signal } = await child.output();
      clearTimeout(timer);
      if (signal === "SIGKILL") killed += 1;
    }
    isRepaired = true;
    const { code } = await run(["sync", "now"], { env });
    strictEqual(code, 0);
    const stats = JSON.parse(
      (await run.here(["queue", "stats", "--json"])).stdout,
    );
    deepStrictEqual([stats.queued, stats.dead, stats.totals.delivered], [
      0,
      0,
      count,
    ]);
    const firsts = [...new Set(sink.taken.map(({ id }) => id))]
      .map((id) => sink.taken.find((event) => event.id === id)!);
    deepStrictEqual(
      firsts.map(({ lamportclock }) => lamportclock),
      Array.from({ length: count }, (_, i) => i + 1),
    );
    deepStrictEqual(sink.odd, []);
    console.log({ killed, faults, taken: sink.taken.length });
    ok(killed > 0 && faults > 0);
  }));

Deno.test("collector, agent: CloudEvents in all three modes -> taken as they are, stamped where they are not", () =>
  withProgram(async (run, home) => {
    await using collector = await TestCollector.start();
    const { access } = await collector.logIn();
    const row = (n: number) => ({
      ...new CloudEvent({
        id: `01KVBBT6W9C24PGHW3K4KJH1W${n}`,
        source: "/spec-kitty/missions/01KVBBT6FEQ01NHNSQD7X8JTPE",
        type: "ai.spec-kitty.lane.transitioned.v1",
        subject: "WP01",
        missionid: "01KVBBT6FEQ01NHNSQD7X8JTPE",
        executionmode: "worktree",
        data: { from_lane: "planned", to_lane: "claimed" },
      }).toJSON() as Record<string, unknown>,
    });
    const event = (n: number) => new CloudEvent(row(n));
    const post = async (
      url: string,
      message: { headers: object; body: unknown },
      token?: string,
    ) => {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          ...message.headers as Record<string, string>,
          ...token !== undefined && { authorization: `Bearer ${token}` },
        },
        body: typeof message.body === "string"
          ? message.body
          : JSON.stringify(message.body),
      });
      return { status: response.status, json: await response.json() };
    };
    const list = {
      headers: { "content-type": "application/cloudevents-batch+json" },
      body: JSON.stringify([row(3), row(4)]),
    };
    const at = `${collector.url}/api/v1/cloudevents/`;
    for (
      const message of [HTTP.structured(event(1)), HTTP.binary(event(2)), list]
    ) {
      const { status, json } = await post(at, message, access);
      strictEqual(status, 200, JSON.stringify(json));
    }
    const stored = await collector.events(access);
    deepStrictEqual(
      stored.map(({ id, lamportclock }) => [id, lamportclock]),
      [1, 2, 3, 4].map((n) => [row(n).id, n]),
    );
    const unknown = { ...row(5), type: "ai.spec-kitty.lane.transitoned.v1" };
    const bad = { ...list, body: JSON.stringify([row(6), unknown]) };
    const refused = await post(at, bad, access);
    strictEqual(refused.status, 400);
    match(
      refused.json.details[0].error_message,
      /did you mean "lane\.transitioned\.v1"/,
    );
    strictEqual((await collector.events(access)).length, 4);

    await using agent = await TestAgent.start(home);
    const ask = (message: { headers: object; body: unknown }) =>
      request(agent.listening, "/v1/events", {
        method: "POST",
        headers: message.headers as Record<string, string>,
        body: message.body as string,
      });
    const receipts = await ask(list);
    deepStrictEqual(
      receipts.json.map(({ status }: { status: string }) => status),
      ["queued", "queued"],
    );
    const one = await ask(HTTP.binary(event(1)));
    strictEqual(one.json.status, "queued", JSON.stringify(one.json));
    strictEqual((await run.here(["queue", "check"])).code, 0);
  }));
