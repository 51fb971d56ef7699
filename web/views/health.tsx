/** The nodes that send, whether all of theirs has come, and what was refused. */

import type {
  HealthAnswer,
  NodeHealth,
  RefusedAnswer,
} from "../../lib/board/answers.ts";
import { PATHS } from "../api.ts";
import { useKept } from "../kept.ts";
import { Empty, Loading, Trouble } from "../parts/empty.tsx";
import { Text } from "../parts/text.tsx";
import { Age, Moment } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { ask } from "../session.ts";
import { precise } from "../times.ts";
import { counted } from "../words.ts";

/** How complete the events of a node are; null where that is not known. */
interface Completeness {
  readonly node_id: string;
  readonly missing: number | null;
  readonly never: number | null;
  readonly complete_up_to: number | null;
}

interface Shown extends HealthAnswer {
  readonly completeness: ReadonlyMap<string, Completeness>;
}

/** The health of what is sent. */
export function Health() {
  useTitle("Health");
  const { answer, problem } = useKept<Shown>(PATHS.health, () => ({
    load: (_, signal) => load(signal),
    concerns: () => true,
    paceMs: 1_000,
  }));
  const { value } = answer;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Health</h1>
        {value && (
          <p class="quiet view-count">
            {counted(value.position, "event")} stored
          </p>
        )}
      </div>
      {value
        ? (
          <>
            <Nodes shown={value} />
            <Refused refused={value.refused} />
          </>
        )
        : problem.value
        ? <Trouble problem={problem.value} what="health of the nodes" />
        : <Loading />}
    </>
  );
}

async function load(signal: AbortSignal): Promise<Shown> {
  const [health, nodes] = await Promise.all([
    ask<HealthAnswer>(PATHS.health, { signal }),
    // Older servers do not know how complete their events are.
    ask<{ nodes: Completeness[] }>(PATHS.nodes, { signal }).catch(() => null),
  ]);
  const completeness = new Map(
    nodes?.nodes.map((node) => [node.node_id, node]),
  );
  return { ...health, completeness };
}

function Nodes({ shown: { nodes, completeness } }: { shown: Shown }) {
  return (
    <section class="panel" aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <p class="sentence">
        A node is a machine and user that record events. Whether all of its
        events have come is what it says itself with each batch.
      </p>
      {nodes.length === 0
        ? (
          <Empty title="No node has sent anything" heading="h3">
            <p>
              Run <code>kitty-events doctor</code>{" "}
              where events are recorded: it says what is in the way.
            </p>
          </Empty>
        )
        : (
          <div
            class="table-place"
            tabIndex={0}
            role="region"
            aria-label="Table of nodes"
          >
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">Node</th>
                  <th scope="col">Complete</th>
                  <th scope="col" class="right">Events</th>
                  <th scope="col" class="right">Highest clock</th>
                  <th scope="col">Latest event</th>
                  <th scope="col">Last seen</th>
                  <th scope="col" class="right">Delay</th>
                </tr>
              </thead>
              <tbody>
                {nodes.map((node) => (
                  <NodeRow
                    key={node.node}
                    node={node}
                    completeness={completeness.get(node.node)}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
    </section>
  );
}

function NodeRow({ node, completeness }: {
  node: NodeHealth;
  completeness: Completeness | undefined;
}) {
  return (
    <tr>
      <th scope="row">
        <code>
          <Text>{node.node}</Text>
        </code>
      </th>
      <td>
        <Complete completeness={completeness} />
      </td>
      <td class="number right">{node.events.toLocaleString()}</td>
      <td class="number right">{node.highest_clock.toLocaleString()}</td>
      <td>
        <Moment at={node.latest_at} />
      </td>
      <td>
        {node.seen_at
          ? <Age since={node.seen_at} suffix="ago" />
          : <span class="quiet">not since the start</span>}
      </td>
      <td
        class="number right"
        title="Median time between happening and arriving"
      >
        {node.delay_ms === null
          ? <span class="quiet">–</span>
          : precise(node.delay_ms)}
      </td>
    </tr>
  );
}

function Complete(
  { completeness }: { completeness: Completeness | undefined },
) {
  if (!completeness) return <span class="quiet">not known</span>;
  const { missing, never, complete_up_to } = completeness;
  if (missing !== null && missing > 0) {
    return (
      <span class="state bad">
        {missing.toLocaleString()} missing
        {never !== null && never > 0 &&
          `, ${never.toLocaleString()} of which never come`}
      </span>
    );
  }
  if (complete_up_to !== null) {
    return (
      <span class="state good">
        up to clock {complete_up_to.toLocaleString()}
      </span>
    );
  }
  return <span class="quiet">not known</span>;
}

function Refused({ refused }: { refused: readonly RefusedAnswer[] }) {
  return (
    <section class="panel" aria-labelledby="refused">
      <h2 id="refused">Refused events</h2>
      <p class="sentence">
        The newest first, since the collector started. Their senders keep them
        as dead letters: <code>kitty-events dead list</code>.
      </p>
      {refused.length === 0
        ? <Empty title="No event was refused" heading="h3" />
        : (
          <div
            class="table-place"
            tabIndex={0}
            role="region"
            aria-label="Table of refused events"
          >
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Event</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {refused.map(({ at, id, reason }, i) => (
                  <tr key={i}>
                    <td>
                      <Moment at={at} />
                    </td>
                    <td>
                      <code>
                        <Text>{id}</Text>
                      </code>
                    </td>
                    <td class="reason">
                      <Text>{reason}</Text>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </section>
  );
}
