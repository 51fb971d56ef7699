import type { Envelope } from "../lib/contract/contract.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { checkEnvelope, EVENT_TYPES } from "../lib/contract/contract.ts";
import * as build from "../lib/event/builders.ts";
import { runCode } from "./support/child.ts";
import { inHome, tempHome } from "./support/home.ts";

/** The environment of a child, so that this machine's has no part in it. */
function envOf(home: string): Record<string, string> {
  return {
    SPEC_KITTY_HOME: home,
    SPEC_KITTY_NODE_ID: "9f86d081884c",
    SPEC_KITTY_TEAM_SLUG: "red",
    SPEC_KITTY_SERVER_URL: "",
    SPEC_KITTY_DISABLED: "",
    SPEC_KITTY_TIMEOUT: "1m",
    SPEC_KITTY_MAX_QUEUE_SIZE: "",
    SPEC_KITTY_MAX_QUEUE_BYTES: "",
  };
}

/** Runs code that has the library as `kitty`, where no project is; what it prints last, as JSON. */
async function run(
  home: string,
  code: string,
  env: Record<string, string> = {},
): Promise<unknown> {
  const output = await runCode(
    `const kitty = await import(lib + "mod.ts");
     Deno.chdir(args[0]);
     console.log(JSON.stringify(await (async () => { ${code} })()));
     (await kitty.getEmitter())[Symbol.dispose]();`,
    {
      args: [home.slice(0, home.lastIndexOf("/"))],
      env: { ...envOf(home), ...env },
    },
  );
  return JSON.parse(output);
}

const eventsIn = (home: string) =>
  inHome(
    home,
    async ({ queue }) =>
      (await queue.peek(100)).map(({ event }) =>
        event.document as unknown as Envelope
      ),
  );

Deno.test("each event type -> a builder and a public function, by its name", async () => {
  const mod = await import("../lib/mod.ts");
  const types = EVENT_TYPES.map((type) => type.toLowerCase()).sort();
  const builders = Object.keys(build);
  deepStrictEqual(builders.map((name) => name.toLowerCase()).sort(), types);
  for (const name of builders) {
    const emit = `emit${name[0]!.toUpperCase()}${name.slice(1)}`;
    strictEqual(typeof Reflect.get(mod, emit), "function", emit);
  }
});

Deno.test("the eight emit functions: required arguments alone -> exactly these envelopes, with the defaults", async () => {
  await using home = await tempHome();
  const receipts = await run(
    home.path,
    `
    const receipts = [
      await kitty.emitWpStatusChanged("WP01", "planned", "doing"),
      await kitty.emitWpCreated("WP02", "Title", ["WP01"], "028-x"),
      await kitty.emitWpAssigned("WP03", "claude", "review"),
      await kitty.emitFeatureCreated("028-x", "028", "main", 7),
      await kitty.emitFeatureCompleted("028-x", 7),
      await kitty.emitHistoryAdded("WP04", "note", "text"),
      await kitty.emitErrorLogged(null, "runtime", "message"),
      await kitty.emitErrorLogged("WP05", "auth", "message"),
      await kitty.emitDependencyResolved("WP06", "WP01", "merged"),
    ];
    return receipts;`,
  ) as { status: string; event_id: string; event_type: string }[];

  const expected: [type: string, aggregate: string, payload: object][] = [
    ["WPStatusChanged", "WorkPackage WP01", {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      changed_by: "user",
    }],
    ["WPCreated", "WorkPackage WP02", {
      wp_id: "WP02",
      title: "Title",
      dependencies: ["WP01"],
      feature_slug: "028-x",
    }],
    ["WPAssigned", "WorkPackage WP03", {
      wp_id: "WP03",
      agent_id: "claude",
      phase: "review",
      retry_count: 0,
    }],
    ["FeatureCreated", "Feature 028-x", {
      feature_slug: "028-x",
      feature_number: "028",
      target_branch: "main",
      wp_count: 7,
    }],
    ["FeatureCompleted", "Feature 028-x", {
      feature_slug: "028-x",
      total_wps: 7,
    }],
    ["HistoryAdded", "WorkPackage WP04", {
      wp_id: "WP04",
      entry_type: "note",
      entry_content: "text",
      author: "user",
    }],
    ["ErrorLogged", "Feature error", {
      error_type: "runtime",
      error_message: "message",
    }],
    ["ErrorLogged", "WorkPackage WP05", {
      error_type: "auth",
      error_message: "message",
      wp_id: "WP05",
    }],
    ["DependencyResolved", "WorkPackage WP06", {
      wp_id: "WP06",
      dependency_wp_id: "WP01",
      resolution_type: "merged",
    }],
  ];
  const events = await eventsIn(home.path);
  strictEqual(events.length, expected.length);
  for (const [i, [event_type, aggregate, payload]] of expected.entries()) {
    const event = events[i]!,
      [aggregate_type, aggregate_id] = aggregate.split(" ");
    deepStrictEqual(event, {
      event_id: receipts[i]!.event_id,
      event_type,
      aggregate_id,
      aggregate_type,
      payload,
      node_id: "9f86d081884c",
      lamport_clock: i + 1,
      timestamp: event.timestamp,
      team_slug: "red",
    } as unknown);
    strictEqual(checkEnvelope(event).problems, undefined);
    ok(event.timestamp.endsWith("Z"));
    deepStrictEqual(receipts[i], {
      event_type,
      event_id: event.event_id,
      lamport_clock: i + 1,
      status: "queued",
    });
  }
});

