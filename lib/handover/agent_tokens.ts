/**
 * The tokens of an agent that others reach: `SPEC_KITTY_AGENT_TOKEN`, or those
 * in the file that `SPEC_KITTY_AGENT_TOKEN_FILE` names. A caller shows the
 * first; an agent takes each, so that a new one can be put before an old one.
 *
 * @module
 */

import { sameBytes } from "../base/bytes.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { ifRegular } from "../base/files.ts";
import type { World } from "../base/world.ts";

/** Largest file of tokens that is read. */
const TOKENS_BYTES_MAX = 64 * 1024;

/** Shorter ones can be guessed. */
const TOKEN_CHARS_MIN = 16;

/** How often a file of tokens is looked at, at most. */
const LOOK_MS = 1_000;

/** Characters that a header can carry. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * The tokens of the environment.
 *
 * @returns none where neither variable is set
 * @throws {KittyError} where they cannot be read, or are none
 */
export async function readAgentTokens(
  { env }: Pick<World, "env">,
): Promise<readonly string[]> {
  const given = env("SPEC_KITTY_AGENT_TOKEN");
  if (given) return tokensIn(given, "SPEC_KITTY_AGENT_TOKEN");
  const path = env("SPEC_KITTY_AGENT_TOKEN_FILE");
  return path ? tokensIn(await textOf(path), path) : [];
}

/** The tokens that an agent takes now: a file that was exchanged counts within a second. */
export class AgentTokens {
  readonly #world: Pick<World, "env" | "elapsedMs">;
  #tokens: readonly string[];
  #lookAtMs: number;

  private constructor(
    world: Pick<World, "env" | "elapsedMs">,
    tokens: readonly string[],
  ) {
    this.#world = world;
    this.#tokens = tokens;
    this.#lookAtMs = world.elapsedMs() + LOOK_MS;
  }

  /** @throws {KittyError} where they cannot be read, are none, or can be guessed */
  static async open(
    world: Pick<World, "env" | "elapsedMs">,
  ): Promise<AgentTokens> {
    const tokens = await readAgentTokens(world);
    const isShort = tokens.some(({ length }) => length < TOKEN_CHARS_MIN);
    if (isShort) {
      throw unusable(
        `a token has fewer than ${TOKEN_CHARS_MIN} characters, and could be guessed`,
      );
    }
    return new AgentTokens(world, tokens);
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.#tokens.length === 0;
  }

  /** All of them, as of now. Never rejects: of a file that cannot be read, those of before count. */
  async current(): Promise<readonly string[]> {
    const { env, elapsedMs } = this.#world;
    if (!env("SPEC_KITTY_AGENT_TOKEN") && elapsedMs() >= this.#lookAtMs) {
      this.#lookAtMs = elapsedMs() + LOOK_MS;
      const tokens = await readAgentTokens(this.#world).catch(() => []);
      if (tokens.length > 0) this.#tokens = tokens;
    }
    return this.#tokens;
  }
}

/** Whether a header shows one of the tokens; it takes as long whichever it is, or nearly is. */
export function isShown(
  tokens: readonly string[],
  authorization: string | null,
): boolean {
  const encoder = new TextEncoder();
  const shown = encoder.encode(authorization ?? "");
  let isOne = false;
  for (const token of tokens) {
    isOne = sameBytes(shown, encoder.encode(`Bearer ${token}`)) || isOne;
  }
  return isOne;
}

async function textOf(path: string): Promise<string> {
  let text: string | undefined;
  try {
    text = await ifRegular(path, async (path) => {
      const { size } = await Deno.stat(path);
      if (size > TOKENS_BYTES_MAX) {
        throw new Error(`it is larger than ${TOKENS_BYTES_MAX} bytes`);
      }
      return await Deno.readTextFile(path);
    });
  } catch (error) {
    throw unusable(`${path} cannot be read: ${reasonOf(error)}`);
  }
  if (text === undefined) throw unusable(`${path} is not a file`);
  return text;
}

function tokensIn(text: string, source: string): readonly string[] {
  const tokens = text.split(/[\s,]+/).filter(Boolean);
  if (tokens.length === 0) throw unusable(`${source} holds no token`);
  if (!tokens.every((token) => TOKEN.test(token))) {
    throw unusable(
      `a token in ${source} has characters that no header carries`,
    );
  }
  return tokens;
}

function unusable(found: string): KittyError {
  return new KittyError(
    "bad_agent_token",
    `cannot use the agent's token: ${found}`,
    {
      hint:
        "set SPEC_KITTY_AGENT_TOKEN, or SPEC_KITTY_AGENT_TOKEN_FILE to a file with one on each line, such as: openssl rand -hex 32",
    },
  );
}
