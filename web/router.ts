/** Addresses of the page: every state has one, which works when it is sent on. */

import { signal } from "@preact/signals";
import { packageOf, packagePart } from "./api.ts";

/** What an address shows. */
export type View =
  | { readonly name: "missions" }
  | {
    readonly name: "board";
    readonly mission: string;
    readonly id: string | null;
  }
  | { readonly name: "events" }
  | { readonly name: "insights" }
  | { readonly name: "health" }
  | { readonly name: "login" }
  | { readonly name: "nowhere" };

/** An address as a view reads it. */
export interface Place {
  readonly view: View;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Where one is. */
export const place = signal<Place>(current());

function current(): Place {
  const { pathname, search } = location;
  return {
    view: viewOf(pathname),
    path: pathname,
    query: new URLSearchParams(search),
  };
}

/** What a path shows. */
export function viewOf(path: string): View {
  const [first = "", second, third, fourth, ...rest] = path
    .replace(/^\//, "").replace(/\/$/, "").split("/").map(decoded);
  if (rest.length > 0) return { name: "nowhere" };
  if (first === "missions" && second) {
    if (third === undefined) {
      return { name: "board", mission: second, id: null };
    }
    return third === "work-packages" && fourth
      ? { name: "board", mission: second, id: packageOf(fourth) }
      : { name: "nowhere" };
  }
  if (second !== undefined) return { name: "nowhere" };
  switch (first) {
    case "":
    case "missions":
      return { name: "missions" };
    case "events":
    case "insights":
    case "health":
    case "login":
      return { name: first };
    default:
      return { name: "nowhere" };
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Address of a mission's board. */
export function boardAddress(mission: string): string {
  return `/missions/${encodeURIComponent(mission)}`;
}

/** Address of a package's story. */
export function storyAddress(mission: string, id: string): string {
  return `${boardAddress(mission)}/work-packages/${packagePart(id)}`;
}

/** The address where one is, with parameters changed; `null` takes one out. */
export function addressWith(
  changes: Readonly<Record<string, string | null>>,
  path = place.peek().path,
): string {
  const query = new URLSearchParams(place.peek().query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

/** Goes to an address of the page; with `replace`, back leads past the present one. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(history.state, "", address);
  else {
    history.replaceState({ top: scrollY }, "");
    history.pushState(null, "", address);
  }
  const before = place.peek().view.name;
  place.value = current();
  if (!replace && place.peek().view.name !== before) scrollTo(0, 0);
}

/** Follows links and the browser's own buttons. */
export function startRouter(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => {
    place.value = current();
    // What is shown is drawn first, or there is nowhere to scroll to.
    requestAnimationFrame(() => scrollTo(0, event.state?.top ?? 0));
  });
  document.addEventListener("click", (event) => {
    const address = linkOf(event);
    if (address === null) return;
    event.preventDefault();
    go(address);
  });
}

/** The page's address that a click leads to; null where the browser has to follow it. */
function linkOf(event: MouseEvent): string | null {
  const isPlain = event.button === 0 && !event.defaultPrevented &&
    !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!isPlain || !link?.href || link.target || link.hasAttribute("download")) {
    return null;
  }
  const url = new URL(link.href);
  const isHere = url.origin === location.origin && url.hash === "" &&
    viewOf(url.pathname).name !== "nowhere";
  return isHere ? url.pathname + url.search : null;
}
