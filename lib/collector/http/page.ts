/**
 * The page of the board: its index at each of its addresses, and what the
 * index loads.
 *
 * @module
 */

import { type Asset, FILES } from "../../../web/generated/assets.js";
import { HttpError } from "./http.ts";

/** First parts of the page's addresses. The router in `web/router.ts` knows what each shows. */
const VIEWS: ReadonlySet<string> = new Set([
  "",
  "login",
  "missions",
  "events",
  "insights",
  "health",
]);

/** What the index may do: load its own script and style, and ask its own server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const EVERY_FILE = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "vary": "accept-encoding",
} as const;

const INDEX = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy":
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
} as const;

/** The name of each asset changes with its bytes. */
const ASSET = {
  "cache-control": "public, max-age=31536000, immutable",
} as const;

const ICON = { "cache-control": "public, max-age=86400" } as const;

const assets: ReadonlyMap<string, Asset> = new Map(
  FILES.map((file) => [file.path, file]),
);

/**
 * The answer to a request for the page or what belongs to it; `undefined` where
 * the request is for something else.
 *
 * @throws {HttpError} 404 for an asset that this version does not have
 */
export function pageAnswer(request: Request, url: URL): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  if (isAddress(url.pathname)) {
    return fileAnswer(request, assets.get("/")!, INDEX);
  }
  const isAsset = url.pathname.startsWith("/assets/");
  const asset = assets.get(url.pathname);
  if (!asset && isAsset) {
    throw new HttpError(404, "the page has changed: load it again");
  }
  return asset && fileAnswer(request, asset, isAsset ? ASSET : ICON);
}

/** Whether a path is a view, a mission, or a work package of one. */
function isAddress(path: string): boolean {
  const [view, mission, word, id, ...rest] = path.replace(/\/$/, "").slice(1)
    .split("/");
  if (!VIEWS.has(view!) || rest.length > 0) return false;
  if (mission === undefined) return true;
  return view === "missions" && mission !== "" &&
    (word === undefined || word === "work-packages" && Boolean(id));
}

function fileAnswer(
  request: Request,
  { type, gzip }: Asset,
  headers: Readonly<Record<string, string>>,
): Response {
  const isCompressed = takesGzip(request);
  const compressed = Uint8Array.fromBase64(gzip);
  const body = request.method === "HEAD"
    ? null
    : isCompressed
    ? compressed
    : new Blob([compressed]).stream()
      .pipeThrough(new DecompressionStream("gzip"));
  return new Response(body, {
    headers: {
      ...EVERY_FILE,
      ...headers,
      "content-type": type,
      ...isCompressed && { "content-encoding": "gzip" },
    },
  });
}

/** Whether a client takes gzip: it names it, and not with a weight of zero. */
function takesGzip(request: Request): boolean {
  const accepted = request.headers.get("accept-encoding") ?? "";
  return accepted.toLowerCase().split(",").some((part) => {
    const [name, ...parameters] = part.split(";").map((text) => text.trim());
    return name === "gzip" &&
      !parameters.some((text) => /^q=0(?:\.0*)?$/.test(text));
  });
}
