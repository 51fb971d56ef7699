/** Lines of events, by day. */

import type { EventLine } from "../../../lib/board/answers.ts";
import { Arrow } from "../../parts/icons.tsx";
import { Text } from "../../parts/text.tsx";
import { addressWith, boardAddress, storyAddress } from "../../router.ts";
import { clockTime, dayOf, exactTime } from "../../times.ts";
import { laneLabel, typeWords } from "../../words.ts";

/** Lines, with a heading for each of the reader's days. */
export function Days({ lines, isStale }: {
  lines: readonly EventLine[];
  isStale: boolean;
}) {
  const days: { readonly day: string; readonly lines: EventLine[] }[] = [];
  for (const line of lines) {
    const day = dayOf(line.at);
    // By order of arrival a day may come more than once.
    if (days.at(-1)?.day !== day) days.push({ day, lines: [] });
    days.at(-1)!.lines.push(line);
  }
  return (
    <div class="days" aria-busy={isStale}>
      {days.map(({ day, lines }) => (
        <section key={lines.at(-1)!.position} class="day">
          <h2>{day}</h2>
          <ol class="lines">
            {lines.map((line) => <Line key={line.position} line={line} />)}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Line({ line }: { line: EventLine }) {
  const { mission, mission_slug, to_lane, from_lane } = line;
  return (
    <li class="line">
      <time
        class="line-time number quiet"
        dateTime={line.at}
        title={exactTime(line.at)}
      >
        {clockTime(line.at)}
      </time>
      <a
        class="line-what"
        data-event={line.position}
        href={addressWith({ event: String(line.position) })}
        title={line.type}
      >
        {to_lane === null ? <Text>{typeWords(line.type)}</Text> : (
          <>
            {from_lane !== null && (
              <span class="quiet">{laneLabel([], from_lane)}</span>
            )}
            <Arrow />
            <span class="unseen">to</span>
            <strong>{laneLabel([], to_lane)}</strong>
          </>
        )}
      </a>
      <span class="line-package">
        {mission && line.package && (
          <a href={storyAddress(mission, line.package)}>
            <Text>{line.package}</Text>
          </a>
        )}
      </span>
      <span class="line-mission">
        {mission && (
          <a href={boardAddress(mission)}>
            <Text>{mission_slug ?? mission}</Text>
          </a>
        )}
      </span>
      <span class="line-actor">{line.actor && <Text>{line.actor}</Text>}</span>
      <span
        class="line-node quiet"
        title={`Node ${line.node}, clock ${line.clock}`}
      >
        <Text>{line.node}</Text>
        <span class="number">{line.clock}</span>
      </span>
    </li>
  );
}
