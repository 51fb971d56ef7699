/** A collector behind nginx with TLS, set up as the documentation says. */

import { match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { newAuthority } from "../support/authority.ts";
import { ADA, CollectorClient, TestCollector } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder } from "../support/home.ts";
import {
  CURL,
  LINUX,
  needing,
  NGINX,
  OPENSSL,
  outputOf,
  runTool,
  startTool,
} from "../support/needs.ts";
import { freePort } from "../support/ports.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { trusting } from "../support/tls.ts";

/** The example of the documentation, for these ports and files. */
async function configuration(
  folder: string,
  { port, to, certFile, keyFile }: {
    port: number;
    to: string;
    certFile: string;
    keyFile: string;
  },
): Promise<string> {
  const page = await Deno.readTextFile(
    new URL("../../docs/network.md", import.meta.url),
  );
  const [, block] = page.match(/nginx:\n\n```text\n([^]*?)```/)!;
  const changed = block!
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace("/etc/nginx/tls.crt", certFile)
    .replace("/etc/nginx/tls.key", keyFile)
    .replace("http://127.0.0.1:8787", to);
  ok(changed.includes(to) && changed.includes(certFile), changed);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  const path = `${folder}/nginx.conf`;
  await Deno.writeTextFile(
    path,
    `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1;
events {}
http { access_log off; ${temporary}
${changed} }`,
  );
  return path;
}

/** nginx before a collector, both on ports of this machine. */
async function behindNginx(
  args: readonly string[],
  work: (
    at: {
      through: CollectorClient;
      collector: TestCollector;
      caFile: string;
    },
  ) => Promise<void>,
): Promise<void> {
  await using authority = await newAuthority();
  await using folder = await tempFolder();
  await using collector = await TestCollector.start(undefined, { args });
  using client = await trusting(authority);
  const port = freePort();
  const config = await configuration(folder.path, {
    port,
    to: collector.url,
    ...await authority.issue(),
  });
  // Its workers are another user, who may not enter the folder else.
  await Deno.chmod(folder.path, 0o755);
  const nginx = startTool("nginx", {
    args: ["-c", config, "-e", "stderr", "-p", folder.path],
  });
  const logging = new Response(nginx.stderr).text();
  const reading = new Response(nginx.stdout).text();
  const through = new CollectorClient(`https://127.0.0.1:${port}`, client);
  try {
    await eventually(
      "nginx answers",
      () =>
        through.ask("/healthz").then(
          ({ status }) => status === 200,
          () => false,
        ),
    );
    await work({ through, collector, caFile: authority.caFile });
  } finally {
    nginx.kill("SIGQUIT");
    await Promise.race([
      nginx.status,
      new Promise((resolve) => setTimeout(resolve, 2_000)),
    ]);
    await runTool("kill", { args: ["-9", `${nginx.pid}`] }).catch(() => {});
    await Promise.all([nginx.status, logging, reading]);
  }
}

const enter = (through: CollectorClient) =>
  through.ask(PATHS.session, {
    json: { username: ADA.name, password: ADA.password },
    headers: { origin: through.url },
  });

Deno.test(needing(
  [NGINX, OPENSSL],
  "behind nginx, which is trusted -> events and WebSockets go through, and the page's login goes over TLS only",
  () =>
    behindNginx(["--trust-proxy", "127.0.0.1"], async ({ through }) => {
      const { access } = await through.logIn();
      const socket = await through.connect(access);
      await socket.nextOf("snapshot");
      const { status } = await through.send(access, [
        eventOf(1, { team: "acme" }).envelope,
      ]);
      strictEqual(status, 200);
      strictEqual((await socket.nextOf("event")).event.lamport_clock, 1);
      await socket.close();
      const { status: entered, headers } = await enter(through);
      strictEqual(entered, 200);
      match(headers.get("set-cookie")!, /; Secure$/);
    }),
));

Deno.test(needing(
  [NGINX, OPENSSL],
  "behind nginx, which is not trusted -> the page's login is refused, and says what to do; so does the log",
  () =>
    behindNginx(
      ["--trust-proxy", "192.0.2.1"],
      async ({ through, collector }) => {
        const { status, json } = await enter(through);
        strictEqual(status, 403);
        match(json.error, /--trust-proxy/);
        match(collector.log, /"level":"warn".*--trust-proxy.*127\.0\.0\.1/);
      },
    ),
));

/** Tries a wrong password from an address, with a lie about it; the address that is noted. */
async function notedAddress(
  { through, collector, caFile }: {
    through: CollectorClient;
    collector: TestCollector;
    caFile: string;
  },
): Promise<string> {
  const body = JSON.stringify({ username: ADA.name, password: "wrong" });
  const status = await outputOf("curl", [
    ...["--silent", "--interface", "127.0.0.3", "--cacert", caFile],
    ...["--header", "X-Forwarded-For: 192.0.2.66", "--json", body],
    ...["--output", "/dev/null", "--write-out", "%{http_code}"],
    through.url + PATHS.token,
  ]);
  strictEqual(status, "401");
  const { stdout } = await runProgram(
    ["collector", "audit", "--json"],
    { SPEC_KITTY_HOME: collector.home },
  );
  return documentsOf(stdout).at(-1).address;
}

Deno.test(needing(
  [NGINX, OPENSSL, CURL, LINUX],
  "behind nginx, a client that lies about its address -> its own is noted where nginx is trusted, else that of nginx; never the lie",
  async () => {
    await behindNginx(
      ["--trust-proxy", "127.0.0.1"],
      async (at) => strictEqual(await notedAddress(at), "127.0.0.3"),
    );
    await behindNginx(
      [],
      async (at) => strictEqual(await notedAddress(at), "127.0.0.1"),
    );
  },
));
