/** What the README and the help show is run, so that it cannot rot. */

import { lane, missionId, rowOf, textOf } from "../support/project.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import { ADA, addKey, addUsers, localCollector } from "../support/collector.ts";
import { openFolder } from "../../lib/collector/engine.ts";
import { collectorFolder } from "../../lib/collector/folder.ts";
import { encode } from "../../lib/event/event.ts";
import { eventOf } from "../support/events.ts";
import { inHome, isThere } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";
import { PgServer, POSTGRES } from "../support/postgres.ts";
import { runHere } from "../support/in_process.ts";
import {
  checkOffline,
  checkOnline,
  MANUAL,
  shellBlocks,
} from "../support/readme.ts";
import { inShell, newUser, type User } from "../support/user.ts";

Deno.test(
  inShell(
    "README: shell blocks -> run, in this order, for a new user",
    async () => {
      await using user = await newUser();
      await checkOffline(user);
    },
  ),
);

Deno.test(
  inShell(
    "README: shell blocks of server, login and agent -> run, and everything arrives",
    async () => {
      await using user = await newUser();
      await checkOnline(user);
    },
  ),
);

Deno.test(
  inShell(
    "README: the receipts that it shows -> are what the stream gives",
    async () => {
      await using user = await newUser();
      const stream = shellBlocks().offline.find((text) =>
        text.includes("--stdin <<")
      )!;
      const [, block] = MANUAL.match(/```json\n([\s\S]*?)```/)!;
      const { stdout } = await user.run(stream);
      const given = stdout.trim().split("\n");
      for (const [i, line] of block!.trim().split("\n").entries()) {
        const [mine, theirs] = [JSON.parse(given[i]!), JSON.parse(line)];
        for (const field of ["event_id", "lamport_clock"]) {
          if (theirs[field] !== null) mine[field] = theirs[field];
        }
        deepStrictEqual(mine, theirs);
      }
    },
  ),
);

Deno.test(
  inShell("help: examples of every command -> run", async () => {
    const tried = new Set<string>();
    for (const name of COMMANDS.keys()) {
      const { examples } = await loadCommand(name);
      ok(examples.length > 0, name);
      for (const example of examples) {
        if (ON_STORE.test(example)) continue;
        const [group] = name.split(" ");
        await runExample(name, example, tried.has(group!));
        tried.add(group!);
      }
    }
  }),
);

/** What a shell makes more of than words. */
const OF_SHELL = /[<>|&$'\\]/;

/** Runs a command line of plain words here, in the user's folder. */
async function inFolder(user: User, line: string) {
  const words = [...line.matchAll(/"([^"]*)"|\S+/g)]
    .map(([word, quoted]) => quoted ?? word.replace(/^~/, user.path));
  const before = Deno.cwd();
  Deno.chdir(user.path);
  try {
    return await runHere(words, { HOME: user.path });
  } finally {
    Deno.chdir(before);
  }
}

/** What names a PostgreSQL in an example. */
const ON_STORE = /\/run\/secrets\/store-url|postgres:\S+/;

Deno.test(inShell(
  "help: examples with a store -> run",
  async () => {
    await using server = await PgServer.start();
    let count = 0;
    for (const name of COMMANDS.keys()) {
      const { examples } = await loadCommand(name);
      for (const example of examples) {
        if (!ON_STORE.test(example)) continue;
        await runOnStore(name, example, await server.database());
        count++;
      }
    }
    ok(count > 1);
  },
  POSTGRES,
));

/** Runs an example on a real store in the place of the one that it names. */
async function runOnStore(
  name: string,
  example: string,
  url: string,
): Promise<void> {
  await using user = await newUser();
  await furnishCollector(user, name);
  await Deno.writeTextFile(`${user.path}/store-url`, url);
  const line = example.replace(
    ON_STORE,
    (named) => named.startsWith("/") ? "store-url" : `'${url}'`,
  ).replace("~/.spec-kitty", user.home);
  const own = `${line}${LASTING.includes(name) ? " --listen 127.0.0.1:0" : ""}`;
  if (LASTING.includes(name)) return await runUntil(user, own, "listening");
  const { code, stderr } = await user.run(`kitty-events ${own}`);
  strictEqual(code, 0, `${line}\n${stderr}`);
}

/** Commands that run until they are told to end. */
const LASTING = ["agent run", "collector run"];
/** Ends when it is told to, and says nothing before it has found something. */
const FOLLOWS = "follow";
/** Commands that need a server. */
const ONLINE = ["auth login", "sync now"];

/**
 * Runs an example in a home that has what it speaks of.
 *
 * @param isTried whether a shell has run another of its group already; then this one runs here, unless it takes a shell
 */
async function runExample(
  name: string,
  example: string,
  isTried: boolean,
): Promise<void> {
  await using user = await newUser();
  const { queued, dead } = await furnish(user, example);
  const id = name.startsWith("queue dead") ? dead : queued;
  const line = example.replace("01KHEXAMPXE0000000000000AA", id);
  if (ONLINE.includes(name)) return await runOnline(user, name, line);
  if (name === "contract remove") await inFolder(user, "contract add shop");
  if (/^collector (?:user|token) (?!add|create)/.test(name)) {
    await addUsers(user.home, [ADA]);
    await addKey(user.home);
  }
  if (/^collector (?:doctor|prune|backup|restore|quota|sink)\b/.test(name)) {
    await furnishCollector(user, name);
  }
  if (line === FOLLOWS) return await runUntil(user, line, "recorded");
  if (name === "board") return await runUntil(user, line, "ticket");
  const isHere = isTried && !LASTING.includes(name) && !OF_SHELL.test(line);
  const { code, stderr } = isHere ? await inFolder(user, line) : await user.run(
    LASTING.includes(name)
      // A port of the machine may be taken.
      ? `kitty-events ${
        line.replace(/ run$/, " run --listen 127.0.0.1:0")
      } > out &
         until grep -q listening out; do sleep 0.05; done; kill $!; wait $! || [ $? -eq 143 ]`
      : `kitty-events ${line}`,
  );
  strictEqual(code, 0, `${line}\n${stderr}`);
}

/** Gives a user a collector that has stored something. */
async function furnishCollector(user: User, name: string): Promise<void> {
  {
    const folder = collectorFolder(user.home);
    await using engine = await openFolder(folder, new TestWorld(), () => {});
    const { envelope } = eventOf(1, { team: "acme" });
    const event = { ...encode(envelope), document: { ...envelope } };
    await engine.events.admit("acme", [event]);
  }
  const before: Record<string, string> = {
    "collector restore": "backup monday.backup",
    "collector quota remove": "quota set acme --events 1",
  };
  const isOfSink = /^collector sink (?!add)/.test(name);
  const first = isOfSink
    ? "sink add lake http://127.0.0.1:1/ --team acme"
    : before[name];
  if (first) await inFolder(user, `collector ${first}`);
}

/** Runs a command until it has said a word. */
async function runUntil(
  user: User,
  line: string,
  word: string,
): Promise<void> {
  const { code, stderr } = await user.run(
    `kitty-events ${line} > out &
     until grep -q ${word} out; do sleep 0.05; kill -0 $! || break; done
     kill $!; wait $! || [ $? -eq 143 ]`,
  );
  strictEqual(code, 0, `${line}\n${stderr}`);
}

/** What a user has whom the examples speak of; the ids of a queued event and of a dead letter. */
interface Furnished {
  readonly user: User;
  readonly queued: string;
  readonly dead: string;
}

let model: Promise<Furnished> | undefined;

/** Gives a new user what the examples speak of, made once. */
async function furnish(
  user: User,
  example: string,
): Promise<Pick<Furnished, "queued" | "dead">> {
  const made = await (model ??= furnished());
  await copyInto(user.path, made.user.path);
  const damaged = example.match(/damaged-\S+/)?.[0];
  if (damaged) {
    await Deno.mkdir(`${user.home}/${damaged}`);
    await Deno.copyFile(
      `${user.home}/events.kv`,
      `${user.home}/${damaged}/events.kv`,
    );
  }
  return made;
}

Deno.test.afterAll(async () => {
  await (await model)?.user[Symbol.asyncDispose]();
});

/** Copies what is not there yet. */
async function copyInto(to: string, from: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) {
      await Deno.mkdir(target, { recursive: true });
      await copyInto(target, source);
    } else if (!await isThere(target)) await Deno.copyFile(source, target);
  }
}

