/** A server that takes batches and has no WebSocket, on a real socket; tests say what it answers. */

import { PATHS } from "../../lib/base/wire.ts";

/** An event as it came. */
export type Wire = Record<string, unknown>;

/** Answers each batch as the test says. */
export class BatchServer implements AsyncDisposable {
  /** Batches that came, in order. */
  readonly batches: Wire[][] = [];
  /** What it answers next, and from then on: a word for every event, a response, or nothing for ever. */
  answer: string | (() => Response | Promise<Response>) | "never" = "success";
  readonly #closed = Promise.withResolvers<Response>();
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#http = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}`;
  }

  /** The environment of a process that sends there. */
  get env(): Record<string, string> {
    return {
      SPEC_KITTY_SERVER_URL: this.url,
      SPEC_KITTY_ACCESS_TOKEN: "some-token",
      SPEC_KITTY_TEAM_SLUG: "acme",
    };
  }

  async #answer(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== PATHS.batch) {
      await request.body?.cancel();
      return Response.json({ error: "not found" }, { status: 404 });
    }
    const unzipped = request.body!.pipeThrough(
      new DecompressionStream("gzip"),
    );
    const { events } = await new Response(unzipped).json();
    this.batches.push(events);
    const { answer } = this;
    if (answer === "never") return await this.#closed.promise;
    if (typeof answer === "function") return await answer();
    const results = events.map(({ event_id }: Wire) => ({
      event_id,
      status: answer,
    }));
    return Response.json({ results });
  }

  /** Answers what it has never answered. */
  release(): void {
    this.#closed.resolve(new Response());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.#http.shutdown();
  }
}
