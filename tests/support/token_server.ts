/** A server that gives tokens, on a real socket, whose answers tests can script. */

import { PATHS } from "../../lib/base/wire.ts";

/** What was asked of the server. */
export interface Asked {
  readonly path: string;
  readonly authorization: string | null;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

type Reply = (asked: Asked) => Response | Promise<Response>;

/** The only password that is right. */
export const PASSWORD = "correct horse Ünïcode 🐎 pass";

/** A JWT with these claims, signed by nobody. */
export function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_")
      .replaceAll("=", "");
  return `${part({ alg: "none" })}.${part(claims)}.sig`;
}

/** An answer that breaks off: the client learns nothing of it. */
export function brokenAnswer(): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"access": "'));
      },
      pull: (controller) => controller.error(new Error("broken")),
    }),
  );
}

/**
 * Issues `access-1`, `refresh-1`, `access-2` and so on. A refresh token is good
 * once; the last one before is answered again with the same pair.
 */
export class TokenServer {
  readonly asked: Asked[] = [];
  /** More fields of each answer with tokens. */
  extra: Record<string, unknown> = {
    access_lifetime: 900,
    refresh_lifetime: 604_800,
  };
  #issued = 0;
  readonly #scripts = new Map<string, Reply[]>();
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0) {
    const options = { hostname: "127.0.0.1", port, onListen() {}, onError };
    this.#http = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}`;
  }

  /** Requests of one path. */
  of(path: keyof typeof PATHS): Asked[] {
    return this.asked.filter((asked) => asked.path === PATHS[path]);
  }

  /** Answers the next request of a path so, once each. */
  next(path: keyof typeof PATHS, ...replies: Reply[]): void {
    const script = this.#scripts.get(PATHS[path]) ?? [];
    this.#scripts.set(PATHS[path], [...script, ...replies]);
  }

  /** The next pair. */
  issue(): Response {
    this.#issued += 1;
    return this.#pair();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
  }

  #pair(): Response {
    const access = `access-${this.#issued}`;
    const refresh = `refresh-${this.#issued}`;
    return Response.json({ access, refresh, ...this.extra });
  }

  async #answer(request: Request): Promise<Response> {
    const text = await request.text();
    const asked: Asked = {
      path: new URL(request.url).pathname,
      authorization: request.headers.get("authorization"),
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.asked.push(asked);
    const reply = this.#scripts.get(asked.path)?.shift();
    return await (reply ?? ((asked) => this.#ordinary(asked)))(asked);
  }

  #ordinary({ path, body, authorization }: Asked): Response {
    const refused = Response.json({ error: "no" }, { status: 401 });
    switch (path) {
      case PATHS.token:
        return body.password === PASSWORD ? this.issue() : refused;
      case PATHS.refresh:
        if (body.refresh === `refresh-${this.#issued}`) return this.issue();
        if (body.refresh === `refresh-${this.#issued - 1}`) return this.#pair();
        return refused;
      case PATHS.socketToken:
        return authorization === `Bearer access-${this.#issued}`
          ? Response.json({ ws_token: `socket-${this.#issued}` })
          : refused;
      default:
        return Response.json({ error: "not found" }, { status: 404 });
    }
  }
}

function onError(): Response {
  return new Response("the test's server failed", { status: 500 });
}
