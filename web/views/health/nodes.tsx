/** The nodes that send, and whether all of theirs has come. */

import type { NodeHealth } from "../../../lib/board/answers.ts";
import { Empty } from "../../parts/empty.tsx";
import { Text } from "../../parts/text.tsx";
import { Age, Moment } from "../../parts/time.tsx";
import { exactTime, precise } from "../../times.ts";

/** How complete the events of a node are, as `GET /api/v1/nodes/` says; null where that is not known. */
export interface Completeness {
  readonly node_id: string;
  readonly events: number;
  /** By its own word. */
  readonly recorded: number | null;
  readonly recorded_highest_clock: number | null;
  readonly missing: number | null;
  /** When its last event was stored; null where nobody noted it. */
  readonly last_seen?: string | null;
  /** Of what is missing, what will never come. */
  readonly never: number | null;
  readonly complete_up_to: number | null;
  readonly told_at: string | null;
}

/** A node by its events, by its own word, or both. */
interface Row {
  readonly node: string;
  readonly health: NodeHealth | undefined;
  readonly word: Completeness | undefined;
}

function rowsOf(
  nodes: readonly NodeHealth[],
  words: readonly Completeness[],
): Row[] {
  const byNode = new Map(nodes.map((each) => [each.node, each]));
  const byWord = new Map(words.map((each) => [each.node_id, each]));
  return [...new Set([...byNode.keys(), ...byWord.keys()])].map((node) => ({
    node,
    health: byNode.get(node),
    word: byWord.get(node),
  }));
}

/** A table of all nodes, those that have only told of themselves included. */
export function Nodes({ nodes, words }: {
  nodes: readonly NodeHealth[];
  words: readonly Completeness[];
}) {
  const rows = rowsOf(nodes, words);
  return (
    <section class="panel" aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <p class="sentence">
        A node is a machine and user that record events. With each batch it says
        how many it has recorded, and how many of them will never come: dead
        letters, and what was dropped. Counts are compared.
      </p>
      {rows.length === 0
        ? (
          <Empty title="No node has sent anything" heading="h3">
            <p>
              Run <code>kitty-events doctor</code> where events are recorded:
              {" "}
              it says what is in the way.
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
            <NodeTable rows={rows} />
          </div>
        )}
    </section>
  );
}

function NodeTable({ rows }: { rows: readonly Row[] }) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Node</th>
          <th scope="col">Complete</th>
          <th scope="col" class="right">Events</th>
          <th scope="col" class="right">Recorded</th>
          <th scope="col" class="right">Highest clock</th>
          <th scope="col">Latest event</th>
          <th scope="col">Last seen</th>
          <th scope="col" class="right">Delay</th>
        </tr>
      </thead>
      <tbody>{rows.map((row) => <NodeRow key={row.node} row={row} />)}</tbody>
    </table>
  );
}

function NodeRow({ row: { node, health, word } }: { row: Row }) {
  const seenAt = health?.seen_at ?? word?.last_seen;
  return (
    <tr>
      <th scope="row">
        <code>
          <Text>{node}</Text>
        </code>
      </th>
      <td>
        <Complete word={word} />
      </td>
      <Count value={health?.events ?? word?.events} />
      <Count value={word?.recorded} />
      <Count value={health?.highest_clock ?? word?.recorded_highest_clock} />
      <td>{health ? <Moment at={health.latest_at} /> : <None />}</td>
      <td>
        {seenAt ? <Age since={seenAt} suffix="ago" /> : <None />}
      </td>
      <td
        class="number right"
        title="Median time between happening and arriving"
      >
        {typeof health?.delay_ms === "number"
          ? precise(health.delay_ms)
          : <None />}
      </td>
    </tr>
  );
}

function Count({ value }: { value: number | null | undefined }) {
  return (
    <td class="number right">
      {typeof value === "number" ? value.toLocaleString() : <None />}
    </td>
  );
}

const None = () => <span class="quiet">–</span>;

function Complete({ word }: { word: Completeness | undefined }) {
  const { missing = null, never = null, complete_up_to = null } = word ?? {};
  const told = word?.told_at ? `By its word of ${exactTime(word.told_at)}` : "";
  if (missing !== null && missing > 0) {
    return (
      <span class="state bad" title={told}>
        {missing.toLocaleString()} missing
        {never !== null && never > 0 &&
          `, ${never.toLocaleString()} of which never come`}
      </span>
    );
  }
  if (complete_up_to === null) return <span class="quiet">not known</span>;
  return (
    <span class="state good" title={told}>
      up to clock {complete_up_to.toLocaleString()}
    </span>
  );
}
