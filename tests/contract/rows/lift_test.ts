/** Lines of status logs become rows, in cases of our own. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { lift } from "../../../lib/contract/rows/lift.ts";
import { producer } from "../../../lib/contract/rows/producer.ts";
import { checkRow } from "../../../lib/contract/rows/row_contract.ts";

const MISSION = "01KVBBT6FEQ01NHNSQD7X8JTPE";
const LANE = {
  event_id: "01KVBBT6W9C24PGHW3K4KJH1W1",
  mission_slug: "demo",
  wp_id: "WP01",
  from_lane: "planned",
  to_lane: "claimed",
  at: "2026-06-17T18:00:00.123456+00:00",
  actor: "claude",
  execution_mode: "worktree",
};

function stamped(row: object | undefined) {
  return { ...row, lamportclock: 1, nodeid: "0123456789ab" };
}

Deno.test("lift: null where only absence is allowed -> absent; where null is allowed, it stays", () => {
  const line = {
    ...LANE,
    mission_id: null,
    review_result: null,
    reason_source: null,
    reason: null,
    evidence: null,
  };
  const { row } = lift(line, { missionId: MISSION });
  deepStrictEqual(row?.data, {
    from_lane: "planned",
    to_lane: "claimed",
    reason: null,
    evidence: null,
  });
  strictEqual(row?.missionid, MISSION);
  deepStrictEqual(checkRow(producer, stamped(row)), []);
});

Deno.test("lift: an actor with a structure -> its tool, else its role, else nobody; whole in the data", () => {
  const actor = { role: "reviewer", profile: null, tool: "codex", model: null };
  const cases = [
    [actor, "codex"],
    [{ ...actor, tool: null }, "reviewer"],
    [{ ...actor, tool: "", role: null }, undefined],
  ] as const;
  for (const [given, name] of cases) {
    const { row } = lift({ ...LANE, actor: given }, { missionId: MISSION });
    strictEqual(row?.actor, name);
    deepStrictEqual(
      (row?.data as { actorbinding: unknown }).actorbinding,
      given,
    );
    deepStrictEqual(checkRow(producer, stamped(row)), []);
  }
  const { problems } = lift({ ...LANE, actor: "" }, { missionId: MISSION });
  deepStrictEqual(problems?.map(({ path }) => path), ["/actor"]);
});

Deno.test("lift: no mission id anywhere -> the project's source, and the aggregate as subject", () => {
  const line = {
    event_id: LANE.event_id,
    event_type: "SpecifyStarted",
    aggregate_id: "demo",
    aggregate_type: "Mission",
    schema_version: "5.0.0",
    timestamp: LANE.at,
    payload: { mission_slug: "demo", actor: "claude" },
  };
  const { row } = lift(line, { projectUuid: "u-1" });
  strictEqual(row?.source, "/spec-kitty/projects/u-1");
  strictEqual(row?.subject, "demo");
  deepStrictEqual(checkRow(producer, stamped(row)), []);
  // Nor a project: the row says where it is wrong.
  const nowhere = lift(line, {}).row;
  deepStrictEqual(
    checkRow(producer, stamped(nowhere)).map(({ path }) => path),
    ["/source"],
  );
});

Deno.test("lift: lines of no shape -> a problem at the member that tells the shape", () => {
  for (
    const [line, path] of [
      [{ kind: "remark" }, "/kind"],
      [{ type: "RetrospectiveDone" }, "/type"],
      [{ event_type: "PlanStartd", payload: {} }, "/event_type"],
      [{ event_type: "PlanStarted" }, "/event_id"],
      [{ ...LANE, wp_id: undefined }, "/wp_id"],
    ] as const
  ) {
    const { problems } = lift(line, { missionId: MISSION });
    strictEqual(problems?.[0]?.path, path);
  }
  const [near] = lift({ event_type: "PlanStartd", payload: {} }, {}).problems!;
  strictEqual(near?.hint, 'did you mean "PlanStarted"?');
});
