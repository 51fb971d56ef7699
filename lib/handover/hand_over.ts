/**
 * Handing drafts over to an agent elsewhere, for homes that go with their
 * container. A draft has its id before it is sent, so that it can be sent
 * again: the agent knows it then. What the agent does not take in time stays
 * here, in the spool, and goes first the next time.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX } from "../base/limits.ts";
import { refusedAgent } from "../base/rights.ts";
import type { World } from "../base/world.ts";
import type { RenderedDraft } from "../event/event.ts";
import type { Receipt } from "../event/receipt.ts";
import type { Home } from "../home/home.ts";
import type { Candidate } from "../home/record.ts";
import { Spool } from "../home/spool.ts";
import { AGENT_PATHS } from "../route/agent_file.ts";
import { type AgentAddress, readAgentAddress } from "./agent_address.ts";
import { AgentLine, NoAgentError } from "./agent_line.ts";
import type { Trust } from "../login/http_client.ts";
import { PLAIN } from "../login/server_url.ts";
import { readAgentTokens } from "./agent_tokens.ts";
import { type AgentHealth, healthIn, type Word, wordsIn } from "./words.ts";

/** What became of a draft that was to be handed over. */
export type HandedOver =
  | { readonly kind: "handed"; readonly receipt: Receipt }
  | { readonly kind: "behind"; readonly older: number }
  | { readonly kind: "failed"; readonly error: unknown };

/** Options of one hand-over. */
export interface HandOverOptions {
  /** Have the agent wait for the server's acknowledgement, for as long as there is time. */
  readonly wait?: boolean;
  /** Try an agent that is away again for as long as there is time. */
  readonly isPatient?: boolean;
  /** Takes what a person should know of the spool. */
  readonly warn?: (text: string) => void;
}

/** How long an agent that does not answer, as one that starts anew, is tried again where nobody waits for more. */
const RETRY_MS_MAX = 500;

/** The first pause between two tries; it doubles with each. */
const RETRY_PAUSE_MS = 25;

/** Types of bodies with one draft, and with many. */
const ONE = "application/json", MANY = "application/x-ndjson";

/** Share of the time left that the agent may take for its own part. */
const AGENT_TIME_SHARE = 0.9;

/** What of the machine this takes. */
type HandOverWorld = Pick<World, "env" | "elapsedMs" | "withstand">;

/** Hands drafts over to the agent that the environment names. */
export class HandOver implements Disposable {
  readonly #world: HandOverWorld;
  #line: AgentLine | undefined;
  /** What waits in the spool, if it is looked up already. */
  #spooled: Promise<string[]> | undefined;
  #problem: KittyError | undefined;

  private constructor(
    world: HandOverWorld,
    line: AgentLine | undefined,
    problem?: KittyError,
  ) {
    this.#world = world;
    this.#line = line;
    this.#problem = problem;
  }

  /** An address that cannot be used is a problem, and each draft is spooled. */
  static open(
    world: HandOverWorld,
    url: string,
  ): HandOver {
    try {
      const address = readAgentAddress(url);
      const refusal = refusedAgent(address);
      if (refusal) throw refusal;
      return new HandOver(world, new AgentLine(address));
    } catch (error) {
      if (!(error instanceof KittyError)) throw error;
      return new HandOver(world, undefined, error);
    }
  }

  /** Begins with what the first draft will wait for, while it is still being made. */
  prepare(homePath: string | undefined): void {
    this.#line?.connectAhead();
    if (homePath === undefined) return;
    this.#spooled = new Spool(homePath).names();
    this.#spooled.catch(() => {});
  }

