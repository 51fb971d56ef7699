/** The page of the board as it is served. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { HttpError } from "../../../lib/collector/http/http.ts";
import { pageAnswer } from "../../../lib/collector/http/page.ts";
import { localCollector } from "../../support/collector.ts";

const ORIGIN = "http://127.0.0.1:1";

function ask(path: string, options: RequestInit = {}): Response | undefined {
  const url = new URL(path, ORIGIN);
  return pageAnswer(new Request(url, options), url);
}

Deno.test("pageAnswer: addresses of the page -> its index; other paths, other methods -> not its business", () => {
  const addresses = [
    "/",
    "/login",
    "/missions",
    "/missions/01KG",
    "/missions/a%2Fb/work-packages/WP01",
    "/events?type=x",
    "/insights",
    "/health",
  ];
  for (const address of addresses) {
    const response = ask(address);
    strictEqual(response?.status, 200, address);
    strictEqual(response.headers.get("cache-control"), "no-store");
  }
  const others = [
    "/healthz",
    "/api/v1/missions/",
    "/missions/a/b",
    "/missions/a/work-packages",
    "/missionsx",
    "/favicon.ico",
  ];
  for (const other of others) strictEqual(ask(other), undefined, other);
  strictEqual(ask("/missions", { method: "POST" }), undefined);
});

Deno.test("pageAnswer: the index -> headers that let it do nothing but its work", () => {
  const { headers } = ask("/missions")!;
  const policy = headers.get("content-security-policy")!;
  deepStrictEqual(policy.split("; ").sort(), [
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self'",
    "require-trusted-types-for 'script'",
    "script-src 'self'",
    "style-src 'self'",
    "trusted-types 'none'",
  ]);
  strictEqual(headers.get("x-content-type-options"), "nosniff");
  strictEqual(headers.get("referrer-policy"), "no-referrer");
  strictEqual(headers.get("cross-origin-opener-policy"), "same-origin");
  strictEqual(headers.get("cross-origin-resource-policy"), "same-origin");
  ok(headers.has("permissions-policy"));
});

Deno.test("pageAnswer: an asset, with and without gzip, HEAD -> the same file, kept for ever", async () => {
  const index = await ask("/")!.text();
  const [script] = index.match(/\/assets\/app\.\w+\.js/)!;
  const plain = ask(script)!;
  const zipped = ask(script, { headers: { "accept-encoding": "br, gzip" } })!;
  const refused = ask(script, { headers: { "accept-encoding": "gzip;q=0" } })!;
  match(plain.headers.get("content-type")!, /^text\/javascript/);
  strictEqual(
    plain.headers.get("cache-control"),
    "public, max-age=31536000, immutable",
  );
  strictEqual(zipped.headers.get("content-encoding"), "gzip");
  strictEqual(refused.headers.get("content-encoding"), null);
  const text = await plain.text();
  strictEqual(await refused.text(), text);
  const unzipped = zipped.body!.pipeThrough(new DecompressionStream("gzip"));
  strictEqual(await new Response(unzipped).text(), text);
  const head = ask(script, { method: "HEAD" })!;
  deepStrictEqual([head.status, await head.text()], [200, ""]);
});

Deno.test("pageAnswer: an asset of another version -> 404 that says to load the page again", () => {
  try {
    ask("/assets/app.000000000000.js");
    ok(false, "answered");
  } catch (error) {
    ok(error instanceof HttpError);
    deepStrictEqual([error.status, error.message], [
      404,
      "the page has changed: load it again",
    ]);
  }
});

Deno.test("collector: a browser that asks for the page -> the page, beside the API", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const page = await client.ask("/missions/x?q=1");
  strictEqual(page.status, 200);
  match(page.text, /<div id="app"><\/div>/);
  strictEqual((await client.ask("/api/v1/missions/")).status, 401);
  strictEqual((await client.ask("/nowhere")).status, 404);
  strictEqual((await client.ask("/assets/app.0.js")).status, 404);
});
