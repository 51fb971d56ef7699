/**
 * A tour of the program in temporary homes. Offline first: a project is
 * followed, then all eight event types and an invalid one, then clock, queue
 * and an export. Then a server starts on this machine, somebody logs in, and
 * everything arrives.
 *
 *     deno task demo
 *
 * @module
 */

const MAIN = decodeURIComponent(
  new URL("../main.ts", import.meta.url).pathname,
);
const PROJECT = decodeURIComponent(
  new URL("./project", import.meta.url).pathname,
);
const folder = await Deno.makeTempDir({ prefix: "kitty-events-demo-" });
const home = `${folder}/home`, serverHome = `${folder}/server`;

/** Command lines of the tour, as one would type them. */
const OFFLINE = [
  `follow --once ${PROJECT}`,
  "contract list",
  "emit feature-created 028-x --number 028 --target-branch main --wp-count 2",
  'emit wp-created WP01 "Parse the header" --feature 028-x',
  'emit wp-created WP02 "Write the header" --feature 028-x --depends-on WP01',
  "emit wp-assigned WP01 claude implementation",
  "emit wp-status-changed WP01 planned doing --changed-by claude",
  'emit error-logged runtime "The build ran out of memory" --wp WP01',
  'emit history-added WP01 note "Built again with less parallelism"',
  "emit dependency-resolved WP02 WP01 completed",
  "emit feature-completed 028-x --total-wps 2 --json",
  "emit wp-status-changed WP01 doing don",
  "clock show --json",
  "queue stats",
  "queue list",
  "queue export",
  "sync status",
];

try {
  for (const line of OFFLINE) await show(line);

  say("Now a server, on this machine");
  const password = "only for the demo";
  await show("collector user add ada --team acme --password-stdin", {
    stdin: password,
    home: serverHome,
  });
  const collector = start("collector run --listen 127.0.0.1:0", serverHome);
  const { listening: url } = JSON.parse(await firstLine(collector));
  await show(`auth login --server ${url} --username ada --password-stdin`, {
    stdin: password,
  });
  await show("sync now");

  say("With an agent, events go out as they are recorded");
  const agent = start("agent run", home);
  await firstLine(agent);
  await untilConnected();
  await show("emit wp-status-changed WP01 doing for_review --wait server");
  await show("sync status");
  await stop(agent);

  say("What the server has");
  const { access } = await post(`${url}/api/v1/token/`, {
    username: "ada",
    password,
  });
  const arrived = await fetch(`${url}/api/v1/events/export`, {
    headers: { authorization: `Bearer ${access}` },
  });
  console.log(await arrived.text());
  await stop(collector);
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Runs a command line to its end, as a person would see it. */
async function show(
  line: string,
  options: { stdin?: string; home?: string } = {},
): Promise<void> {
  console.log(`\n$ kitty-events ${line}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", MAIN, ...words(line)],
    env: { SPEC_KITTY_HOME: options.home ?? home },
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.stdin ?? ""))
    .catch(() => {});
  await writer.close().catch(() => {});
  const { code } = await child.status;
  if (code !== 0) throw new Error(`exit code ${code}`);
}

/** Starts a command that runs until it is told to end. */
function start(line: string, home: string): Deno.ChildProcess {
  console.log(`\n$ kitty-events ${line} &`);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", MAIN, ...words(line)],
    env: { SPEC_KITTY_HOME: home },
    stdin: "null",
    stdout: "piped",
    // Its log.
    stderr: "null",
  }).spawn();
}

async function stop(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await child.status;
}

async function firstLine(child: Deno.ChildProcess): Promise<string> {
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes("\n")) break;
  }
  console.log(text.trimEnd());
  return text;
}

async function untilConnected(): Promise<void> {
  for (;;) {
    const text = await Deno.readTextFile(`${home}/agent.json`).catch(() => "");
    if (text.includes('"Connected"')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function post(url: string, body: unknown) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}

function say(text: string): void {
  console.log(`\n--- ${text}`);
}

/** The words of a command line; double quotes hold words together. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) =>
    quoted ?? word
  );
}
