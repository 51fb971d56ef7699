/** One event, as it is stored. */

import type { EventAnswer } from "../../../lib/board/answers.ts";
import { PATHS } from "../../api.ts";
import { useKept } from "../../kept.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Empty, Loading } from "../../parts/empty.tsx";
import { Json } from "../../parts/json.tsx";
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
      {answer.value
        ? <Told answer={answer.value} />
        : problem.value
        ? (
          <Empty title="There is no such event">
            <p>{problem.value.message}.</p>
          </Empty>
        )
        : <Loading />}
    </Dialog>
  );
}

function Told({ answer: { line, event } }: { answer: EventAnswer }) {
  const { mission } = line;
  return (
    <article class="story">
      <h2 class="story-title">{typeWords(line.type)}</h2>
      <dl class="facts">
        <div>
          <dt>When</dt>
          <dd>
            <Moment at={line.at} />
          </dd>
        </div>
        <div>
          <dt>Type</dt>
          <dd>
            <code>
              <Text>{line.type}</Text>
            </code>
          </dd>
        </div>
        {mission && (
          <div>
            <dt>Mission</dt>
            <dd>
              <a href={boardAddress(mission)}>
                <Text>{line.mission_slug ?? mission}</Text>
              </a>
            </dd>
          </div>
        )}
        {mission && line.package && (
          <div>
            <dt>Package</dt>
            <dd>
              <a href={storyAddress(mission, line.package)}>
                <Text>{line.package}</Text>
              </a>
            </dd>
          </div>
        )}
        {line.actor && (
          <div>
            <dt>Actor</dt>
            <dd>
              <Text>{line.actor}</Text>
            </dd>
          </div>
        )}
        <div>
          <dt>Node</dt>
          <dd>
            <code>
              <Text>{line.node}</Text>
            </code>
          </dd>
        </div>
        <div>
          <dt>Clock</dt>
          <dd class="number">{line.clock}</dd>
        </div>
        <div>
          <dt>Id</dt>
          <dd>
            <code>
              <Text>{line.id}</Text>
            </code>
          </dd>
        </div>
      </dl>
      <Json value={event} />
    </article>
  );
}
