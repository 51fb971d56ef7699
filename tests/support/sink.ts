/**
 * An endpoint for CloudEvents as others write one: with the SDK of those who
 * published the specification.
 */

import { CloudEvent, HTTP } from "cloudevents";

/** An event that the SDK has taken. */
// deno-lint-ignore no-explicit-any
export type Taken = CloudEvent<any>;

/** The endpoint. */
export class Sink implements AsyncDisposable {
  /** Events in the order in which they were taken, each as often as it came. */
  readonly taken: Taken[] = [];
  /** Media types of requests. */
  readonly types = new Set<string>();
  /** Requests that the SDK could not read, or whose events break the specification. */
  readonly odd: string[] = [];
  /** Another answer than taking it; undefined: it is taken. */
  onRequest: (
    request: Request,
    body: string,
  ) => Response | undefined | Promise<Response> = () => undefined;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    }, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/events?broker=default`;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.text();
    const said = await this.onRequest(request, body);
    if (said) return said;
    const headers = Object.fromEntries(request.headers);
    this.types.add(headers["content-type"]!);
    try {
      const events = [HTTP.toEvent({ headers, body })].flat() as Taken[];
      for (const event of events) new CloudEvent(event, true).validate();
      this.taken.push(...events);
      return new Response(null, { status: 202 });
    } catch (error) {
      this.odd.push(String(error));
      return new Response(String(error), { status: 400 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
