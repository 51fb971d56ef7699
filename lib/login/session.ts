/**
 * Access to one server as one user: good tokens, renewed when they end.
 *
 * Any number of processes share one login. They renew it one at a time, and
 * each reads it again first, so that a refresh token is used by one of them
 * only: a server takes its second use for theft.
 *
 * @module
 */

import { sha256Hex } from "../base/digest.ts";
import type { Trust } from "./http_client.ts";
import { LOCAL_TEAM, type SinkFormat } from "../base/config.ts";
import { Deadline } from "../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import { CREDENTIALS_HELD_MS_MAX, EXPIRY_LEEWAY_MS } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import {
  type Evidence,
  evidenceOf,
  type KeyWord,
  type Login,
  type LoginStore,
  refusalEvidence,
} from "./login.ts";
import {
  isKey,
  type Issued,
  REFUSED,
  requestCaller,
  requestSocketToken,
  requestTokens,
  saysOnlyLook,
  ServerTroubleError,
  type Tokens,
} from "./tokens.ts";

export { NotAuthenticatedError } from "./login.ts";
export { ServerTroubleError } from "./tokens.ts";

/** An endpoint that takes CloudEvents over HTTP. */
export interface Sink {
  readonly url: URL;
  /** Bearer token; none where it asks for none. */
  readonly token: string | undefined;
  readonly format: SinkFormat;
}

const KEY_SUM_DIGITS = 16;

/** Access to one server, as one user. Made by `openSession`. */
export class Session {
  readonly serverUrl: URL;
  readonly trust: Trust;
  /**
   * What the line to the server carried when it was last used, in bytes. A
   * drain begins with that, since one of an agent ends with the first small
   * batch that is not answered in time.
   */
  lineBytesMax = Infinity;
  /** Set where events go to a sink of CloudEvents, and no one is logged in. */
  readonly sink: Sink | undefined;
  readonly #store: LoginStore;
  readonly #world: Pick<World, "nowMs" | "elapsedMs">;
  readonly #configuredTeam: string | undefined;
  readonly #isFromEnvironment: boolean;
  /** When the server last gave or took a token, as far as known. */
  #confirmedAtMs: number | undefined;
  /** As last read. */
  #login: Login;
  #learnedTeam: string | undefined;
  /** What the server said of the key to an earlier process. */
  #recalled: KeyWord = {};

  constructor(parts: {
    readonly serverUrl: URL;
    readonly store: LoginStore;
    readonly login: Login;
    readonly configuredTeam: string | undefined;
    readonly trust?: Trust;
    /** When the server gave the tokens; undefined: they are the environment's, and not known to any server. */
    readonly confirmedAtMs?: number | undefined;
    readonly isFromEnvironment?: boolean;
    readonly sink?: Sink;
    readonly world: Pick<World, "nowMs" | "elapsedMs">;
  }) {
    this.serverUrl = parts.serverUrl;
    this.trust = parts.trust ?? {};
    this.sink = parts.sink;
    this.#confirmedAtMs = parts.confirmedAtMs;
    this.#isFromEnvironment = parts.isFromEnvironment ?? false;
    this.#store = parts.store;
    this.#login = parts.login;
    this.#configuredTeam = parts.configuredTeam;
    this.#world = parts.world;
  }

  /** The team that events are sent for. Undefined: none is known, and nothing may be sent. */
  get teamSlug(): string | undefined {
    if (this.sink) return this.#configuredTeam ?? LOCAL_TEAM;
    return this.#ownTeam ?? this.#recalled.team;
  }

