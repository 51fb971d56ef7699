/**
 * Real PostgreSQL servers of this machine, unprivileged, each in a temporary
 * folder and on a port of its own.
 */

import { strictEqual } from "node:assert/strict";
import postgres from "postgres";
import { eventually } from "./eventually.ts";
import { isThere, tempFolder } from "./home.ts";
import { type Need, outputOf } from "./needs.ts";
import { freePort } from "./ports.ts";

/** Where its programs lie; undefined where there are none. */
const BIN = await findPrograms();

/** That there is a PostgreSQL. */
export const POSTGRES: Need = {
  isMet: BIN !== undefined && Deno.build.os !== "windows",
  reason: "there is no PostgreSQL",
};

async function findPrograms(): Promise<string | undefined> {
  const folders: string[] = [];
  try {
    for await (const { name } of Deno.readDir("/usr/lib/postgresql")) {
      folders.push(`/usr/lib/postgresql/${name}/bin`);
    }
  } catch {
    // Debian has them there; others on the path.
  }
  folders.sort().reverse();
  folders.push(...(Deno.env.get("PATH") ?? "").split(":").filter(Boolean));
  for (const folder of folders) {
    const [postgres, initdb] = await Promise.all(
      ["postgres", "initdb"].map((name) =>
        Deno.stat(`${folder}/${name}`).then(() => true, () => false)
      ),
    );
    if (postgres && initdb) return folder;
  }
  return undefined;
}

/** What all processes of a run of tests have in common, where they are a part of one. */
const RUN = Deno.env.get("KITTY_EVENTS_RUN");

/** The superuser of each server, and its password. */
export const PG_USER = "kitty", PG_PASSWORD = "s3cret/p@ss:word";

/** A user that no server refuses to run as; undefined where this one will do. */
async function runAs(): Promise<{ uid?: number; gid?: number }> {
  if (Deno.uid() !== 0) return {};
  const text = await Deno.readTextFile("/etc/passwd").catch(() => "");
  const [, uid = "65534", gid = "65534"] =
    text.match(/^postgres:[^:]*:(\d+):(\d+):/m) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** How a server is run. */
export interface ServerOptions {
  /** Lines of its configuration. */
  readonly settings?: Readonly<Record<string, string>>;
  /** It begins as a copy of this one, and follows it under this name. */
  readonly standbyOf?: { readonly server: PgServer; readonly name: string };
  /** Certificate and key, for TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Encoding of its databases. */
  readonly encoding?: string;
}

const DEFAULTS = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  // A test that kills the server leaves the system alive, and with it what was written.
  fsync: "off",
  max_connections: "60",
  shared_buffers: "'32MB'",
  logging_collector: "off",
  timezone: "'UTC'",
};

