/** The events of a window, and ways to more of them. */

import { useEffect, useRef } from "preact/hooks";
import { Empty } from "../../parts/empty.tsx";
import { counted } from "../../words.ts";
import { Days } from "./lines.tsx";
import { type EventStream, WAITING_MAX, type Window } from "./stream.ts";

/** All lines of a window. */
export function EventList({ stream, window, isStale, isFiltered }: {
  stream: EventStream;
  window: Window;
  isStale: boolean;
  isFiltered: boolean;
}) {
  const last = window.lines.at(-1);
  if (!last) return <Nothing isFiltered={isFiltered} />;
  return (
    <>
      {window.waiting.length > 0 && (
        <Waiting stream={stream} count={window.waiting.length} />
      )}
      {window.hasNewer && <Newer stream={stream} />}
      <Days lines={window.lines} isStale={isStale} />
      {window.hasOlder
        ? <Older stream={stream} last={last.position} />
        : <p class="quiet more">These are all: the first event is above.</p>}
    </>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered
    ? (
      <Empty title="No event fits the filter">
        <p>
          <a href="/events">Take the filter off</a>. What fits and comes from
          now on appears here.
        </p>
      </Empty>
    )
    : (
      <Empty title="No events yet">
        <p>
          They appear here as they come. Send those of a project with{" "}
          <code>kitty-events sync now</code>.
        </p>
      </Empty>
    );
}

/** Newer ones, of which a reader further down is told. */
function Waiting({ stream, count }: { stream: EventStream; count: number }) {
  const show = () => {
    stream.showWaiting();
    scrollTo(0, 0);
  };
  return (
    <p class="fresh">
      <button type="button" class="button primary pill" onClick={show}>
        {count >= WAITING_MAX
          ? `${WAITING_MAX} or more new events`
          : counted(count, "new event")}
      </button>
    </p>
  );
}

function Newer({ stream }: { stream: EventStream }) {
  return (
    <p class="more">
      <button type="button" class="button" onClick={() => stream.newer()}>
        Newer
      </button>{" "}
      <button type="button" class="button" onClick={() => stream.latest()}>
        Latest
      </button>
    </p>
  );
}

/** Loads older ones when it comes into sight, and when it is pressed. */
function Older({ stream, last }: { stream: EventStream; last: number }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) stream.older();
    }, { rootMargin: "600px" });
    seen.observe(button.current!);
    return () => seen.disconnect();
  }, [stream, last]);
  return (
    <p class="more">
      <button
        ref={button}
        type="button"
        class="button"
        onClick={() => stream.older()}
      >
        Older
      </button>
    </p>
  );
}