  /** The same, by nothing that only an earlier process was told. */
  get #ownTeam(): string | undefined {
    return this.#configuredTeam ?? this.#login.teamSlug ?? this.#learnedTeam;
  }

  /** Whether the server has to be asked for the team first: a key does not say it. */
  get hasToLearnTeam(): boolean {
    return this.#ownTeam === undefined && isKey(this.#login.tokens.access);
  }

  /**
   * Asks the server which team a key is of, where nothing else says it.
   *
   * @throws {NotAuthenticatedError} when the server does not take the key
   * @throws {ServerTroubleError} when it cannot be asked now
   */
  async learnTeam(deadline: Deadline): Promise<void> {
    if (!this.hasToLearnTeam) return;
    await this.#within(deadline, async (deadline) => {
      const access = await this.access(deadline);
      const caller = await requestCaller(this.#request(deadline), access);
      if (caller === REFUSED) return void await this.renew(access, deadline);
      this.confirm();
      this.#learnedTeam = caller.teamSlug;
    });
  }

  /** Undefined: not known, as with tokens from the environment. */
  get username(): string | undefined {
    return this.#login.username;
  }

  /** Whether the login says of itself that it may look, and not send. */
  get mayOnlyLook(): boolean {
    return saysOnlyLook(this.#login.tokens.access);
  }

  /** Whether one of the tokens is good as far as this machine's clock tells. */
  get isGood(): boolean {
    if (this.sink) return true;
    if (this.refused !== undefined) return false;
    const { access, refresh } = this.expiresAtMs;
    const { tokens } = this.#login, now = this.#world.nowMs();
    return tokens.access !== "" && (access === undefined || now < access) ||
      tokens.refresh !== "" && (refresh === undefined || now < refresh);
  }

  /** What the claim that a user is logged in rests on: who confirmed it, and when. */
  get evidence(): Evidence {
    if (this.sink) {
      const what = "a sink, no login";
      return evidenceOf(what, this.serverUrl, this.#confirmedAtMs);
    }
    const what = this.#isFromEnvironment
      ? "token from the environment"
      : "stored login";
    const { atMs = 0 } = this.#recalled;
    if (this.refused !== undefined) {
      return refusalEvidence(what, this.serverUrl, atMs);
    }
    const knownAtMs = Math.max(this.#confirmedAtMs ?? 0, atMs);
    return evidenceOf(what, this.serverUrl, knownAtMs || undefined);
  }

  /** Notes that the server has just taken a token. */
  confirm(): void {
    this.#confirmedAtMs = this.#world.nowMs();
  }

  /**
   * Names the key or token that the environment holds, and says nothing of it;
   * undefined where it holds none, or one that is renewed.
   */
  async keySum(): Promise<string | undefined> {
    const { access, refresh } = this.#login.tokens;
    if (!this.#isFromEnvironment || this.sink || refresh !== "") return;
    const text = `${this.serverUrl.origin} ${access}`;
    return await sha256Hex(text, KEY_SUM_DIGITS);
  }

  /** What is known of that key by now. */
  get keyWord(): KeyWord {
    const atMs = this.#confirmedAtMs, team = this.#learnedTeam;
    return {
      ...atMs !== undefined && { atMs },
      ...team !== undefined && { team },
    };
  }

  /** Takes up what the server said of that key to an earlier process. */
  recall(word: KeyWord): void {
    this.#recalled = word;
  }

  /** Why the server does not take the key, as far as that was recalled, and it has not taken it since. */
  get refused(): string | undefined {
    const { atMs = 0, refused } = this.#recalled;
    return atMs > (this.#confirmedAtMs ?? 0) ? refused : undefined;
  }

  /** When the tokens end, as last read; undefined: not known. */
  get expiresAtMs(): Readonly<
    Record<"access" | "refresh", number | undefined>
  > {
    const { accessExpiresAtMs, refreshExpiresAtMs } = this.#login.tokens;
    return { access: accessExpiresAtMs, refresh: refreshExpiresAtMs };
  }

  /**
   * An access token that is good as far as known; renewed first where it has
   * ended or is about to.
   *
   * @throws {NotAuthenticatedError} when the session is over
   * @throws {ServerTroubleError} when it has to be renewed and cannot be now
   */
  access(deadline: Deadline): Promise<string> {
    return this.#within(deadline, async (deadline) => {
      const reading = this.#read(this.#store);
      const tokens = await deadline.race(reading, "read the credentials");
      if (this.#isBest(tokens)) return tokens.access;
      return await this.renew(tokens.access, deadline);
    });
  }

  /**
   * Another access token, after the server's 401 to `refused`: the one that
   * another process has got meanwhile, or a new one.
   *
   * @throws {NotAuthenticatedError} when the session is over
   * @throws {ServerTroubleError} when it cannot be renewed now; it goes on
   */
  renew(refused: string, deadline: Deadline): Promise<string> {
    return this.#within(
      deadline,
      (deadline) =>
        this.#store.alone(deadline, async (held) => {
          for (;;) {
            const tokens = await this.#read(held);
            const { access, refresh } = tokens;
            if (access !== refused && this.#isBest(tokens)) return access;
            if (refresh === "") throw await held.end();
            await held.takeRoom();
            const issued = await this.#refresh(refresh, deadline);
            if (issued !== REFUSED) {
              const { username, teamSlug } = this.#login;
              this.#login = {
                username,
                teamSlug: teamSlug ?? issued.teamSlug,
                tokens: issued.tokens,
              };
              this.confirm();
              await held.renew(this.#login);
              return issued.tokens.access;
            }
            // The Python command line refreshes without the lock: it may have been first.
            const { refresh: now } = await this.#read(held);
            if (now === refresh) throw await held.end();
          }
        }),
    );
  }

  /**
   * A new token for one WebSocket.
   *
   * @throws {NotAuthenticatedError} when the session is over
   * @throws {ServerTroubleError} when the server gives none now
   */
  socketToken(deadline: Deadline): Promise<string> {
    return this.#within(deadline, async (deadline) => {
      const request = this.#request(deadline);
      const access = await this.access(deadline);
      const token = await requestSocketToken(request, access);
      if (token !== REFUSED) {
        this.confirm();
        return token;
      }
      const renewed = await this.renew(access, deadline);
      const second = await requestSocketToken(request, renewed);
      if (second !== REFUSED) return second;
      throw new ServerTroubleError(
        `${this.serverUrl.host} gives no socket token for an access token that it has just issued`,
      );
    });
  }

  async #read(from: Pick<LoginStore, "read">): Promise<Tokens> {
    this.#login = await from.read();
    return this.#login.tokens;
  }

  /** Whether the access token is to be used as it is: it is good, or, as this clock may be wrong, all there is. */
  #isBest({ access, refresh, accessExpiresAtMs = Infinity }: Tokens): boolean {
    const isGood = this.#world.nowMs() < accessExpiresAtMs - EXPIRY_LEEWAY_MS;
    return access !== "" && (isGood || refresh === "");
  }

  /**
   * Asks twice where no answer came: it may be lost, and then the token is used
   * up, and the server gives its successor once more for a minute only.
   */
  async #refresh(
    refresh: string,
    deadline: Deadline,
  ): Promise<Issued | typeof REFUSED> {
    const half = deadline.shifted(-deadline.leftMs / 2);
    try {
      return await requestTokens(this.#request(half), { refresh });
    } catch (error) {
      const isSilence = error instanceof ServerTroubleError && error.isSilence;
      if (!isSilence) throw error;
      return await requestTokens(this.#request(deadline), { refresh });
    }
  }

  #request(deadline: Deadline) {
    return {
      server: this.serverUrl,
      nowMs: this.#world.nowMs,
      deadline,
      trust: this.trust,
    };
  }

  /** Bounds work in time. Time that runs out, or a disk that fails, is trouble that passes. */
  async #within<T>(
    deadline: Deadline,
    work: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const { elapsedMs } = this.#world;
    const latest = Deadline.in(elapsedMs, CREDENTIALS_HELD_MS_MAX);
    try {
      return await work(deadline.leftMs < latest.leftMs ? deadline : latest);
    } catch (error) {
      if (error instanceof KittyError) throw error;
      const reason = reasonOf(error);
      throw new ServerTroubleError(
        error instanceof DeadlineError
          ? reason
          : `cannot use the session: ${reason}`,
      );
    }
  }
}