/** A server. */
export class PgServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #undo: AsyncDisposableStack;
  readonly #user: { uid?: number; gid?: number };
  #child: Deno.ChildProcess | undefined;
  #log = Promise.resolve("");
  #databases = 0;

  private constructor(
    port: number,
    folder: string,
    undo: AsyncDisposableStack,
    user: { uid?: number; gid?: number },
  ) {
    this.port = port;
    this.#folder = folder;
    this.#undo = undo;
    this.#user = user;
  }

  /** Of the process that all others of it come from. */
  get pid(): number {
    return this.#child!.pid;
  }

  /** Makes one and starts it. */
  static async start(options: ServerOptions = {}): Promise<PgServer> {
    await using undo = new AsyncDisposableStack();
    const folder = undo.use(await tempFolder());
    const user = await runAs();
    const data = `${folder.path}/data`;
    const server = new PgServer(freePort(), folder.path, undo.move(), user);
    await server.#own(folder.path);
    if (options.standbyOf) await server.#copy(options.standbyOf);
    else {
      await server.#make(options.encoding ?? "UTF8");
      const hba = "host all all 127.0.0.1/32 scram-sha-256\n" +
        "host replication all 127.0.0.1/32 scram-sha-256\n";
      await Deno.writeTextFile(`${data}/pg_hba.conf`, hba);
    }
    const settings: Record<string, string> = {
      ...DEFAULTS,
      port: String(server.port),
      ...options.settings,
    };
    if (options.tls) {
      const { certFile: cert, keyFile: key } = options.tls;
      for (const [name, from] of Object.entries({ cert, key })) {
        const path = `${data}/server.${name}`;
        await Deno.copyFile(from, path);
        await Deno.chmod(path, 0o600);
        await server.#own(path);
      }
      settings.ssl = "on";
      settings.ssl_cert_file = "'server.cert'";
      settings.ssl_key_file = "'server.key'";
    }
    await server.configure(settings);
    await server.launch();
    return server;
  }

  /** Gives it a file or folder. */
  takeOver(path: string): Promise<void> {
    return this.#own(path);
  }

  async #own(path: string): Promise<void> {
    const { uid, gid } = this.#user;
    if (uid !== undefined) await Deno.chown(path, uid, gid!);
  }

  /** Runs one of its programs with its superuser. */
  tool(name: string, args: readonly string[]): Promise<void> {
    const where = ["-h", "127.0.0.1", "-p", String(this.port), "-U", PG_USER];
    const env = { PGPASSWORD: PG_PASSWORD };
    return this.#run(name, [...where, ...args], env);
  }

  async #run(name: string, args: readonly string[], env = {}): Promise<void> {
    await outputOf(`${BIN}/${name}`, args, {
      ...this.#user,
      cwd: this.#folder,
      env,
    });
  }

  /** Makes its folder, out of the first one of its kind that a run of tests has made. Works on an empty path. */
  async #make(encoding: string): Promise<void> {
    const data = `${this.#folder}/data`;
    if (!RUN) return await this.#init(data, encoding);
    const first = `${RUN}/postgres-${encoding}`;
    using lock = await Deno.open(`${first}.lock`, {
      create: true,
      write: true,
    });
    await lock.lock(true);
    if (!await isThere(first)) {
      await this.#init(data, encoding);
      // To the folder of the run that user may not write.
      await outputOf("/bin/cp", ["-a", data, `${first}.making`]);
      await Deno.rename(`${first}.making`, first);
    } else await outputOf("/bin/cp", ["-a", first, data]);
  }

  async #init(data: string, encoding: string): Promise<void> {
    const password = `${this.#folder}/password`;
    await Deno.writeTextFile(password, PG_PASSWORD);
    await this.#own(password);
    await this.#run("initdb", [
      ...["-D", data, "-U", PG_USER, "--pwfile", password],
      ...["-A", "scram-sha-256", "--no-sync", "--no-locale"],
      ...["-E", encoding],
    ]);
  }

  async #copy({ server, name }: NonNullable<ServerOptions["standbyOf"]>) {
    await this.#run("pg_basebackup", [
      ...["-h", "127.0.0.1", "-p", String(server.port), "-U", PG_USER],
      ...["-D", `${this.#folder}/data`, "-X", "stream", "-c", "fast", "-R"],
      "--no-sync",
    ], { PGPASSWORD: PG_PASSWORD, PGAPPNAME: name });
    await this.configure({
      primary_conninfo:
        `'host=127.0.0.1 port=${server.port} user=${PG_USER} password=''${PG_PASSWORD}'' application_name=${name}'`,
    });
  }

  /** Adds lines to its configuration, for its next start or `reload`. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`).join("");
    const path = `${this.#folder}/data/postgresql.auto.conf`;
    await Deno.writeTextFile(path, lines, { append: true });
    await this.#own(path);
  }

  /** Starts it again. It ends with this process, whatever becomes of that. */
  async launch(): Promise<void> {
    const shell = "/bin/sh";
    this.#child = new Deno.Command(shell, {
      args: [
        "-c",
        'exec 3<&0; (read -r _ <&3; kill -QUIT $$) >&- 2>&- & exec "$0" -D "$1" 3<&-',
        `${BIN}/postgres`,
        `${this.#folder}/data`,
      ],
      ...this.#user,
      cwd: this.#folder,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const { stderr } = this.#child;
    this.#log = new Response(stderr).text().catch(() => "");
    await eventually("the server answers", () => this.answers(), 30_000);
  }

  /** Whether it lets anybody in. */
  async answers(): Promise<boolean> {
    const sql = this.#client("postgres", 2);
    try {
      await sql`select 1`;
      return true;
    } catch {
      return false;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  #client(database: string, connectS = 10): postgres.Sql {
    return postgres({
      ...{ host: "127.0.0.1", port: this.port, user: PG_USER },
      ...{ password: PG_PASSWORD, database, max: 1, fetch_types: false },
      connect_timeout: connectS,
      onnotice: () => {},
    });
  }

  /** Runs statements in one of its databases. */
  async ask(
    statement: string,
    database = "postgres",
    // deno-lint-ignore no-explicit-any
  ): Promise<any[]> {
    const sql = this.#client(database);
    try {
      return [...await sql.unsafe(statement)];
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  /** Makes an empty database; the URL of a store in it. */
  async database(parameters = "", port = this.port): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.ask(`create database ${name}`);
    return this.url(name, parameters, port);
  }

  /** The URL of a database. */
  url(database: string, parameters = "", port = this.port): string {
    const password = encodeURIComponent(PG_PASSWORD);
    return `postgres://${PG_USER}:${password}@127.0.0.1:${port}/${database}` +
      `?sslmode=disable${parameters}`;
  }

  /** Sends it a signal: `SIGINT` ends it at once, `SIGKILL` with no word. */
  kill(signal: Deno.Signal): void {
    this.#child?.kill(signal);
  }

  /** Makes it silent: it and all its processes stop, with their connections open, until this is disposed of. */
  async freeze(): Promise<Disposable> {
    const { pid } = this;
    const children = await Deno.readTextFile(
      `/proc/${pid}/task/${pid}/children`,
    );
    const all = [pid, ...children.trim().split(/\s+/).map(Number)];
    const signal = (name: Deno.Signal) => {
      for (const one of all) {
        try {
          Deno.kill(one, name);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    };
    signal("SIGSTOP");
    return { [Symbol.dispose]: () => signal("SIGCONT") };
  }

  /** Resolves when its process has ended. */
  async ended(): Promise<void> {
    await this.#child?.status;
  }

  /** What it has logged, once it has ended. */
  get log(): Promise<string> {
    return this.#log;
  }

  /** Makes a standby a server of its own. */
  async promote(): Promise<void> {
    await this.ask("select pg_promote(true, 60)");
  }

  /** Ends it, and starts it again. */
  async restart(): Promise<void> {
    await this.#stop();
    await this.launch();
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    await child.stdin.close().catch(() => {});
    await child.status;
    await this.#log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#undo.disposeAsync();
  }
}

let shared: PgServer | undefined;

/**
 * A server that all tests of a process share, each with a database of its own.
 * It is started before the first of them, and not at all where none is run.
 */
export function sharedServer(): PgServer {
  return shared ??= sharedByAll();
}

function sharedByAll(): PgServer {
  let server: PgServer | undefined;
  if (POSTGRES.isMet) {
    // Not before all of them: that comes to pass where each is left out, too.
    Deno.test.beforeEach(async () => {
      server ??= await PgServer.start();
    });
    Deno.test.afterAll(async () => await server?.[Symbol.asyncDispose]());
  }
  return new Proxy({} as PgServer, {
    get(_, name) {
      if (!server) return undefined;
      const value = Reflect.get(server, name, server);
      return typeof value === "function" ? value.bind(server) : value;
    },
  });
}

/** The name of the database in a store's URL. */
export function databaseOf(url: string): string {
  const name = new URL(url).pathname.slice(1);
  strictEqual(name.includes("/"), false);
  return name;
}
