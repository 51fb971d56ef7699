/** A column of the board. */

import { RoleDot } from "../../parts/chip.tsx";
import { counted } from "../../words.ts";
import { Card } from "./card.tsx";
import type { Column } from "./columns.ts";

/** Cards that are shown before all of them are asked for. */
const SHOWN_MAX = 100;

/** A lane with its cards. */
export function Lane({ column, mission, moved, isWhole, showWhole, open }: {
  column: Column;
  mission: string;
  moved: ReadonlySet<string>;
  isWhole: boolean;
  showWhole: () => void;
  open: (id: string) => void;
}) {
  const { lane, packages, isFolded } = column;
  const shown = isWhole ? packages : packages.slice(0, SHOWN_MAX);
  return (
    <section
      class={`lane ${isFolded ? "folded" : ""}`}
      aria-label={lane.label}
      data-lane={lane.id}
    >
      <h2 class="lane-head">
        <RoleDot role={lane.role} />
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
