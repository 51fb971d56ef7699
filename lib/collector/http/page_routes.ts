/**
 * What the page needs beside its data: its session, and news over a WebSocket.
 *
 * @module
 */

import { PATHS } from "../../base/wire.ts";
import { type Logins, sessionAnswer } from "../accounts/logins.ts";
import type { PageSessions } from "../accounts/page_sessions.ts";
import type { Boards } from "../board/boards.ts";
import type { Watchers } from "../board/watchers.ts";
import type { Callers } from "./callers.ts";
import { checkUpgrade, HttpError, type Methods, NO_STORE } from "./http.ts";

/** What they work with. */
export interface PageParts {
  readonly logins: Logins;
  readonly pages: PageSessions;
  readonly boards: Boards;
  readonly watchers: Watchers;
  readonly vouch: (request: Request) => void;
}

/** The routes. */
export function pageRoutes(
  { logins, pages, boards, watchers, vouch }: PageParts,
  callers: Callers,
): Record<string, Methods> {
  return {
    [PATHS.session]: {
      async POST(request, url) {
        const response = await logins.enter(request, url);
        vouch(request);
        return response;
      },
      GET: async (request, url) =>
        sessionAnswer(await callers.looker(request, url)),
      async DELETE(request, url) {
        const looker = await callers.looker(request, url);
        checkOrigin(request);
        const cookie = await pages.end(looker, url);
        watchers.end(looker.id);
        const headers = { ...NO_STORE, "set-cookie": cookie };
        return new Response(null, { status: 204, headers });
      },
    },
    [PATHS.board]: {
      async GET(request, url) {
        checkUpgrade(request);
        const { caller, ends_at } = await callers.looker(request, url);
        checkOrigin(request);
        const board = await boards.of(caller.team);
        watchers.checkRoom();
        try {
          const { socket, response } = Deno.upgradeWebSocket(request);
          const endMs = Date.parse(ends_at);
          watchers.add(socket, { caller, endMs }, board);
          return response;
        } catch {
          throw new HttpError(400, "not a WebSocket handshake");
        }
      },
    },
  };
}

/** A wrong origin was refused before; here a browser has to name its own. */
function checkOrigin(request: Request): void {
  if (request.headers.get("origin") !== null) return;
  throw new HttpError(403, "this takes requests of the collector's own page");
}
