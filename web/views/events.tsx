/** The team's events, as they come. */

import { useEffect, useMemo } from "preact/hooks";
import { PATHS, withParameters } from "../api.ts";
import { dayEnd, dayStart, momentOf } from "../days.ts";
import { onNews } from "../live.ts";
import { Loading, Trouble } from "../parts/empty.tsx";
import { FilterForm, TextFilter } from "../parts/filters.tsx";
import { MissionFilter } from "../parts/mission_filter.tsx";
import { useLast } from "../parts/last.ts";
import { useTitle } from "../parts/title.ts";
import { addressWith, go, place } from "../router.ts";
import { OneEvent } from "./events/one_event.tsx";
import { EventStream, type LineFilter, type Window } from "./events/stream.ts";
import { EventList } from "./events/list.tsx";

/** A reader who has scrolled this far reads older lines. */
const TOP_PX = 120;

/** The live list of events, and the event that is open. */
export function Events() {
  useTitle("Events");
  const { query } = place.value;
  const filter = filterOf(query);
  const key = withParameters("", filter);
  const stream = useStream(filter, key);
  const { shown: value, isStale } = useLast(
    stream.window.value,
    stream.problem.value !== null,
  );
  const open = query.get("event");
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Events</h1>
        <a
          class="button view-action"
          href={withParameters(PATHS.export, filter)}
          download="events.ndjson"
        >
          Export NDJSON
        </a>
        <Filters window={value} />
      </div>
      {value
        ? (
          <EventList
            stream={stream}
            window={value}
            isStale={isStale}
            isFiltered={key !== ""}
          />
        )
        : stream.problem.value
        ? <Trouble problem={stream.problem.value} what="list of events" />
        : <Loading />}
      {open !== null && (
        <OneEvent
          key={open}
          position={Number(open)}
          close={() => leaveEvent(open)}
        />
      )}
    </>
  );
}

function useStream(filter: LineFilter, key: string): EventStream {
  const stream = useMemo(
    () => new EventStream(filter, () => scrollY < TOP_PX),
    [key],
  );
  useEffect(() => {
    const leave = onNews(({ position, isGap }) => stream.hear(position, isGap));
    return () => {
      leave();
      stream.stop();
    };
  }, [stream]);
  return stream;
}

function leaveEvent(position: string): void {
  go(addressWith({ event: null }));
  const line = `[data-event="${CSS.escape(position)}"]`;
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(line)?.focus()
  );
}

/** The filter of an address. Days are the reader's, the server takes times. */
function filterOf(query: URLSearchParams): LineFilter {
  const names = ["mission", "package", "type", "actor", "node", "text"];
  return {
    ...Object.fromEntries(names.map((name) => [name, query.get(name)])),
    from: momentOf(dayStart(query.get("from"))),
    to: momentOf(dayEnd(query.get("to"))),
  };
}

function Filters({ window }: { window: Window | null }) {
  const lines = window?.lines ?? [];
  const offers = (pick: (line: typeof lines[number]) => string | null) =>
    [...new Set(lines.flatMap((line) => pick(line) ?? []))].sort().slice(0, 50);
  return (
    <FilterForm>
      <MissionFilter />
      <TextFilter name="package" label="Package" placeholder="WP01" />
      <TextFilter name="type" label="Type" list="types" placeholder="All" />
      <TextFilter name="actor" label="Actor" list="actors" placeholder="All" />
      <TextFilter name="node" label="Node" list="nodes" placeholder="All" />
      <TextFilter name="from" label="From" type="date" />
      <TextFilter name="to" label="To" type="date" />
      <TextFilter name="text" label="Find" placeholder="In names" />
      <Offers id="types" values={offers(({ type }) => type)} />
      <Offers id="actors" values={offers(({ actor }) => actor)} />
      <Offers id="nodes" values={offers(({ node }) => node)} />
    </FilterForm>
  );
}

function Offers({ id, values }: { id: string; values: readonly string[] }) {
  return (
    <datalist id={id}>
      {values.map((value) => <option key={value} value={value} />)}
    </datalist>
  );
}
