/** Who is looking: logging in, by password or by a link's ticket, and out. */

import { signal } from "@preact/signals";
import type { SessionAnswer } from "../lib/board/answers.ts";
import { ApiError, PATHS, type Request, request } from "./api.ts";

/** Why the login form is there. */
export type Reason = "none" | "ended" | "ticket";

/** What is known of the one who looks. */
export type Visitor =
  | { readonly state: "unknown" }
  | { readonly state: "unreachable"; readonly message: string }
  /** Logging out has failed, and nothing is shown. */
  | { readonly state: "stuck"; readonly message: string }
  | { readonly state: "out"; readonly reason: Reason }
  | { readonly state: "in"; readonly session: SessionAnswer };

/** Who is looking. */
export const visitor = signal<Visitor>({ state: "unknown" });

/** Number of times that it was begun to find out: the last one tells. */
let begun = 0;

/** Finds out who is looking: by the ticket in the address, else by the cookie. */
export async function begin(): Promise<void> {
  const ticket = takeTicket(), turn = ++begun;
  visitor.value = { state: "unknown" };
  try {
    const session = ticket === null
      ? await request<SessionAnswer>(PATHS.session)
      : await enter({ ticket });
    if (turn === begun) visitor.value = { state: "in", session };
  } catch (error) {
    if (turn !== begun) return;
    const { status, message } = error as ApiError;
    visitor.value = status === 0 || status >= 500
      ? { state: "unreachable", message }
      : { state: "out", reason: ticket === null ? "none" : "ticket" };
  }
}

/** The ticket of the address. */
function ticketHere(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("ticket");
}

/** The same, which is taken out of the address before anything else happens. */
function takeTicket(): string | null {
  const ticket = ticketHere();
  if (ticket !== null) {
    const { pathname, search } = location;
    history.replaceState(history.state, "", pathname + search);
  }
  return ticket;
}

function enter(json: unknown): Promise<SessionAnswer> {
  return request<SessionAnswer>(PATHS.session, { method: "POST", json });
}

/**
 * Logs in, and stays at the address that was wanted.
 *
 * @throws {ApiError} 401 where name or password are wrong
 */
export async function logIn(username: string, password: string): Promise<void> {
  const session = await enter({ username, password });
  visitor.value = { state: "in", session };
}

/**
 * Logs out. What was shown is gone at once; the page is loaded anew only when
 * the session has ended, or it would come back.
 */
export async function logOut(): Promise<void> {
  visitor.value = { state: "unknown" };
  try {
    await request(PATHS.session, { method: "DELETE" });
  } catch (error) {
    const { status, message } = error as ApiError;
    if (status !== 401) {
      visitor.value = { state: "stuck", message };
      return;
    }
  }
  location.replace("/login");
}

/**
 * Asks as the one who is logged in. Where the session is over, the login form
 * takes the place of all that is shown; where it is another one's by now, what
 * that one may see.
 *
 * @throws {ApiError}
 */
export async function ask<T>(path: string, options?: Request): Promise<T> {
  const asker = visitor.peek();
  if (asker.state !== "in") throw new ApiError(409, "nobody is logged in");
  const { team, user } = asker.session;
  const looker = [team, user].map(encodeURIComponent).join("/");
  try {
    const answer = await request<T>(path, { ...options, looker });
    if (visitor.peek() === asker) return answer;
  } catch (error) {
    const { status } = error as ApiError;
    if (visitor.peek() === asker) {
      if (status === 401) visitor.value = { state: "out", reason: "ended" };
      if (status === 409) begin();
    }
    throw error;
  }
  throw new ApiError(409, "it was asked for by somebody else");
}

/** Begins: by a link that is pasted later, too, and whenever the page is looked at again. */
export function startSession(): void {
  begin();
  // A link to where one is differs by its ticket alone, and loads nothing.
  addEventListener("hashchange", () => {
    if (ticketHere() !== null) begin();
  });
  document.addEventListener("visibilitychange", () => {
    const isSeen = document.visibilityState === "visible";
    if (isSeen && visitor.peek().state === "in") {
      // Whatever it says: `ask` has acted on it.
      ask(PATHS.session).catch(() => {});
    }
  });
}
