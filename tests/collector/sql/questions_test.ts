/** The questions of docs/sql.md and of the dashboard, asked of a real server. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../lib/base/json.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { stampOf } from "../../../lib/collector/events/nodes.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { envelope, isoAt, move, row } from "../../support/board.ts";
import { needing } from "../../support/needs.ts";
import { databaseOf, POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const HOUR = 3_600_000, TEAM = "acme";

/** A small team's events: `docs/sql.md` shows what is asked of them. */
function documents(): JsonObject[] {
  let n = 0;
  const at = (hours: number, rest: JsonObject = {}) => ({
    clock: ++n,
    ms: hours * HOUR,
    ...rest,
  });
  const go = (
    hours: number,
    wp: string,
    from: string,
    to: string,
    rest: JsonObject = {},
    data: JsonObject = {},
  ) => move(n + 1, wp, from, to, at(hours, rest) as never, data);
  return [
    row(n + 1, "wp.created", { wp_id: "WP01" }, at(0, { subject: "WP01" })),
    row(n + 1, "wp.created", { wp_id: "WP02" }, at(0, { subject: "WP02" })),
    row(n + 1, "wp.created", { wp_id: "WP03" }, at(1, { subject: "WP03" })),
    go(2, "WP01", "planned", "in_progress"),
    go(5, "WP02", "planned", "in_progress", {
      actor: "codex",
      node: "cccccccccccc",
    }),
    go(26, "WP01", "in_progress", "for_review"),
    go(28, "WP01", "for_review", "in_progress", { actor: "ada" }, {
      reason: "the tests fail",
    }),
    go(31, "WP01", "in_progress", "for_review"),
    go(32, "WP01", "for_review", "done", { actor: "ada" }),
    go(50, "WP02", "in_progress", "for_review", {
      actor: "codex",
      node: "cccccccccccc",
    }),
    go(53, "WP02", "for_review", "done", { actor: "ada" }),
    envelope(n + 1, "HistoryAdded", {
      wp_id: "WP07",
      entry_type: "note",
      entry_content: "NUL: \0",
      author: "ada",
      feature_slug: "001-a",
    }, at(60) as never),
  ];
}

function incoming(document: JsonObject): IncomingEvent {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return {
    event_id: (document.event_id ?? document.id) as string,
    event_type: (document.event_type ?? document.type) as string,
    team_slug: "",
    ...stampOf(document),
    bytes,
    document,
  };
}

/** A database with these events, some hours after the last of them. */
async function database(): Promise<string> {
  const world = new TestWorld({ nowMs: Date.parse(isoAt(61 * HOUR)) });
  const url = await server.database();
  await using engine = await openPgEngine(url, { world, onStored: () => {} });
  await engine.events.admit(TEAM, documents().map(incoming));
  return databaseOf(url);
}

const DOCS = new URL("../../../docs/sql.md", import.meta.url);

/** Asks, in a session with settings of its own, and writes the answer as a table. */
async function answerTo(name: string, sql: string): Promise<string> {
  const rows = await server.ask(
    `select coalesce(json_agg(answer), '[]')::text as answer from (${sql}) as answer`,
    name,
  );
  const answers: Record<string, unknown>[] = JSON.parse(rows[0].answer);
  ok(answers.length > 0, `nothing: ${sql}`);
  const names = Object.keys(answers[0]!);
  const lines = [
    names,
    ...answers.map((row) => names.map((name) => String(row[name] ?? ""))),
  ];
  const widths = names.map((_, i) =>
    Math.max(...lines.map((line) => line[i]!.length))
  );
  return lines.map((line) =>
    line.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ").trimEnd()
  ).join("\n");
}

Deno.test(
  needing(
    [POSTGRES],
    "docs/sql.md: ten questions, asked -> the answers that stand there",
    async () => {
      const text = await Deno.readTextFile(DOCS), name = await database();
      const blocks = text.split("```sql\n").slice(1);
      strictEqual(blocks.length, 10);
      let whole = text;
      for (const block of blocks) {
        const sql = block.slice(0, block.indexOf("```"));
        const answer = `\`\`\`sql\n${sql}\`\`\`\n\n\`\`\`text\n${await answerTo(
          name,
          sql,
        )}\n\`\`\`\n`;
        const old = text.slice(text.indexOf(`\`\`\`sql\n${sql}`)).match(
          /^```sql\n[\s\S]*?```\n(\n```text\n[\s\S]*?```\n)?/,
        )![0];
        whole = whole.replace(old, () => answer);
      }
      // With this variable set, the file is written anew.
      if (Deno.env.get("WRITE_DOCS")) await Deno.writeTextFile(DOCS, whole);
      else deepStrictEqual(text.split("\n"), whole.split("\n"));
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "examples/grafana: each query of the dashboard, asked -> an answer",
    async () => {
      const file = new URL(
        "../../../examples/grafana/collector.json",
        import.meta.url,
      );
      const dashboard = JSON.parse(await Deno.readTextFile(file));
      const name = await database();
      const filled = (sql: string) =>
        sql.replaceAll("$team", TEAM).replaceAll(
          /\$__timeFilter\((\w+)\)/g,
          (_, column) =>
            `${column} between '${isoAt(-HOUR)}' and '${isoAt(1_000 * HOUR)}'`,
        );
      let asked = 0;
      for (const { title, targets } of dashboard.panels) {
        for (const { rawSql, format } of targets) {
          const sql = filled(rawSql);
          ok(!/\$/.test(sql), sql);
          const answer = await answerTo(name, sql);
          if (format === "time_series") ok(answer.startsWith("time"), title);
          asked++;
        }
      }
      ok(asked >= 10);
      await answerTo(
        name,
        dashboard.templating.list.find(({ name }: { name: string }) =>
          name === "team"
        ).query,
      );
    },
  ),
);
