/** One event of a story, in words. */

import { useSignal } from "@preact/signals";
import type { EventLine, LaneAnswer } from "../../../lib/board/answers.ts";
import { LaneDot } from "../../parts/chip.tsx";
import { Json } from "../../parts/json.tsx";
import { Text } from "../../parts/text.tsx";
import { Moment, Span } from "../../parts/time.tsx";
import { laneLabel, typeWords } from "../../words.ts";
import { type ChapterOf, REMARK_MAX } from "./chapters.ts";

/** An event: what happened, by whom, when, and its JSON on demand. */
export function Chapter({ chapter, lanes }: {
  chapter: ChapterOf;
  lanes: readonly LaneAnswer[];
}) {
  const { event: { line, event }, stayedMs, remark, changes } = chapter;
  const isOpen = useSignal(false);
  return (
    <li class={`chapter ${line.to_lane ? "is-move" : ""}`}>
      <LaneDot lanes={lanes} id={line.to_lane ?? ""} />
      <p class="chapter-words">
        <What line={line} lanes={lanes} changes={changes} />
        {line.actor && (
          <>
            {" "}
            <span class="quiet">by</span> <Text>{line.actor}</Text>
          </>
        )}
      </p>
      <button
        type="button"
        class="button quiet-button small chapter-json"
        aria-expanded={isOpen.value}
        onClick={() => isOpen.value = !isOpen.value}
      >
        JSON<span class="unseen">of event {line.position}</span>
      </button>
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
          <Text longest={REMARK_MAX}>{remark}</Text>
        </p>
      )}
      {isOpen.value && <Json value={event} />}
    </li>
  );
}

function What({ line, lanes, changes }: {
  line: EventLine;
  lanes: readonly LaneAnswer[];
  changes: readonly string[];
}) {
  const { from_lane, to_lane } = line;
  if (to_lane === null && changes.length > 0) {
    return (
      <>
        Set <Text>{changes.join(", ")}</Text>
      </>
    );
  }
  if (to_lane === null) return <Text>{typeWords(line.type)}</Text>;
  const to = <strong>{laneLabel(lanes, to_lane)}</strong>;
  if (from_lane === null) return <>Came into {to}</>;
  if (from_lane === to_lane) return <>Stayed in {to}</>;
  return <>Moved from {laneLabel(lanes, from_lane)} to {to}</>;
}
