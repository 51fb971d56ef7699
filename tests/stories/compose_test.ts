/** What `examples/containers/compose.yaml` describes, as processes of this machine: its commands, its variables, its nginx. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";
import { idsOf } from "../support/agent.ts";
import { linesOf } from "../support/child.ts";
import { CollectorClient } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, tempFolder } from "../support/home.ts";
import { needing, NGINX, startTool } from "../support/needs.ts";
import { freePort } from "../support/ports.ts";
import { PgServer, POSTGRES } from "../support/postgres.ts";
import { runProgram, spawnProgram } from "../support/program.ts";

const EXAMPLE = new URL("../../examples/containers/", import.meta.url);

interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The services of the file, each in a home of its own, at addresses of this machine. */
class Composed implements AsyncDisposable {
  readonly #undo: AsyncDisposableStack;
  readonly #folder: string;
  readonly #services: Readonly<Record<string, Service>>;
  /** What stands in commands and variables for what is elsewhere here. */
  readonly #places = new Map<string, string>();

  private constructor(
    undo: AsyncDisposableStack,
    folder: string,
    services: Readonly<Record<string, Service>>,
  ) {
    this.#undo = undo;
    this.#folder = folder;
    this.#services = services;
  }

  static async read(): Promise<Composed> {
    await using undo = new AsyncDisposableStack();
    const { path } = undo.use(await tempFolder());
    const text = await Deno.readTextFile(new URL("compose.yaml", EXAMPLE));
    const schema = CORE_SCHEMA.withTags(mergeTag);
    const { services } = load(text, { schema }) as {
      services: Record<string, Service>;
    };
    await Deno.mkdir(`${path}/secrets`);
    const composed = new Composed(undo.move(), path, services);
    composed.put("/run/secrets", `${path}/secrets`);
    return composed;
  }

  /** Says what stands for something here. */
  put(there: string, here: string): void {
    this.#places.set(there, here);
  }

  home(name: string): string {
    return `${this.#folder}/${name}`;
  }

  async secret(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#folder}/secrets/${name}`, text);
  }

  #call(name: string) {
    const here = (text: string) => {
      let moved = text;
      for (const [from, to] of this.#places) moved = moved.replace(from, to);
      return moved;
    };
    const { command, environment } = this.#services[name]!;
    const env = Object.fromEntries(
      Object.entries(environment).map(([key, text]) => [key, here(text)]),
    );
    return {
      args: command.map(here),
      env: { ...env, SPEC_KITTY_HOME: this.home(name) },
    };
  }

  /** Runs a service to its end. */
  async run(name: string) {
    const { args, env } = this.#call(name);
    const result = await runProgram(args, env);
    strictEqual(result.code, 0, `${name}: ${result.stderr}`);
    return result.stdout;
  }

  /** Starts a service that stays, on a free port of an address of its own; where it listens. */
  async start(name: string, address: string): Promise<string> {
    const { args, env } = this.#call(name);
    const child = spawnProgram(
      args.map((arg) => arg.replace(/^0\.0\.0\.0:\d+$/, `${address}:0`)),
      env,
    );
    const [stdout, stderr] = [linesOf(child.stdout), linesOf(child.stderr)];
    let log = "";
    const logging = (async () => {
      for await (const line of stderr) log += `${line}\n`;
    })();
    const first = await stdout.next();
    this.#undo.defer(async () => {
      child.kill("SIGKILL");
      for await (const _ of stdout);
      await logging;
      await child.stdin.close().catch(() => {});
      await child.status;
    });
    ok(!first.done, `${name}: ${log}`);
    return JSON.parse(first.value).listening;
  }

  /** Starts the file's own nginx before these collectors; where it listens. */
  async balance(collectors: readonly string[]): Promise<string> {
    const port = freePort();
    let text = await Deno.readTextFile(new URL("nginx.conf", EXAMPLE));
    for (const [i, url] of collectors.entries()) {
      text = text.replace(`collector-${i + 1}:8787`, new URL(url).host);
    }
    const path = `${this.#folder}/nginx.conf`;
    await Deno.writeTextFile(
      path,
      `daemon off;${Deno.uid() === 0 ? " user root;" : ""}\n` +
        text.replace("listen 8080", `listen 127.0.0.1:${port}`)
          .replaceAll(" /tmp/", ` ${this.#folder}/nginx-`),
    );
    const child = startTool("nginx", {
      args: ["-p", this.#folder, "-c", path, "-e", "stderr"],
    });
    const said = Promise.all(
      [child.stdout, child.stderr].map((side) => new Response(side).text()),
    );
    this.#undo.defer(async () => {
      child.kill("SIGTERM");
      await child.status;
      await said;
    });
    const url = `http://127.0.0.1:${port}`;
    await eventually(
      "nginx answers",
      () =>
        fetch(`${url}/readyz`).then(async ({ body, ok }) => {
          await body?.cancel();
          return ok;
        }, () => false),
    );
    return url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}

Deno.test(
  needing(
    [POSTGRES, NGINX],
    "compose.yaml: its services as processes -> what a job records through the agent is at both collectors",
    async () => {
      await using server = await PgServer.start();
      await using composed = await Composed.read();
      const { environment } = await storeOf(composed, server);
      ok(environment);
      const collectors = [
        await composed.start("collector-1", "127.0.0.3"),
        await composed.start("collector-2", "127.0.0.4"),
      ];
      composed.put("http://balancer:8080", await composed.balance(collectors));
      const token = (await composed.run("token")).trim();
      await composed.secret("collector_token", token);
      await composed.secret("agent_token", "0123456789abcdef".repeat(4));
      const agent = await composed.start("agent", "127.0.0.5");
      composed.put("http://agent:9464", agent);
      const id = (await composed.run("job")).trim();
      strictEqual(await isThere(composed.home("job")), false);
      for (const url of collectors) {
        const client = new CollectorClient(url);
        const events = await eventually("the event is there", async () => {
          const events = await client.events(token);
          return events.length > 0 && events;
        });
        deepStrictEqual(idsOf(events), [id]);
      }
    },
  ),
);

/** Puts a database in the place of the file's. */
async function storeOf(composed: Composed, server: PgServer) {
  const store = await server.database();
  const text = await Deno.readTextFile(new URL("compose.yaml", EXAMPLE));
  const [, environment] = text.match(/SPEC_KITTY_STORE_URL: (\S.*)/)!;
  composed.put(environment!, store);
  return { environment };
}
