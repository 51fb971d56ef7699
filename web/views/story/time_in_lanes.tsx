/** Where the time of a package went. */

import type { LaneAnswer, StoryEvent } from "../../../lib/board/answers.ts";
import { laneClass } from "../../parts/lanes.ts";
import { LaneDot } from "../../parts/chip.tsx";
import { now, precise } from "../../times.ts";
import { laneLabel } from "../../words.ts";
import { staysOf } from "./chapters.ts";

/** A bar of the time that a package has been in each lane, until it was done or now. */
export function TimeInLanes({ events, lanes }: {
  events: readonly StoryEvent[];
  lanes: readonly LaneAnswer[];
}) {
  const laneOf = (id: string): LaneAnswer =>
    lanes.find((lane) => lane.id === id) ??
      { id, label: laneLabel(lanes, id), role: "halted" };
  // What is done rests: that time is nobody's work.
  const stays = staysOf(events, now.value)
    .map(({ lane, ms }) => ({ lane: laneOf(lane), ms }))
    .filter(({ lane, ms }) => lane.role !== "done" && ms > 0);
  const total = stays.reduce((sum, { ms }) => sum + ms, 0);
  if (total === 0) return null;
  return (
    <section class="stays" aria-label="Where the time went">
      <h3 class="story-part">
        Where the time went <span class="quiet number">{precise(total)}</span>
      </h3>
      <div class="progress tall" aria-hidden="true">
        {stays.map(({ lane, ms }) => (
          <span
            key={lane.id}
            class={`part ${laneClass(lanes, lane.id)}`}
            style={{ flexGrow: ms / total }}
          />
        ))}
      </div>
      <ul class="legend">
        {stays.map(({ lane, ms }) => (
          <li key={lane.id}>
            <LaneDot lanes={lanes} id={lane.id} />
            {lane.label} <span class="number">{precise(ms)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
