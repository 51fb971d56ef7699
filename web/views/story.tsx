/** The story of a work package: every event of it, in order. */

import { useSignal } from "@preact/signals";
import type {
  LaneAnswer,
  PackageAnswer,
  StoryAnswer,
  StoryEvent,
} from "../../lib/board/answers.ts";
import { PATHS, withParameters } from "../api.ts";
import { useKept } from "../kept.ts";
import { Agent, LaneDot } from "../parts/chip.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Loading, Trouble } from "../parts/empty.tsx";
import { Fact, Facts } from "../parts/facts.tsx";
import { Text } from "../parts/text.tsx";
import { Age, Moment } from "../parts/time.tsx";
import { addressWith, storyAddress } from "../router.ts";
import { ask } from "../session.ts";
import { counted, laneLabel, plain } from "../words.ts";
import { Chapter } from "./story/chapter.tsx";
import { chaptersOf } from "./story/chapters.ts";
import { TimeInLanes } from "./story/time_in_lanes.tsx";

interface StoryProps {
  readonly mission: string;
  readonly id: string;
  readonly lanes: readonly LaneAnswer[];
  readonly close: () => void;
}

/** The story of a package, in a dialog that is named by it. */
export function Story({ mission, id, lanes, close }: StoryProps) {
  const pages = useSignal(1);
  const { answer, problem, reload } = useKept<StoryAnswer>(
    PATHS.story(mission, id),
    () => ({
      load: (_, signal) => loadStory(mission, id, pages.peek(), signal),
      concerns: ({ missions, position }, known) =>
        position > (known?.position ?? 0) &&
        (!missions || missions.includes(mission)),
      paceMs: 250,
    }),
  );
  const { value } = answer;
  const title = value?.package.title ?? "";
  const more = () => {
    pages.value++;
    reload();
  };
  return (
    <Dialog label={plain(`${id} ${title}`)} close={close}>
      {value
        ? <Told story={value} lanes={lanes} more={more} />
        : problem.value
        ? (
          <Trouble
            problem={problem.value}
            what="story"
            missing={`There is no story of ${plain(id, 40)}`}
          />
        )
        : <Loading />}
    </Dialog>
  );
}

/** The story from its beginning, so many pages of it. */
async function loadStory(
  mission: string,
  id: string,
  pages: number,
  signal: AbortSignal,
): Promise<StoryAnswer> {
  const events: StoryEvent[] = [];
  for (let page = 1, cursor: string | null = null;; page++) {
    const path = withParameters(PATHS.story(mission, id), { cursor });
    const answer: StoryAnswer = await ask(path, { signal });
    events.push(...answer.events);
    cursor = answer.next_cursor;
    if (cursor === null || page >= pages) return { ...answer, events };
  }
}

function Told({ story, lanes, more }: {
  story: StoryAnswer;
  lanes: readonly LaneAnswer[];
  more: () => void;
}) {
  const chapters = chaptersOf(story.events);
  return (
    <article class="story">
      <StoryHead pack={story.package} story={story} lanes={lanes} />
      {story.next_cursor === null && (
        <TimeInLanes events={story.events} lanes={lanes} />
      )}
      <h3 class="story-part">
        What happened{" "}
        <span class="quiet number">
          {counted(story.package.events, "event")}
        </span>
      </h3>
      <ol class="chapters">
        {chapters.map((chapter) => (
          <Chapter
            key={chapter.event.position}
            chapter={chapter}
            lanes={lanes}
          />
        ))}
      </ol>
      {story.next_cursor !== null && (
        <p class="more">
          <button type="button" class="button" onClick={more}>
            Show more ({(story.package.events - story.events.length)
              .toLocaleString()} left)
          </button>
        </p>
      )}
    </article>
  );
}

function StoryHead({ pack, story, lanes }: {
  pack: PackageAnswer;
  story: StoryAnswer;
  lanes: readonly LaneAnswer[];
}) {
  return (
    <header class="story-head">
      <p class="card-id">
        <Text>{pack.id}</Text>
      </p>
      <h2 class="story-title">
        {pack.title ? <Text>{pack.title}</Text> : "No title"}
      </h2>
      <Facts>
        <Fact name="Lane">
          <LaneDot lanes={lanes} id={pack.lane} />{" "}
          <Text>{laneLabel(lanes, pack.lane)}</Text>
          {pack.lane_since && (
            <span class="quiet">
              for <Age since={pack.lane_since} />
            </span>
          )}
        </Fact>
        {pack.agent && (
          <Fact name="Agent">
            <Agent name={pack.agent} model={pack.model} />
          </Fact>
        )}
        {pack.subtasks > 0 && (
          <Fact name="Subtasks">{pack.subtasks_done} of {pack.subtasks}</Fact>
        )}
        <Fact name="Sent back">
          {pack.sent_back === 0 ? "never" : counted(pack.sent_back, "time")}
        </Fact>
        {pack.dependencies.length > 0 && (
          <Fact name="Depends on">
            <Dependencies pack={pack} mission={story.mission.key} />
          </Fact>
        )}
      </Facts>
      {pack.last_error && (
        <p class="story-error">
          <strong>Last error</strong>, <Moment at={pack.last_error.at} />:{" "}
          <Text>{pack.last_error.message}</Text>
        </p>
      )}
    </header>
  );
}

function Dependencies({ pack, mission }: {
  pack: PackageAnswer;
  mission: string;
}) {
  return (
    <ul class="dependencies">
      {pack.dependencies.map(({ id, is_met }) => (
        <li key={id}>
          <a href={addressWith({}, storyAddress(mission, id))}>
            <Text>{id}</Text>
          </a>
          <span class="quiet">{is_met ? " met" : " not met"}</span>
        </li>
      ))}
    </ul>
  );
}
