/** Small labels: who, and what phase. */

import type { LaneAnswer, Phase } from "../../lib/board/answers.ts";
import { laneClass } from "./lanes.ts";
import { capital } from "../words.ts";
import { Text } from "./text.tsx";

/** An agent or a person, with the model. */
export function Agent(
  { name, model }: { name: string; model?: string | null },
) {
  return (
    <span class="chip">
      <Text>{name}</Text>
      {model && (
        <span class="chip-model">
          <Text>{model}</Text>
        </span>
      )}
    </span>
  );
}

/** How far a mission is. */
export function PhaseLabel({ phase }: { phase: Phase }) {
  const kind = phase === "done"
    ? "role-done"
    : phase === "in progress"
    ? "role-doing shade-1"
    : "role-todo shade-1";
  return (
    <span class="phase">
      <span class={`dot ${kind}`} aria-hidden="true" />
      {capital(phase)}
    </span>
  );
}

/** A dot in the colour that a lane has everywhere. */
export function LaneDot({ lanes, id }: {
  lanes: readonly LaneAnswer[];
  id: string;
}) {
  return <span class={`dot ${laneClass(lanes, id)}`} aria-hidden="true" />;
}
