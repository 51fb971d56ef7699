/**
 * The running collector's side: what its operator asks for, on a socket of its
 * folder, or on this machine's own address where there are no sockets.
 *
 * @module
 */

import { isDiskFull } from "../../base/files.ts";
import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { joinLines } from "../../base/line_bytes.ts";
import type { Log } from "../../base/log.ts";
import { serveAtSocket } from "../../base/socket_path.ts";
import type { World } from "../../base/world.ts";
import { errorAnswer, HttpError, jsonAnswer } from "../http/http.ts";
import { OPERATOR_BODY_BYTES_MAX } from "../limits.ts";
import { readBody } from "../http/body.ts";
import type { Space } from "../records/records.ts";
import {
  type Kept,
  newToken,
  OPERATOR_PATHS,
  OPERATOR_SOCKET,
  removePlace,
  writePlace,
} from "./operator.ts";

/** What it is made of. */
export interface OperatorParts {
  readonly world: World;
  readonly log: Log;
  /** Of this user alone. */
  readonly folder: string;
  readonly kept: Pick<Kept, "events" | "records" | "instance">;
}

/** Listens until it is stopped. */
export async function serveOperator(
  parts: OperatorParts,
): Promise<AsyncDisposable> {
  const { folder, world } = parts;
  const token = newToken(world);
  const { server, listening } = await listen(parts, handlerOf(parts, token));
  await writePlace(folder, { listening, token });
  return {
    async [Symbol.asyncDispose]() {
      await removePlace(folder);
      await server.shutdown();
      if (listening.startsWith("/")) {
        await Deno.remove(listening).catch(() => {});
      }
    },
  };
}

type Serve = (request: Request) => Promise<Response>;

async function listen(
  { folder, world, log }: OperatorParts,
  handler: Serve,
): Promise<{ server: Deno.HttpServer<Deno.Addr>; listening: string }> {
  const quiet = { onListen() {} };
  const atSocket = await serveAtSocket(
    folder,
    OPERATOR_SOCKET,
    world,
    (path) => Deno.serve({ ...quiet, path }, handler),
    (error) =>
      log.warn("no socket for the operator", { reason: String(error) }),
  );
  if (atSocket) return { server: atSocket, listening: atSocket.addr.path };
  const server = Deno.serve(
    { ...quiet, hostname: "127.0.0.1", port: 0 },
    handler,
  );
  return { server, listening: `http://127.0.0.1:${server.addr.port}` };
}

function handlerOf(parts: OperatorParts, token: string): Serve {
  return async (request) => {
    try {
      if (request.headers.get("authorization") !== `Bearer ${token}`) {
        throw new HttpError(401, "this needs the token of the folder");
      }
      return await answerTo(request, parts);
    } catch (error) {
      if (error instanceof HttpError) return errorAnswer(error);
      parts.log.error("an operator's request failed", error);
      const why = isDiskFull(error)
        ? "its disk is full"
        : "the collector cannot do it now";
      return errorAnswer(new HttpError(503, why));
    }
  };
}

async function answerTo(
  request: Request,
  { kept, world }: OperatorParts,
): Promise<Response> {
  const { events, records, instance } = kept;
  const { pathname, searchParams: query } = new URL(request.url);
  const team = query.get("team") ?? "";
  const body = async (): Promise<JsonObject> => {
    const bytes = await readBody(
      request,
      OPERATOR_BODY_BYTES_MAX,
      world.elapsedMs,
    );
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) throw new HttpError(400, "not a JSON object");
    return value;
  };
  const isPost = request.method === "POST";
  switch (pathname) {
    case OPERATOR_PATHS.instance:
      return jsonAnswer({ instance });
    case OPERATOR_PATHS.teams:
      return jsonAnswer(await events.teams());
    case OPERATOR_PATHS.usage: {
      const usage = await events.usage(team);
      return jsonAnswer({ ...usage, first: await events.first(team) });
    }
    case OPERATOR_PATHS.page: {
      const [from, limit] = [query.get("from"), query.get("limit")].map(Number);
      const page = await events.page(team, from!, limit!);
      const { first, next } = page;
      const head = JSON.stringify({ first, next });
      return new Response(
        joinLines([new TextEncoder().encode(head), ...page.events]),
      );
    }
    case OPERATOR_PATHS.prune: {
      if (!isPost) throw new HttpError(405, "this takes POST");
      const { team, up_to } = await body();
      await events.prune(String(team), Number(up_to));
      return jsonAnswer({ first: await events.first(String(team)) });
    }
    case OPERATOR_PATHS.records: {
      if (!isPost) {
        return jsonAnswer(await records.list(query.get("space") as Space));
      }
      const { space, key, before, after } = await body();
      const isReplaced = await records.replace(
        space as Space,
        String(key),
        isJsonObject(before) ? before : undefined,
        isJsonObject(after) ? after : undefined,
      );
      return jsonAnswer(isReplaced);
    }
  }
  throw new HttpError(404, "there is nothing at this path");
}
