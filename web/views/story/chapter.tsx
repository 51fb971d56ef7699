/** One event of a story, in words. */

import { useSignal } from "@preact/signals";
import type { EventLine, LaneAnswer } from "../../../lib/board/answers.ts";
import { RoleDot } from "../../parts/chip.tsx";
import { Json } from "../../parts/json.tsx";
import { Text } from "../../parts/text.tsx";
import { Moment, Span } from "../../parts/time.tsx";
import { laneLabel, typeWords } from "../../words.ts";
import type { ChapterOf } from "./chapters.ts";

/** An event: what happened, by whom, when, and its JSON on demand. */
export function Chapter({ chapter, lanes }: {
  chapter: ChapterOf;
  lanes: readonly LaneAnswer[];
}) {
  const { event: { line, event }, stayedMs, remark } = chapter;
  const isOpen = useSignal(false);
  const role = lanes.find(({ id }) => id === line.to_lane)?.role ?? "todo";
  return (
    <li class={`chapter ${line.to_lane ? "is-move" : ""}`}>
      <RoleDot role={role} />
      <p class="chapter-words">
        <What line={line} lanes={lanes} />
        {line.actor && (
          <>
            {" "}
            <span class="quiet">by</span> <Text>{line.actor}</Text>
          </>
        )}
      </p>
      <p class="chapter-when quiet">
        <Moment at={line.at} />
        {stayedMs !== null && line.from_lane && (
          <>
            {", after "}
            <Span ms={stayedMs} /> in {laneLabel(lanes, line.from_lane)}
          </>
        )}
      </p>
      {remark && (
        <p class="remark">
          <Text>{remark}</Text>
        </p>
      )}
      <details
        onToggle={(toggled) => isOpen.value = toggled.currentTarget.open}
      >
        <summary>
          JSON<span class="unseen">of event {line.position}</span>
        </summary>
        {isOpen.value && <Json value={event} />}
      </details>
    </li>
  );
}

function What(
  { line, lanes }: { line: EventLine; lanes: readonly LaneAnswer[] },
) {
  const { from_lane, to_lane } = line;
  if (to_lane === null) return <>{typeWords(line.type)}</>;
  const to = <strong>{laneLabel(lanes, to_lane)}</strong>;
  if (from_lane === null) return <>Came into {to}</>;
  if (from_lane === to_lane) return <>Stayed in {to}</>;
  return <>Moved from {laneLabel(lanes, from_lane)} to {to}</>;
}
