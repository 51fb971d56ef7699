/** Debian's nginx as a balancer before servers of this machine. */

import { eventually } from "./eventually.ts";
import { tempFolder } from "./home.ts";
import { startTool } from "./needs.ts";
import { freePort } from "./ports.ts";

/** A running balancer. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
}

/** Starts one before these servers; a request that one does not answer goes to the next. */
export async function balancer(urls: readonly string[]): Promise<Balancer> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await tempFolder());
  const port = freePort(), at = (name: string) => `${folder.path}/${name}`;
  const servers = urls.map((url) =>
    `server ${new URL(url).host} max_fails=1 fail_timeout=1s;`
  );
  const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${at(name)};`);
  await Deno.writeTextFile(
    at("nginx.conf"),
    `daemon off; pid ${at("pid")}; error_log ${at("errors")};
${Deno.uid() === 0 ? "user root;" : ""}
events { worker_connections 512; }
http {
  access_log off; ${temps.join(" ")}
  client_max_body_size 16m;
  upstream collectors { ${servers.join(" ")} }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://collectors;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_next_upstream error timeout non_idempotent;
      proxy_connect_timeout 1s;
    }
  }
}
`,
  );
  const child = startTool("nginx", {
    args: ["-p", folder.path, "-c", at("nginx.conf"), "-e", at("errors")],
  });
  const said = Promise.all(
    [child.stdout, child.stderr].map((side) => new Response(side).text()),
  );
  undo.defer(async () => {
    child.kill("SIGTERM");
    await child.status;
    await said;
  });
  await eventually(
    "nginx listens",
    () =>
      Deno.connect({ hostname: "127.0.0.1", port })
        .then((connection) => (connection.close(), true), () => false),
  );
  const whole = undo.move();
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
