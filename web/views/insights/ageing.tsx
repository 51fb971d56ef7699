/** Ageing work: how long packages in hand have been where they are. */

import { useSignal } from "@preact/signals";
import type {
  AgeingPackage,
  InsightsAnswer,
} from "../../../lib/board/answers.ts";
import { Agent, LaneDot } from "../../parts/chip.tsx";
import { laneClass } from "../../parts/lanes.ts";
import { Text } from "../../parts/text.tsx";
import { Age } from "../../parts/time.tsx";
import { storyAddress } from "../../router.ts";
import { DAY, now } from "../../times.ts";
import { counted, laneLabel } from "../../words.ts";
import { Figure } from "./figure.tsx";

const SHOWN_MAX = 15;

/** The oldest first, with a bar for its age. */
export function Ageing({ insights }: { insights: InsightsAnswer }) {
  const isWhole = useSignal(false);
  const { lanes } = insights;
  const ageing = insights.ageing.toSorted((a, b) =>
    Date.parse(a.since) - Date.parse(b.since)
  );
  const shown = isWhole.value ? ageing : ageing.slice(0, SHOWN_MAX);
  const oldest = Math.max(1, now.value - Date.parse(ageing[0]?.since ?? ""));
  return (
    <Figure
      id="ageing"
      title="Ageing work"
      sentence="Work packages that are being done or reviewed, or are blocked, by how long they have been in their lane; as of now, whatever time is chosen."
      note={insights.ageing_total > ageing.length
        ? `The oldest ${ageing.length.toLocaleString()} of ${
          counted(insights.ageing_total, "package")
        }.`
        : undefined}
      hint="Nothing is in hand."
      table={{
        name: "ageing-work",
        head: ["Mission", "Package", "Title", "Lane", "Since", "Agent", "Days"],
        rows: ageing.map((each) => [
          each.mission_slug,
          each.id,
          each.title,
          laneLabel(lanes, each.lane),
          each.since,
          each.agent,
          Math.round((now.peek() - Date.parse(each.since)) / DAY * 10) / 10,
        ]),
      }}
    >
      <ol class="ageing">
        {shown.map((each) => (
          <Row
            key={`${each.mission}/${each.id}`}
            each={each}
            insights={insights}
            oldest={oldest}
          />
        ))}
      </ol>
      {shown.length < ageing.length && (
        <p class="more">
          <button
            type="button"
            class="button"
            onClick={() => isWhole.value = true}
          >
            Show all {counted(ageing.length, "package")}
          </button>
        </p>
      )}
    </Figure>
  );
}

function Row({ each, insights, oldest }: {
  each: AgeingPackage;
  insights: InsightsAnswer;
  oldest: number;
}) {
  const { lanes } = insights;
  const age = Math.max(0, now.value - Date.parse(each.since));
  return (
    <li class="ageing-row">
      <a class="ageing-name" href={storyAddress(each.mission, each.id)}>
        <span class="card-id">
          <Text>{each.id}</Text>
        </span>{" "}
        <Text>{each.title || each.mission_slug}</Text>
      </a>
      <span class="ageing-lane">
        <LaneDot lanes={lanes} id={each.lane} /> {laneLabel(lanes, each.lane)}
      </span>
      <span class="ageing-agent">
        {each.agent && <Agent name={each.agent} />}
      </span>
      <span class="ageing-bar" aria-hidden="true">
        <span
          class={`part ${laneClass(lanes, each.lane)}`}
          style={{ width: `${Math.max(0.5, age / oldest * 100)}%` }}
        />
      </span>
      <span class="number ageing-age">
        <Age since={each.since} />
      </span>
    </li>
  );
}
