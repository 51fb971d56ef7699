/** A column of the board. */

import { useRef } from "preact/hooks";
import type { LaneAnswer } from "../../../lib/board/answers.ts";
import { LaneDot } from "../../parts/chip.tsx";
import { Text } from "../../parts/text.tsx";
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
  const { lane, packages } = column;
  const shown = isWhole ? packages : packages.slice(0, SHOWN_MAX);
  return (
    <section
      class={`lane ${useWidth(column)}`}
      aria-label={lane.label}
      data-lane={lane.id}
    >
      <LaneHead column={column} lanes={lanes} />
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

/** A lane that has held cards keeps its width: else columns would jump as work passes through. */
function useWidth({ packages, isFolded }: Column): "" | "bare" | "folded" {
  const hasHeld = useRef(false);
  hasHeld.current ||= packages.length > 0;
  if (hasHeld.current) return "";
  return isFolded ? "folded" : "bare";
}

function LaneHead({ column: { lane, packages }, lanes }: {
  column: Column;
  lanes: readonly LaneAnswer[];
}) {
  return (
    <h2 class="lane-head">
      <LaneDot lanes={lanes} id={lane.id} />
      <span class="lane-label">
        <Text>{lane.label}</Text>
      </span>
      <span class="lane-count">
        {packages.length.toLocaleString()}
        <span class="unseen">
          {packages.length === 1 ? "package" : "packages"}
        </span>
      </span>
    </h2>
  );
}
