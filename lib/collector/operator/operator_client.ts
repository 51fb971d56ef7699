/**
 * The command's side: a running collector where one answers, else its folder.
 *
 * @module
 */

import { KittyError, reasonOf } from "../../base/errors.ts";
import { isThere } from "../../base/files.ts";
import { splitLines } from "../../base/line_bytes.ts";
import type { World } from "../../base/world.ts";
import { openFolder } from "../engine.ts";
import type { OnUpgrade } from "../events/upgrading.ts";
import { nodeIdOf } from "../identity.ts";
import { OPERATOR_HELLO_MS } from "../limits.ts";
import type { Entry, Recorded, Records, Space } from "../records/records.ts";
import {
  type Kept,
  type KeptEvents,
  OPERATOR_PATHS,
  type OperatorPlace,
  readPlace,
} from "./operator.ts";

/**
 * What lies in a folder: through the collector that has it, where one runs.
 *
 * @throws {KittyError} where there is no collector's folder, or an older
 *   program has it, or it is damaged
 */
export async function openKept(
  folder: string,
  world: World,
  onUpgrade?: OnUpgrade,
): Promise<Kept> {
  const running = await runningAt(folder);
  if (running) return running;
  if (!await isThere(folder)) {
    throw new KittyError("not_found", `there is no collector in ${folder}`, {
      hint: "name its home: --home DIR; `collector run` makes one",
    });
  }
  const engine = await openFolder(folder, world, () => {}, onUpgrade);
  return {
    events: engine.events,
    records: engine.records,
    instance: await nodeIdOf(engine.records, world),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The collector that has a folder; undefined where none runs. */
export async function runningAt(folder: string): Promise<Kept | undefined> {
  const place = await readPlace(folder);
  return place && await OperatorClient.reach(place);
}

/** A running collector. */
class OperatorClient implements Kept {
  readonly events: KeptEvents;
  readonly records: Records;
  readonly instance: string;
  readonly #place: OperatorPlace;
  readonly #client: Deno.HttpClient;

  private constructor(place: OperatorPlace, instance: string) {
    this.#place = place;
    this.#client = clientOf(place);
    this.instance = instance;
    this.events = {
      teams: () => this.#get(OPERATOR_PATHS.teams),
      usage: async (team) => {
        const { events, bytes } = await this.#usage(team);
        return { events, bytes };
      },
      first: async (team) => (await this.#usage(team)).first,
      page: async (team, from, limit) => {
        const query = { team, from: `${from}`, limit: `${limit}` };
        const response = await this.#ask(OPERATOR_PATHS.page, query);
        const bytes = new Uint8Array(await response.arrayBuffer());
        const [head, ...events] = splitLines(bytes);
        return { ...JSON.parse(new TextDecoder().decode(head)), events };
      },
      prune: async (team, up_to) => {
        await this.#post(OPERATOR_PATHS.prune, { team, up_to });
      },
    };
    this.records = {
      get: async <T extends Recorded>(space: Space, key: string) => {
        const all = await this.records.list<T>(space);
        return all.find(([name]) => name === key)?.[1];
      },
      list: <T extends Recorded>(space: Space) =>
        this.#get<readonly Entry<T>[]>(OPERATOR_PATHS.records, { space }),
      replace: (space, key, before, after) =>
        this.#post(OPERATOR_PATHS.records, { space, key, before, after }),
    };
  }

  /** @returns undefined where nobody answers: it was killed */
  static async reach(
    place: OperatorPlace,
  ): Promise<OperatorClient | undefined> {
    using client = clientOf(place);
    try {
      const response = await request(place, client, OPERATOR_PATHS.instance, {
        signal: AbortSignal.timeout(OPERATOR_HELLO_MS),
      });
      const { instance } = await response.json();
      return response.ok ? new OperatorClient(place, instance) : undefined;
    } catch {
      return undefined;
    }
  }

  #usage(
    team: string,
  ): Promise<{ events: number; bytes: number; first: number }> {
    return this.#get(OPERATOR_PATHS.usage, { team });
  }

  async #get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    return await (await this.#ask(path, query)).json();
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    const response = await this.#ask(path, {}, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return await response.json();
  }

  /** @throws {KittyError} where it does not answer, or cannot do it */
  async #ask(
    path: string,
    query: Record<string, string>,
    init: RequestInit = {},
  ): Promise<Response> {
    const target = `${path}?${new URLSearchParams(query)}`;
    let found: string;
    try {
      const response = await request(this.#place, this.#client, target, init);
      if (response.ok) return response;
      const { error } = await response.json().catch(() => ({}));
      found = `status ${response.status}: ${error}`;
    } catch (error) {
      found = reasonOf(error);
    }
    throw new KittyError(
      "server_unavailable",
      `the running collector did not do it: ${found}`,
      { hint: "look at its log, and try again" },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }
}

function clientOf({ listening }: OperatorPlace): Deno.HttpClient {
  if (!isUrl(listening)) {
    return Deno.createHttpClient({
      proxy: { transport: "unix", path: listening },
    });
  }
  const { hostname, port } = new URL(listening);
  // Past the proxies of the environment.
  return Deno.createHttpClient({
    proxy: { transport: "tcp", hostname, port: Number(port) },
  });
}

function request(
  { listening, token }: OperatorPlace,
  client: Deno.HttpClient,
  target: string,
  init: RequestInit,
): Promise<Response> {
  const base = isUrl(listening) ? listening : "http://operator";
  return fetch(new URL(target, base), {
    ...init,
    headers: { authorization: `Bearer ${token}` },
    client,
  });
}

function isUrl(listening: string): boolean {
  return listening.startsWith("http:");
}