  /** Goes by the settings: whom to trust, and whether others may read what is sent. To be called before anything is. */
  trust({ caFile, insecureHttp }: Trust): void {
    const line = this.#line;
    if (!line) return;
    line.caFile = caFile;
    const { isOpen, text } = line.address;
    if (!isOpen || insecureHttp) return;
    line[Symbol.dispose]();
    this.#line = undefined;
    this.#problem = new KittyError(
      "bad_server_url",
      `SPEC_KITTY_AGENT_URL "${text}" is plain http, which is only for agents on this machine`,
      { hint: PLAIN },
    );
  }

  /** Why nothing can be handed over; undefined where it can. */
  get problem(): KittyError | undefined {
    return this.#problem;
  }

  /** Where the agent is; undefined where that cannot be told. */
  get address(): AgentAddress | undefined {
    return this.#line?.address;
  }

  /**
   * Hands drafts over in their order, behind those that wait in the spool.
   * Resolves by the deadline, and never rejects.
   *
   * @param home where drafts wait; undefined where the user has none
   */
  async take(
    home: Home | undefined,
    candidates: readonly Candidate[],
    by: Deadline,
    options: HandOverOptions = {},
  ): Promise<HandedOver[]> {
    try {
      const older = home ? await this.takeSpool(home, by, options) : 0;
      if (older > 0) return candidates.map(() => ({ kind: "behind", older }));
      const drafts = candidates.map(({ draft }) => draft);
      const areNew = candidates.every(({ mayExist }) => !mayExist);
      const words = await this.hand(drafts, by, { ...options, areNew });
      return words.map((word): HandedOver =>
        word.kind === "settled"
          ? { kind: "handed", receipt: word.receipt }
          : { kind: "failed", error: this.#errorOf(word) }
      );
    } catch (error) {
      return candidates.map(() => ({ kind: "failed", error }));
    } finally {
      // What is not handed over is spooled.
      this.#world.withstand?.();
    }
  }

  /**
   * Hands over what waits in a home's spool.
   *
   * @returns how many drafts wait there still, where the time was up
   * @throws {Error} where the agent does not take them; the message says why
   */
  async takeSpool(
    home: Home,
    by: Deadline,
    options: HandOverOptions = {},
  ): Promise<number> {
    const looking = this.#spooled ?? home.spool.names();
    this.#spooled = undefined;
    const names = await by.race(looking.catch(() => []), "look at the spool");
    if (names.length === 0) return 0;
    // What is no draft is set aside, with a file that says why.
    this.#world.withstand?.();
    // Loaded only here: the spool is mostly empty.
    const { handSpooled } = await import("./spooled.ts");
    const hand = async (drafts: readonly RenderedDraft[]) => {
      const { isPatient = false } = options;
      const words = await this.hand(drafts, by, { isPatient });
      const trouble = words.find(({ kind }) => kind === "open");
      return { words, trouble: trouble && this.#errorOf(trouble) };
    };
    return await handSpooled(home, names, by, hand, options.warn);
  }

  /**
   * Hands drafts over; a word for each.
   *
   * @param options `areNew`: their ids were made just now, and nobody can know them
   */
  async hand(
    drafts: readonly RenderedDraft[],
    by: Deadline,
    options: HandOverOptions & { areNew?: boolean } = {},
  ): Promise<Word[]> {
    const tryUntil = options.wait || options.isPatient
      ? by
      : Deadline.in(this.#world.elapsedMs, RETRY_MS_MAX);
    const words: Word[] = [];
    for (const part of partsOf(drafts)) {
      const last = words.at(-1);
      words.push(
        ...last?.kind === "open"
          // What comes later must not overtake it.
          ? part.map(() => last)
          : await this.#handPart(part, by, tryUntil, options),
      );
    }
    return words;
  }

  async #handPart(
    drafts: readonly RenderedDraft[],
    by: Deadline,
    tryUntil: Deadline,
    { wait = false, areNew = false }: HandOverOptions & { areNew?: boolean },
  ): Promise<Word[]> {
    for (let pauseMs = RETRY_PAUSE_MS;; pauseMs *= 2) {
      const isFirst = pauseMs === RETRY_PAUSE_MS;
      const words = await this.#try(drafts, by, wait, areNew && isFirst);
      const first = words.findIndex(({ kind }) => kind === "open");
      const word = words[first];
      if (word?.kind !== "open") return words;
      const leftMs = Math.min(by.leftMs, tryUntil.leftMs);
      if (!word.mayPass || leftMs <= pauseMs) {
        // What came later than one that is open may be at the agent, and is handed over again.
        return [
          ...words.slice(0, first),
          ...drafts.slice(first).map(() => word),
        ];
      }
      await pause(pauseMs);
    }
  }

  async #try(
    drafts: readonly RenderedDraft[],
    by: Deadline,
    wait: boolean,
    areNew: boolean,
  ): Promise<Word[]> {
    const line = this.#line;
    try {
      if (!line) throw this.#problem;
      by.check("hand it over");
      const [token] = await by.race(readAgentTokens(this.#world), "read it");
      // By hand: nothing in it wants escaping, and URLSearchParams is work to begin with.
      const query = [
        `timeout_ms=${Math.ceil(by.leftMs * AGENT_TIME_SHARE)}`,
        ...areNew ? ["ids=new"] : [],
        ...wait ? ["wait=server"] : [],
      ].join("&");
      const answer = await line.ask({
        method: "POST",
        path: `${AGENT_PATHS.events}?${query}`,
        token,
        // A stream takes the agent longer: more may come.
        contentType: drafts.length === 1 ? ONE : MANY,
        body: drafts.map(({ draft }) => JSON.stringify(draft)).join("\n"),
        by,
        onSent: () => this.#world.withstand?.(),
      });
      return wordsIn(answer, drafts, line.address.text);
    } catch (error) {
      const word = openWord(error);
      return drafts.map(() => word);
    }
  }

  /**
   * Asks the agent how it is.
   *
   * @throws {Error} where it does not answer as one; the message says why
   */
  async look(by: Deadline): Promise<AgentHealth> {
    const line = this.#line;
    if (!line) throw this.#problem;
    const [token] = await by.race(readAgentTokens(this.#world), "read it");
    const path = AGENT_PATHS.health;
    const answer = await line.ask({ method: "GET", path, token, by })
      .catch((error) => {
        throw this.#errorOf(openWord(error));
      });
    const health = healthIn(answer);
    if ("why" in health) throw this.#errorOf({ kind: "open", ...health });
    return health;
  }

  #errorOf(word: { readonly kind: string; readonly why?: string }): Error {
    const who = this.#line && `the agent at ${this.#line.address.text} `;
    return new NoAgentError(`${who ?? ""}${word.why ?? ""}`);
  }

  [Symbol.dispose](): void {
    this.#line?.[Symbol.dispose]();
  }
}

function openWord(error: unknown): Word {
  const isAgent = error instanceof NoAgentError;
  return {
    kind: "open",
    why: isAgent ? error.message : `was not asked: ${reasonOf(error)}`,
    mayPass: isAgent && error.mayPass,
  };
}

/** Drafts as a request takes them: few enough that some are answered where there is no time for all. */
function partsOf(
  drafts: readonly RenderedDraft[],
): (readonly RenderedDraft[])[] {
  if (drafts.length <= 1) return [drafts];
  const parts: RenderedDraft[][] = [];
  let bytes = Infinity;
  for (const draft of drafts) {
    const { length } = draft.stamp(draft.clockMax).bytes;
    const part = parts.at(-1);
    if (
      !part || part.length >= COMMIT_EVENTS_MAX ||
      bytes + length > COMMIT_BYTES_MAX
    ) {
      parts.push([draft]);
      bytes = length;
    } else {
      part.push(draft);
      bytes += length;
    }
  }
  return parts;
}