Deno.test("the eight emit functions: every option -> all of it in the envelopes", async () => {
  await using home = await tempHome();
  await run(
    home.path,
    `
    const causationId = "01KGHZ3D6R7S8T9VAWBXCYDZEF";
    const timestamp = "2026-02-03T13:00:00+01:00";
    const o = (n) => ({ causationId, timestamp, eventId: "01KGHZ3D6R00000000000000" + n });
    await kitty.emitWpStatusChanged("WP01", "doing", "done", { ...o(10), changedBy: "kim", featureSlug: "028-x" });
    await kitty.emitWpCreated("WP01", "T", [], "028-x", o(11));
    await kitty.emitWpAssigned("WP01", "a", "implementation", { ...o(12), retryCount: 2 });
    await kitty.emitFeatureCreated("028-x", "028", "main", 0, { ...o(13), createdAt: timestamp });
    await kitty.emitFeatureCompleted("028-x", 0, { ...o(14), completedAt: timestamp, totalDuration: "PT3H" });
    await kitty.emitHistoryAdded("WP01", "review", "x", { ...o(15), author: "kim" });
    await kitty.emitErrorLogged("WP01", "network", "x", { ...o(16), stackTrace: "s", agentId: "a" });
    await kitty.emitDependencyResolved("WP01", "WP02", "skipped", o(17));
    return 0;`,
  );
  const events = await eventsIn(home.path);
  deepStrictEqual(
    events.map((event) => [event.event_id.slice(-2), event.payload]),
    [
      ["10", {
        wp_id: "WP01",
        previous_status: "doing",
        new_status: "done",
        changed_by: "kim",
        feature_slug: "028-x",
      }],
      ["11", {
        wp_id: "WP01",
        title: "T",
        dependencies: [],
        feature_slug: "028-x",
      }],
      ["12", {
        wp_id: "WP01",
        agent_id: "a",
        phase: "implementation",
        retry_count: 2,
      }],
      ["13", {
        feature_slug: "028-x",
        feature_number: "028",
        target_branch: "main",
        wp_count: 0,
        created_at: "2026-02-03T13:00:00+01:00",
      }],
      ["14", {
        feature_slug: "028-x",
        total_wps: 0,
        completed_at: "2026-02-03T13:00:00+01:00",
        total_duration: "PT3H",
      }],
      ["15", {
        wp_id: "WP01",
        entry_type: "review",
        entry_content: "x",
        author: "kim",
      }],
      ["16", {
        error_type: "network",
        error_message: "x",
        wp_id: "WP01",
        stack_trace: "s",
        agent_id: "a",
      }],
      ["17", {
        wp_id: "WP01",
        dependency_wp_id: "WP02",
        resolution_type: "skipped",
      }],
    ] as unknown,
  );
  for (const { causation_id, timestamp } of events) {
    strictEqual(causation_id, "01KGHZ3D6R7S8T9VAWBXCYDZEF");
    strictEqual(timestamp, "2026-02-03T13:00:00+01:00");
  }
});

Deno.test("getEmitter: concurrent first calls -> one and the same emitter", async () => {
  await using home = await tempHome();
  const same = await run(
    home.path,
    `
    const some = await Promise.all([kitty.getEmitter(), kitty.getEmitter(),
      kitty.emitFeatureCompleted("x", 1).then(() => kitty.getEmitter())]);
    return new Set(some).size;`,
  );
  strictEqual(same, 1);
});

Deno.test("emit functions: many at once, not awaited -> clock values in the order of the calls", async () => {
  await using home = await tempHome();
  const clocks = await run(
    home.path,
    `
    const calls = Array.from({ length: 30 }, (_, i) =>
      kitty.emitFeatureCompleted("x" + i, i));
    return (await Promise.all(calls)).map((r) => r.lamport_clock);`,
  );
  deepStrictEqual(clocks, Array.from({ length: 30 }, (_, i) => i + 1));
});

Deno.test("emit functions: wrong arguments -> a receipt, never a rejection", async () => {
  await using home = await tempHome();
  const statuses = await run(
    home.path,
    `
    const some = await Promise.all([
      kitty.emitWpStatusChanged("WP1", "planned", "doing"),
      kitty.emitWpCreated(),
      kitty.emitWpAssigned("WP01", 5n, "review"),
      kitty.emitHistoryAdded("WP01", "note", Symbol("x")),
      kitty.emitFeatureCompleted("", 1),
    ]);
    return some.map((r) => r.status);`,
  );
  deepStrictEqual(statuses, Array(5).fill("discarded"));
});

Deno.test("emit functions: options that are null -> a receipt, never a rejection", async () => {
  await using home = await tempHome();
  const status = await run(
    home.path,
    `
    return (await kitty.emitFeatureCompleted("x", 1, null)
      .catch(() => ({ status: "rejected" }))).status;`,
  );
  ok(status === "queued" || status === "discarded", String(status));
});

Deno.test("emit functions: switched off -> disabled; no home is made", async () => {
  await using home = await tempHome();
  const status = await run(
    home.path,
    `return (await kitty.emitFeatureCompleted("x", 1)).status;`,
    { SPEC_KITTY_DISABLED: "1" },
  );
  strictEqual(status, "disabled");
  strictEqual(
    await Deno.lstat(home.path).then(() => true, () => false),
    false,
  );
});

Deno.test("generateNodeId, generateCausationId: -> the node's id, a ULID", async () => {
  await using home = await tempHome();
  const [node, cause, cause2] = await run(
    home.path,
    `return [await kitty.generateNodeId(), await kitty.generateCausationId(),
      await kitty.generateCausationId()];`,
  ) as string[];
  strictEqual(node, "9f86d081884c");
  ok(
    cause && cause2 && /^[0-9A-HJKMNP-TV-Z]{26}$/.test(cause) && cause < cause2,
  );
});
