/**
 * The forms of answers, and what every request has to keep.
 *
 * @module
 */

import type { EventResult } from "../../base/wire.ts";

/** A request that is not served, and the answer that says so. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  readonly details: readonly EventResult[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message for the client; never with text of a payload */
  constructor(
    status: number,
    message: string,
    options: {
      details?: readonly EventResult[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

/** The request comes without the token that it needs. */
export function unauthorized(message: string): HttpError {
  return new HttpError(401, message, {
    headers: { "www-authenticate": "Bearer" },
  });
}

/** The collector cannot do it now. */
export function unavailable(message: string): HttpError {
  return new HttpError(503, message, { headers: { "retry-after": "1" } });
}

/** Header of answers that hold a token. */
export const NO_STORE = { "cache-control": "no-store" } as const;

/** An answer in any form. No browser may guess another one. */
export function answer(
  body: BodyInit | null,
  type: string,
  options: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response {
  return new Response(body, {
    status: options.status ?? 200,
    headers: {
      ...options.headers,
      "content-type": type,
      "x-content-type-options": "nosniff",
      // Another port of the same machine is the same site to a browser.
      "cross-origin-resource-policy": "same-origin",
    },
  });
}

/** An answer in JSON. */
export function jsonAnswer(
  value: unknown,
  options: Parameters<typeof answer>[2] = {},
): Response {
  return answer(JSON.stringify(value), "application/json", options);
}

/** What a client hears of a failure. */
export function errorAnswer(error: HttpError): Response {
  const { status, message, details, headers } = error;
  return jsonAnswer(
    { error: message, ...details && { details } },
    { status, headers },
  );
}

/** What answers a request. */
export type Handler = (
  request: Request,
  url: URL,
  /** Value of each name in the path. */
  path: Readonly<Record<string, string>>,
) => Promise<Response> | Response;

/** Handlers by method. */
export type Methods = Readonly<Record<string, Handler>>;

/** Handlers by path and method. */
export class Routes {
  readonly #exact = new Map<string, Methods>();
  readonly #patterns: {
    readonly parts: string[];
    readonly methods: Methods;
  }[] = [];

  /** @param routes by paths, such as `/missions/{mission}/` */
  constructor(routes: Readonly<Record<string, Methods>>) {
    for (const [path, methods] of Object.entries(routes)) {
      if (!path.includes("{")) this.#exact.set(path, methods);
      else this.#patterns.push({ parts: path.split("/"), methods });
    }
  }

  /** What takes a path, and the value of each name in it; undefined where nothing does. */
  find(
    path: string,
  ): { methods: Methods; values: Record<string, string> } | undefined {
    const exact = this.#exact.get(path);
    if (exact) return { methods: exact, values: {} };
    const given = path.split("/");
    for (const { parts, methods } of this.#patterns) {
      const values = valuesOf(parts, given);
      if (values) return { methods, values };
    }
    return undefined;
  }
}

function valuesOf(
  parts: readonly string[],
  given: readonly string[],
): Record<string, string> | undefined {
  if (parts.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    if (!part.startsWith("{")) {
      if (part !== given[i]) return undefined;
      continue;
    }
    try {
      values[part.slice(1, -1)] = decodeURIComponent(given[i]!);
    } catch {
      return undefined;
    }
  }
  return values;
}

/** What is told to a browser whose proxy is not believed that it speaks TLS. */
const UNNAMED_PROXY =
  "; if a proxy brought this one: collector run --trust-proxy ADDRESS";

/**
 * Finds the handler of a request.
 *
 * @throws {HttpError} 403, 404 or 405
 */
export function route(
  routes: Routes,
  request: Request,
  url: URL,
): () => Promise<Response> | Response {
  // Browsers say on whose behalf they ask: no other site may.
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== url.origin) {
    const isProxied = request.headers.has("x-forwarded-proto");
    throw new HttpError(
      403,
      `requests of other sites are refused${isProxied ? UNNAMED_PROXY : ""}`,
    );
  }
  const found = routes.find(url.pathname);
  if (!found) throw new HttpError(404, "there is nothing at this path");
  const { methods, values } = found;
  const handler = Object.hasOwn(methods, request.method) &&
    methods[request.method];
  if (!handler) {
    const allow = Object.keys(methods).join(", ");
    throw new HttpError(405, `this path takes ${allow}`, {
      headers: { allow },
    });
  }
  return () => handler(request, url, values);
}

/** The Bearer token of a request. */
export function bearerOf(request: Request): string | undefined {
  return request.headers.get("authorization")
    ?.match(/^Bearer +([^\s]+) *$/i)?.[1];
}

/** @throws {HttpError} 426 for a request that wants no WebSocket */
export function checkUpgrade(request: Request): void {
  if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return;
  throw new HttpError(426, "this path takes WebSockets", {
    headers: { upgrade: "websocket" },
  });
}
