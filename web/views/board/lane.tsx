/** A column of the board. */

import { useRef } from "preact/hooks";
import type { LaneAnswer } from "../../../lib/board/answers.ts";
import { LaneDot } from "../../parts/chip.tsx";
import { counted } from "../../words.ts";
import { Card } from "./card.tsx";
import type { Column } from "./columns.ts";

/** Cards that are shown before all of them are asked for. */
const SHOWN_MAX = 100;

/** A lane with its cards. */
export function Lane({
  column,
  lanes,
  mission,
  moved,
  isWhole,
  showWhole,
  open,
}: {
  column: Column;
  lanes: readonly LaneAnswer[];
  mission: string;
  moved: ReadonlySet<string>;
  isWhole: boolean;
  showWhole: () => void;
  open: (id: string) => void;
}) {
  const { lane, packages, isFolded } = column;
  // A lane that has held cards keeps its width: else columns would jump as work passes through.
  const hasHeld = useRef(false);
  hasHeld.current ||= packages.length > 0;
  const width = isFolded && !hasHeld.current
    ? "folded"
    : hasHeld.current
    ? ""
    : "bare";
  const shown = isWhole ? packages : packages.slice(0, SHOWN_MAX);
  return (
    <section
      class={`lane ${width}`}
      aria-label={lane.label}
      data-lane={lane.id}
    >
      <h2 class="lane-head">
        <LaneDot lanes={lanes} id={lane.id} />
        <span class="lane-label">{lane.label}</span>
        <span class="lane-count">
          {packages.length.toLocaleString()}
          <span class="unseen">
            {packages.length === 1 ? "package" : "packages"}
          </span>
        </span>
      </h2>
      {packages.length > 0 && (
        <ul class="cards">
          {shown.map((each) => (
            <li key={each.id} class="card-place">
              <Card
                mission={mission}
                pack={each}
                hasMoved={moved.has(each.id)}
                open={open}
              />
            </li>
          ))}
          {shown.length < packages.length && (
            <li>
              <button type="button" class="button wide" onClick={showWhole}>
                Show all {counted(packages.length, "package")}
              </button>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}
