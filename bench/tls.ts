/**
 * What TLS costs a collector on the same machine, in turn with plain HTTP:
 *
 *     deno task bench:tls [--runs=N]
 *
 * @module
 */

import { newAuthority } from "../tests/support/authority.ts";
import {
  accessToken,
  type Collector,
  report,
  startCollector,
} from "./collector.ts";
import { median, runsAsked, sayWhere } from "./measure.ts";

/** How much of each is timed at once. */
const BATCHES = 20, BATCH_EVENTS = 1_000, REQUESTS = 300, CONNECTIONS = 50;

/** A collector, and who asks it. */
interface Side {
  readonly url: string;
  readonly token: string;
  /** A client that trusts it, with connections of its own. */
  readonly client: () => Deno.HttpClient;
}

const runs = runsAsked(5);
const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
let number = 0;
try {
  sayWhere(runs);
  await using authority = await newAuthority();
  const { certFile, keyFile } = await authority.issue();
  const ca = await Deno.readTextFile(authority.caFile);
  await using plain = await startCollector(`${folder}/plain`);
  await using secured = await startCollector(`${folder}/tls`, [
    ...["--tls-cert", certFile, "--tls-key", keyFile],
  ]);
  const sides = [await sideOf(plain, []), await sideOf(secured, [ca])];
  await compare(`batches of ${BATCH_EVENTS} events`, sides, sendBatches);
  await compare("requests on one connection", sides, askOften);
  await compare("connections, a request each", sides, connectOften);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function sideOf({ url }: Collector, caCerts: string[]): Promise<Side> {
  const client = () => Deno.createHttpClient({ caCerts });
  using own = client();
  return { url, token: await accessToken(url, own), client };
}

/** Times both sides in turn, and reports how much longer the second one takes. */
async function compare(
  what: string,
  sides: readonly Side[],
  work: (side: Side) => Promise<void>,
): Promise<void> {
  const times: number[][] = sides.map(() => []);
  for (let run = -1; run < runs; run++) {
    for (const [i, side] of sides.entries()) {
      const startedMs = performance.now();
      await work(side);
      if (run >= 0) times[i]!.push(performance.now() - startedMs);
    }
  }
  const [plain, tls] = times.map(median);
  report(
    `${what}: TLS / plain`,
    `${(tls! / plain!).toFixed(2)}x (${Math.round(tls!)} / ${
      Math.round(plain!)
    } ms)`,
  );
}

async function sendBatches({ url, token, client }: Side): Promise<void> {
  using own = client();
  for (let batch = 0; batch < BATCHES; batch++) {
    const events = Array.from(
      { length: BATCH_EVENTS },
      () => eventOf(++number),
    );
    const body = await new Response(
      new Blob([JSON.stringify({ events })]).stream()
        .pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    const response = await fetch(`${url}/api/v1/events/batch/`, {
      method: "POST",
      headers: {
        "authorization": `Bearer ${token}`,
        "content-type": "application/json",
        "content-encoding": "gzip",
      },
      body,
      client: own,
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
  }
}

async function askOften({ url, client }: Side): Promise<void> {
  using own = client();
  for (let i = 0; i < REQUESTS; i++) {
    await (await fetch(`${url}/healthz`, { client: own })).text();
  }
}

async function connectOften({ url, client }: Side): Promise<void> {
  for (let i = 0; i < CONNECTIONS; i++) {
    using own = client();
    await (await fetch(`${url}/healthz`, { client: own })).text();
  }
}

function eventOf(clock: number) {
  return {
    event_id: `01KH${`${clock}`.padStart(22, "0")}`,
    event_type: "HistoryAdded",
    aggregate_id: "WP01",
    aggregate_type: "WorkPackage",
    payload: {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: `what happened at ${clock}, in some words`,
    },
    timestamp: "2026-02-03T12:00:00.000Z",
    node_id: "0123456789ab",
    lamport_clock: clock,
    causation_id: null,
    team_slug: "acme",
  };
}
