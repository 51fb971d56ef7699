/** What a page of the board does at a collector, without a browser. */

import { strictEqual } from "node:assert/strict";
import type { LiveMessage } from "../../lib/board/answers.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { ADA, type CollectorClient, type TestUser } from "./collector.ts";

/** The session of a page, as a browser would keep it. */
export async function enter(
  client: CollectorClient,
  { name, password }: TestUser = ADA,
): Promise<{ cookie: string; header: string }> {
  const { status, headers, json } = await client.ask(PATHS.session, {
    json: { username: name, password },
  });
  strictEqual(status, 200, JSON.stringify(json));
  const header = headers.get("set-cookie")!;
  return { cookie: header.split(";")[0]!, header };
}

/** The WebSocket of a page. */
export class PageSocket implements Disposable {
  readonly #socket: WebSocket;
  readonly #messages: LiveMessage[] = [];
  #wake = () => {};
  readonly closed: Promise<number>;

  constructor({ url }: CollectorClient, headers: Record<string, string>) {
    this.#socket = new WebSocket(
      url.replace("http", "ws") + PATHS.board,
      { headers } as unknown as string[],
    );
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code }) => resolve(code);
    });
    this.#socket.onmessage = ({ data }) => {
      this.#messages.push(JSON.parse(data));
      this.#wake();
    };
  }

  async next(): Promise<LiveMessage> {
    while (this.#messages.length === 0) {
      await new Promise<void>((wake) => this.#wake = wake);
    }
    return this.#messages.shift()!;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
