/** Small labels: who, and what phase. */

import type { LaneRole, Phase } from "../../lib/board/answers.ts";
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
    ? "done"
    : phase === "in progress"
    ? "doing"
    : "todo";
  return (
    <span class="phase">
      <RoleDot role={kind} />
      {capital(phase)}
    </span>
  );
}

/** A dot in the colour of a lane's role. */
export function RoleDot(
  { role, shade = 0 }: { role: LaneRole; shade?: number },
) {
  return (
    <span class={`role-dot role-${role} shade-${shade}`} aria-hidden="true" />
  );
}
