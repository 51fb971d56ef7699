/** A page of another origin, in the browser of somebody who is logged in. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { localCollector } from "../support/collector.ts";
import { DEMO, Rows, store } from "../support/missions.ts";
import { needing } from "../support/needs.ts";

/** A site of its own: another port of the same machine, which browsers send the same cookies to. */
function strangerSite() {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response("<!doctype html><title>stranger</title>", {
        headers: { "content-type": "text/html" },
      }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Everything that a page can try; by name, what came of it. */
const ATTACK = (origin: string) =>
  `(async () => {
  const said = {};
  const ask = async (name, path, init) => {
    try {
      const response = await fetch("${origin}" + path, {
        credentials: "include", ...init,
      });
      said[name] = response.type + " " + response.status + " " +
        (await response.text()).length;
    } catch {
      said[name] = "refused";
    }
  };
  await ask("missions", "${PATHS.missions}");
  await ask("missions, unread", "${PATHS.missions}", { mode: "no-cors" });
  await ask("export", "${PATHS.export}");
  await ask("log out", "${PATHS.session}", { method: "DELETE" });
  await ask("log in", "${PATHS.session}", {
    method: "POST", mode: "no-cors",
    body: JSON.stringify({ username: "eve", password: "pass-e" }),
  });
  await ask("batch", "${PATHS.batch}", {
    method: "POST", mode: "no-cors", body: '{"events":[]}',
  });
  said.script = await new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = "${origin}${PATHS.missions}";
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("refused");
    document.head.append(script);
  });
  said.socket = await new Promise((resolve) => {
    const socket = new WebSocket(
      "${origin.replace("http", "ws")}${PATHS.board}",
    );
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = () => resolve("refused");
  });
  said.frame = await new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.src = "${origin}/missions";
    frame.onload = () => {
      try {
        resolve("loaded " + (frame.contentDocument ? "and read" : "unread"));
      } catch {
        resolve("loaded unread");
      }
    };
    document.body.append(frame);
  });
  return said;
})()`;

Deno.test(needing(
  [CHROMIUM],
  "page of another origin, with the session's cookie -> reads nothing, and causes nothing",
  async () => {
    await using collector = await localCollector();
    const { client } = collector;
    const { access } = await client.logIn();
    await store(client, access, [new Rows().create("WP01", "Secret plans")]);
    await using browser = await TestBrowser.start(client);
    const board = await browser.open();
    await board.goto("/missions");
    await board.logIn();
    const before = await board.page.cookies();

    await using site = strangerSite();
    await board.page.goto(site.url);
    const said = await board.value(ATTACK(client.url));
    // A frame's error page counts as loaded, and shows nothing of the board.
    const { frame, ...rest } = said;
    strictEqual(frame, "loaded unread");
    deepStrictEqual(rest, {
      "missions": "refused",
      "missions, unread": "refused",
      "export": "refused",
      "log out": "refused",
      "log in": "refused",
      "batch": "refused",
      "script": "refused",
      "socket": "refused",
    });
    const frames = await Promise.all(
      board.page.frames().slice(1).map((one) =>
        one.evaluate("document.body.innerText").catch(() => "")
      ),
    );
    strictEqual(frames.join("").includes("demo"), false);

    await board.goto(`/missions/${DEMO.id}`);
    await board.reads("Secret plans");
    const after = await board.page.cookies();
    deepStrictEqual(
      after.map(({ name, value }) => [name, value]),
      before.map(({ name, value }) => [name, value]),
    );
  },
));
