/** Asks the server; the page has no other source. */

/** An answer that is not what was asked for. */
export class ApiError extends Error {
  override name = "ApiError";

  /** @param status 0 where no answer came */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** What a request carries beside its path. */
export interface Request {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly json?: unknown;
  readonly signal?: AbortSignal;
  /** Whom the answer is shown to, `TEAM/USER`, each as in an address: 409 where the session is another one's. */
  readonly looker?: string;
}

/** How long an answer may take. */
const PATIENCE_MS = 15_000;

/**
 * Asks, and reads the answer; `undefined` for one without a body.
 *
 * @throws {ApiError}
 */
export async function request<T>(
  path: string,
  asked: Request = {},
): Promise<T> {
  const response = await send(path, asked);
  if (response.status === 204) return undefined as T;
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new ApiError(response.status, wordsOf(said, response.status));
  }
  try {
    return await response.json();
  } catch {
    // As when the page is left, or the server ends, in the middle of it.
    throw new ApiError(0, "the server's answer broke off");
  }
}

async function send(
  path: string,
  { method = "GET", json, signal, looker }: Request,
): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      headers: {
        ...json !== undefined && { "content-type": "application/json" },
        ...looker !== undefined && { "kitty-looker": looker },
      },
      ...json !== undefined && { body: JSON.stringify(json) },
    });
  } catch {
    throw new ApiError(0, "the server cannot be reached");
  }
}

function wordsOf(answer: unknown, status: number): string {
  const said = (answer as { error?: unknown } | null)?.error;
  return typeof said === "string" ? said : `the server answered ${status}`;
}

/** A path with those of the parameters that say something. */
export function withParameters(
  path: string,
  parameters: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") {
      query.set(name, String(value));
    }
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

/** A package's id as part of a path: `.` and `..` would be lost there, so they have another form. */
export function packagePart(id: string): string {
  return encodeURIComponent(/^~*\.{1,2}$/.test(id) ? `~${id}` : id);
}

/** The id that such a part means, decoded before. */
export function packageOf(part: string): string {
  return /^~+\.{1,2}$/.test(part) ? part.slice(1) : part;
}

/** The paths that the page asks. */
export const PATHS = {
  session: "/api/v1/session/",
  missions: "/api/v1/missions/",
  board: (mission: string) =>
    `/api/v1/missions/${encodeURIComponent(mission)}/`,
  story: (mission: string, id: string) =>
    `/api/v1/missions/${encodeURIComponent(mission)}/work-packages/${
      packagePart(id)
    }/`,
  lines: "/api/v1/board/events/",
  event: (position: number) => `/api/v1/board/events/${position}/`,
  export: "/api/v1/events/export",
  insights: "/api/v1/insights/",
  health: "/api/v1/health/",
  nodes: "/api/v1/nodes/",
  socket: "/ws/v1/board/",
} as const;
