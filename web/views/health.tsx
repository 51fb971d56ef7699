/** The nodes that send, whether all of theirs has come, and what was refused. */

import type { HealthAnswer, RefusedAnswer } from "../../lib/board/answers.ts";
import { PATHS } from "../api.ts";
import { useKept } from "../kept.ts";
import { Empty, Loading, Trouble } from "../parts/empty.tsx";
import { Text } from "../parts/text.tsx";
import { Moment } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { ask } from "../session.ts";
import { counted } from "../words.ts";
import { type Completeness, Nodes } from "./health/nodes.tsx";

interface Shown extends HealthAnswer {
  readonly words: readonly Completeness[];
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
            <Nodes nodes={value.nodes} words={value.words} />
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
  return { ...health, words: nodes?.nodes ?? [] };
}

function Refused({ refused }: { refused: readonly RefusedAnswer[] }) {
  return (
    <section class="panel" aria-labelledby="refused">
      <h2 id="refused">Refused events</h2>
      <p class="sentence">
        The newest first, since the collector started. Their senders keep them
        as dead letters: <code>kitty-events queue dead list</code>.
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
