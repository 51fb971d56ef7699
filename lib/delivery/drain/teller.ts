/**
 * What a home tells a server of its own events: how many it has recorded, and
 * how many of them will never come. The server cannot know what it has not got.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { digestOf } from "../../base/digest.ts";
import { WATERMARK_BYTES_MAX } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import type { Home } from "../../home/home.ts";
import {
  countOwn,
  isCountable,
  type NodeWord,
  wordsFor,
} from "../../home/own_counts.ts";
import type { Destination, Ledger } from "../../home/queue.ts";
import type { Session } from "../../login/session.ts";
import type { Sent, Transport, WireEvent } from "../transport/transport.ts";
import { holdForDrain } from "./settle.ts";

/** What is told, and a checksum of its counts. */
interface Word {
  readonly text: string;
  readonly sum: string;
}

/** What a server was told. */
export interface ToldNow {
  readonly listener: string;
  /** A checksum of the counts. */
  readonly told: string;
}

/** Where a session's events go; undefined where no team is known to send for. */
export function destinationOf(session: Session): Destination | undefined {
  const { serverUrl, teamSlug: team } = session;
  return team === undefined ? undefined : { server: serverUrl.href, team };
}

/** What is told of a ledger; undefined where its counts are not known, or there is nobody to tell. */
function wordOf(
  { own }: Ledger,
  session: Session,
  world: Pick<World, "nowMs">,
): Word | undefined {
  const destination = destinationOf(session);
  if (!own || !destination || session.sink) return undefined;
  const { home, nodes } = wordsFor(own, destination);
  if (nodes.length === 0) return undefined;
  const text = inAscii(JSON.stringify({
    home,
    turn: own.turn,
    told_at: new Date(world.nowMs()).toISOString(),
    team_slug: destination.team,
    nodes,
  }));
  // In a header it has to be short: rather nothing than a part.
  return text.length > WATERMARK_BYTES_MAX
    ? undefined
    : { text, sum: sumOf(home, nodes) };
}

function sumOf(home: string, nodes: readonly NodeWord[]): string {
  const text = JSON.stringify([home, nodes]);
  return digestOf(text.length, (i) => text.charCodeAt(i));
}

/** JSON in which all but ASCII is escaped, as a header has to be. */
function inAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Counts once what lies in a queue that an older program has filled. */
export async function countOnce(home: Home): Promise<void> {
  const ledger = await home.reader?.readLedger();
  if (!ledger || !isCountable(ledger)) return;
  await holdForDrain(home, async ({ queue }) => {
    if (!isCountable(queue.ledger)) return;
    const newHome = () => home.world.randomBytes(8).toHex();
    const own = await countOwn(queue, queue.ledger, newHome);
    if (own) queue.note({ own });
    await queue.touch();
  });
}

/** What is told on a connection at any time. */
export function watermarkOf(
  home: Home,
  session: Session,
): Promise<string | undefined> {
  return holdForDrain(
    home,
    ({ queue }) =>
      Promise.resolve(wordOf(queue.ledger, session, home.world)?.text),
  );
}

/** Tells a server with each sending of one drain, and once more after it where anything has changed by then. */
export class Teller {
  readonly #home: Home;
  readonly #session: Session;
  /** Of what the server was last told. */
  #sum: string | undefined;
  #isHeard = false;

  constructor(home: Home, session: Session) {
    this.#home = home;
    this.#session = session;
  }

  /** A transport that tells with each sending. */
  telling(transport: Transport): Transport {
    return {
      eventsMax: transport.eventsMax,
      bytesMax: transport.bytesMax,
      send: async (
        events: readonly WireEvent[],
        deadline: Deadline,
      ): Promise<Sent> => {
        // Read after the events were: it counts all of them.
        const word = await this.#word();
        const sent = await transport.send(events, deadline, word?.text);
        if (word && sent.kind === "answered") {
          this.#sum = word.sum;
          this.#isHeard = sent.isHeard === true;
        }
        return sent;
      },
    };
  }

  async #word(): Promise<Word | undefined> {
    const ledger = await this.#home.reader?.readLedger();
    return ledger && wordOf(ledger, this.#session, this.#home.world);
  }

  /**
   * Tells once more where the counts are others now than when the server was
   * last told: an answer may have made dead letters, a person may have dropped
   * events. Asks no server for it that does not listen.
   *
   * @returns the listener, and what to remember as told to it
   */
  async conclude(
    transports: readonly Transport[],
    deadline: Deadline,
  ): Promise<ToldNow | undefined> {
    const ledger = await this.#home.reader?.readLedger();
    const word = ledger && wordOf(ledger, this.#session, this.#home.world);
    if (!ledger || !word) return undefined;
    const listener = this.#session.serverUrl.href;
    const isKnown = ledger.own?.listener === listener;
    const isListening = this.#isHeard || isKnown;
    if (word.sum !== (this.#sum ?? (isKnown ? ledger.told : undefined))) {
      if (!await tellBy(transports, word.text, deadline, isListening)) {
        return undefined;
      }
    }
    return isListening ? { listener, told: word.sum } : undefined;
  }
}

/** Tells by the first of some ways that works. */
async function tellBy(
  transports: readonly Transport[],
  word: string,
  deadline: Deadline,
  isListening: boolean,
): Promise<boolean> {
  for (const transport of transports) {
    if (await transport.tell?.(word, deadline, isListening)) return true;
  }
  return false;
}