async function furnished(): Promise<Furnished> {
  const user = await newUser();
  const env = { SPEC_KITTY_HOME: user.home };
  const emit = async (text: string) =>
    (await runHere(["emit", "history-added", "WP01", "note", text], env))
      .stdout.trim();
  const queued = await emit("1"), dead = await emit("2");
  await inHome(
    user.home,
    ({ queue }) => queue.deadLetter([dead], { reason: "refused", nowMs: 0 }),
  );
  const { stdout } = await runHere(["queue", "export"], env);
  await Deno.writeTextFile(`${user.path}/events.ndjson`, stdout);
  await Deno.writeTextFile(`${user.path}/password.txt`, ADA.password);
  await Deno.writeTextFile(
    `${user.path}/drafts.ndjson`,
    '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}\n',
  );
  await furnishProject(user);
  return { user, queued, dead };
}

/** A project, and logs to be merged. */
async function furnishProject(user: User): Promise<void> {
  const log = textOf([lane(1, { mission_id: missionId(1) })]);
  for (const project of ["", "project/"]) {
    const mission = `${user.path}/${project}kitty-specs/demo`;
    await Deno.mkdir(mission, { recursive: true });
    await Deno.writeTextFile(`${mission}/status.events.jsonl`, log);
  }
  for (const name of ["a.jsonl", "b.jsonl"]) {
    await Deno.writeTextFile(`${user.path}/${name}`, log);
  }
  await Deno.mkdir(`${user.path}/shop`);
  const schema = '{"type":"object"}';
  const contract = {
    "registry.json":
      '{"version":"1.0.0","types":[{"type":"a.v1","schema":"a.json"}]}',
    "envelope.schema.json": schema,
    "a.json": schema,
    "../build.schema.json": schema,
  };
  for (const [name, text] of Object.entries(contract)) {
    await Deno.writeTextFile(`${user.path}/shop/${name}`, text);
  }
  await Deno.writeTextFile(
    `${user.path}/rows.ndjson`,
    JSON.stringify(rowOf(lane(1))) + "\n",
  );
}

/** Runs an example against a server in the place of the one that it names. */
async function runOnline(
  user: User,
  name: string,
  example: string,
): Promise<void> {
  await using collector = await localCollector();
  const { url } = collector.client;
  const env = { SPEC_KITTY_SERVER_URL: url };
  const login = `kitty-events auth login --username ${ADA.name} < password.txt`;
  const line = example.replace(/https:\S+/, url);
  await Deno.writeTextFile(
    `${user.path}/token.txt`,
    await addKey(collector.home),
  );
  const { code, stderr } = await user.run(
    name === "auth login"
      ? `kitty-events ${line}${line.includes("<") ? "" : " < password.txt"}`
      : `${login}\nkitty-events ${line}`,
    env,
  );
  strictEqual(code, 0, `${line}\n${stderr}`);
}
