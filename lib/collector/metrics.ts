/**
 * Counters in the text form of Prometheus. They name no team and no user:
 * those who watch the machine's health need not know who works on what. Sinks
 * have the names that the keeper gave them.
 *
 * @module
 */

import type { Completeness } from "./events/nodes.ts";

/** What is counted since the start. */
export class Metrics {
  readonly #events = new Map([
    ["accepted", 0],
    ["duplicate", 0],
    ["rejected", 0],
  ]);
  readonly #requests = new Map<number, number>();
  readonly #logins = new Map([["good", 0], ["bad", 0], ["slowed", 0]]);
  readonly #openSockets: () => number;
  #droppedSockets = 0;

  /** @param openSockets counts the sockets that are open now */
  constructor(openSockets: () => number) {
    this.#openSockets = openSockets;
  }

  /** One event with its result. */
  events(status: string): void {
    count(this.#events, status);
  }

  /** One request with the status of its answer. */
  request(status: number): void {
    count(this.#requests, status);
  }

  /** One password that was looked at. */
  login(isGood: boolean): void {
    count(this.#logins, isGood ? "good" : "bad");
  }

  /** One login that was told to wait, its password not looked at. */
  slowedLogin(): void {
    count(this.#logins, "slowed");
  }

  /** A socket that was closed because its peer did not keep up. */
  dropped(): void {
    this.#droppedSockets++;
  }

  /** All counters, how complete the events of all nodes are, and what else is known. */
  text(complete: Completeness, more: readonly Family[] = []): string {
    return [
      ...family(
        "events_total",
        "counter",
        "Events by result.",
        [
          ...this.#events,
        ].map(([status, n]) => [`status="${status}"`, n]),
      ),
      ...family(
        "http_requests_total",
        "counter",
        "Requests by status.",
        [
          ...this.#requests,
        ].map(([status, n]) => [`status="${status}"`, n]),
      ),
      ...family(
        "logins_total",
        "counter",
        "Logins by outcome.",
        [
          ...this.#logins,
        ].map(([outcome, n]) => [`outcome="${outcome}"`, n]),
      ),
      ...family("sockets_open", "gauge", "WebSockets open now.", [
        ["", this.#openSockets()],
      ]),
      ...family(
        "sockets_dropped_total",
        "counter",
        "WebSockets closed because the peer was silent or too slow.",
        [["", this.#droppedSockets]],
      ),
      ...gauge("nodes", "Nodes that events are of.", complete.nodes),
      ...gauge(
        "nodes_incomplete",
        "Nodes of which events are missing, or that do not tell how many there are.",
        complete.incomplete,
      ),
      ...gauge(
        "events_missing",
        "Events that nodes have recorded, and that are not here.",
        complete.missing,
      ),
      ...gauge(
        "events_missing_for_good",
        "Those of them that are known never to come.",
        complete.never,
      ),
      ...more.flatMap(linesOf),
    ].join("\n") + "\n";
  }
}

/** Values of one kind, each with its labels. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [
    labels: Readonly<Record<string, string>>,
    value: number,
  ])[];
}

function linesOf({ name, help, samples }: Family): string[] {
  const values = samples.map(([labels, value]) =>
    [labelsOf(labels), value] as const
  );
  return family(name, "gauge", help, values);
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`
  ).join(",");
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function gauge(name: string, help: string, value: number): string[] {
  return family(name, "gauge", help, [["", value]]);
}

function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string[] {
  const full = `kitty_collector_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...samples.map(([labels, value]) =>
      `${full}${labels && `{${labels}}`} ${value}`
    ),
  ];
}
