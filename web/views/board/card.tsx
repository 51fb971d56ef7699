/** A work package as a card. */

import { Component } from "preact";
import type { PackageAnswer } from "../../../lib/board/answers.ts";
import { Agent } from "../../parts/chip.tsx";
import { Back, Check, Waits, Warning } from "../../parts/icons.tsx";
import { Text } from "../../parts/text.tsx";
import { Age } from "../../parts/time.tsx";

interface CardProps {
  readonly mission: string;
  readonly pack: PackageAnswer;
  /** Whether it has come into its lane just now. */
  readonly hasMoved: boolean;
  readonly open: (id: string) => void;
}

/** A card; drawn anew only when its package has changed, as there may be thousands. */
export class Card extends Component<CardProps> {
  override shouldComponentUpdate(next: CardProps): boolean {
    return next.pack !== this.props.pack ||
      next.hasMoved !== this.props.hasMoved ||
      next.mission !== this.props.mission;
  }

  override render() {
    const { pack, hasMoved, open } = this.props;
    return (
      <button
        type="button"
        class={`card ${hasMoved ? "moved" : ""}`}
        data-card={pack.id}
        aria-haspopup="dialog"
        onClick={() => open(pack.id)}
      >
        <span class="card-id">
          <Text>{pack.id}</Text>
        </span>{" "}
        <span class="card-title">
          {pack.title
            ? <Text>{pack.title}</Text>
            : <span class="quiet">No title</span>}
        </span>
        {pack.lane_since && (
          <span class="card-age">
            <Age since={pack.lane_since} />
            <span class="unseen">in this lane</span>
          </span>
        )}
        <Marks pack={pack} />
        {pack.last_error && (
          <span class="card-error">
            <Warning />
            <span class="unseen">Error:</span>
            <span class="clamped">
              <Text>{pack.last_error.message}</Text>
            </span>
          </span>
        )}
      </button>
    );
  }
}

/** Who has it, and what stands in its way. */
function Marks({ pack }: { pack: PackageAnswer }) {
  const unmet = pack.dependencies.filter(({ is_met }) => !is_met);
  const names = unmet.map(({ id }) => id).join(", ");
  if (
    !pack.agent && pack.subtasks === 0 && unmet.length === 0 && !pack.sent_back
  ) return null;
  return (
    <span class="card-marks">
      {pack.agent && <Agent name={pack.agent} model={pack.model} />}
      {pack.subtasks > 0 && (
        <span
          class="mark-item"
          title={`${pack.subtasks_done} of ${pack.subtasks} subtasks done`}
        >
          <Check />
          <span class="number">{pack.subtasks_done}/{pack.subtasks}</span>
          <span class="unseen">subtasks done</span>
        </span>
      )}
      {unmet.length > 0 && (
        <span class="mark-item waits" title={`Waits for ${names}`}>
          <Waits />
          <span class="unseen">waits for</span>
          <Text>{unmet.length > 2 ? `${unmet.length} packages` : names}</Text>
        </span>
      )}
      {pack.sent_back > 0 && (
        <span
          class="mark-item sent-back"
          title={`Sent back ${pack.sent_back} times by a review`}
        >
          <Back />
          <span class="unseen">sent back</span>
          <span class="number">{pack.sent_back}×</span>
        </span>
      )}
    </span>
  );
}
