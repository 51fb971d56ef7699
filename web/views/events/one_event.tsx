/** One event, as it is stored. */

import type { EventAnswer } from "../../../lib/board/answers.ts";
import { PATHS } from "../../api.ts";
import { useKept } from "../../kept.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Loading, Trouble } from "../../parts/empty.tsx";
import { Json } from "../../parts/json.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Text } from "../../parts/text.tsx";
import { Moment } from "../../parts/time.tsx";
import { boardAddress, storyAddress } from "../../router.ts";
import { ask } from "../../session.ts";
import { typeWords } from "../../words.ts";

/** An event in a dialog. */
export function OneEvent(
  { position, close }: { position: number; close: () => void },
) {
  const { answer, problem } = useKept<EventAnswer>(
    PATHS.event(position),
    () => ({
      load: (_, signal) => ask<EventAnswer>(PATHS.event(position), { signal }),
      // What is stored never changes.
      concerns: () => false,
    }),
  );
  return (
    <Dialog label={`Event ${position}`} close={close}>
      {answer.value ? <Told answer={answer.value} /> : problem.value
        ? (
          <Trouble
            problem={problem.value}
            what="event"
            missing="There is no such event"
          />
        )
        : <Loading />}
    </Dialog>
  );
}

function Told({ answer: { line, event } }: { answer: EventAnswer }) {
  const { mission } = line;
  return (
    <article class="story">
      <h2 class="story-title">
        <Text>{typeWords(line.type)}</Text>
      </h2>
      <Facts>
        <Fact name="When">
          <Moment at={line.at} />
        </Fact>
        <Fact name="Type">
          <code>
            <Text>{line.type}</Text>
          </code>
        </Fact>
        {mission && (
          <Fact name="Mission">
            <a href={boardAddress(mission)}>
              <Text>{line.mission_slug ?? mission}</Text>
            </a>
          </Fact>
        )}
        {mission && line.package && (
          <Fact name="Package">
            <a href={storyAddress(mission, line.package)}>
              <Text>{line.package}</Text>
            </a>
          </Fact>
        )}
        {line.actor && (
          <Fact name="Actor">
            <Text>{line.actor}</Text>
          </Fact>
        )}
        <Fact name="Node">
          <code>
            <Text>{line.node}</Text>
          </code>
        </Fact>
        <Fact name="Clock">
          <span class="number">{line.clock}</span>
        </Fact>
        <Fact name="Id">
          <code>
            <Text>{line.id}</Text>
          </code>
        </Fact>
      </Facts>
      <Json value={event} />
    </article>
  );
}
