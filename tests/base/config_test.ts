import {
  deepStrictEqual,
  doesNotMatch,
  match,
  ok,
  strictEqual,
} from "node:assert/strict";
import {
  NO_CONFIG_FILE,
  parseDuration,
  readConfigFile,
  type Settings,
  settingsOf,
} from "../../lib/base/config.ts";
import {
  QUEUE_BYTES_DEFAULT,
  QUEUE_SIZE_DEFAULT,
  TIMEOUT_MS_DEFAULT,
  TIMEOUT_MS_MIN,
} from "../../lib/base/limits.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

/** The settings of an environment and a configuration file. */
async function read(
  env: Record<string, string>,
  toml?: string | Uint8Array,
  flags?: { timeoutMs?: number },
): Promise<Settings> {
  await using home = await tempFolder();
  const content = typeof toml === "string"
    ? new TextEncoder().encode(toml)
    : toml;
  if (content) await Deno.writeFile(`${home.path}/config.toml`, content);
  const file = await readConfigFile(home.path);
  return settingsOf(new TestWorld({ env }), file, flags);
}

const FULL = `[sync]
server_url = "https://file.example"
team_slug = "file-team"
sink_url = "https://file.example/sink"
sink_format = "structured"
ca_file = "/file.pem"
insecure_http = true
max_queue_size = 11
max_queue_bytes = 12
gather = "2s"
[emit]
timeout = "3s"
contract = "producer"
[follow]
paths = ["/src/project"]
`;

Deno.test("settingsOf: nothing set, no home -> the defaults, no problems", async () => {
  const defaults = {
    teamSlug: "local",
    serverUrl: undefined,
    sinkUrl: undefined,
    sinkFormat: "batch",
    followPaths: [],
    contract: undefined,
    caFile: undefined,
    insecureHttp: false,
    maxQueueSize: QUEUE_SIZE_DEFAULT,
    maxQueueBytes: QUEUE_BYTES_DEFAULT,
    timeoutMs: TIMEOUT_MS_DEFAULT,
    gatherMs: 0,
    disabled: false,
    problems: [],
  };
  deepStrictEqual(await read({}), defaults);
  deepStrictEqual(settingsOf(new TestWorld(), NO_CONFIG_FILE), defaults);
  deepStrictEqual(await read({}, ""), defaults);
});

Deno.test("settingsOf: a file -> its values", async () => {
  deepStrictEqual(await read({}, FULL), {
    teamSlug: "file-team",
    serverUrl: "https://file.example",
    sinkUrl: "https://file.example/sink",
    sinkFormat: "structured",
    followPaths: ["/src/project"],
    contract: "producer",
    caFile: "/file.pem",
    insecureHttp: true,
    maxQueueSize: 11,
    maxQueueBytes: 12,
    timeoutMs: 3_000,
    gatherMs: 2_000,
    disabled: false,
    problems: [],
  });
});

const ENV = {
  SPEC_KITTY_SERVER_URL: "https://env.example",
  SPEC_KITTY_SINK_URL: "https://env.example/sink",
  SPEC_KITTY_SINK_FORMAT: "batch",
  SPEC_KITTY_CONTRACT: "work-packages",
  SPEC_KITTY_TEAM_SLUG: "env-team",
  SPEC_KITTY_CA_FILE: "/env.pem",
  SPEC_KITTY_INSECURE_HTTP: "0",
  SPEC_KITTY_MAX_QUEUE_SIZE: "21",
  SPEC_KITTY_MAX_QUEUE_BYTES: "22",
  SPEC_KITTY_TIMEOUT: "500ms",
  SPEC_KITTY_GATHER: "1.5s",
};

Deno.test("settingsOf: environment and file -> the environment; flag -> before both", async () => {
  const expected = {
    teamSlug: "env-team",
    serverUrl: "https://env.example",
    sinkUrl: "https://env.example/sink",
    sinkFormat: "batch",
    followPaths: ["/src/project"],
    contract: "work-packages",
    caFile: "/env.pem",
    insecureHttp: false,
    maxQueueSize: 21,
    maxQueueBytes: 22,
    timeoutMs: 500,
    gatherMs: 1_500,
    disabled: false,
    problems: [],
  };
  deepStrictEqual(await read(ENV, FULL), expected);
  deepStrictEqual(await read(ENV, FULL, { timeoutMs: 700 }), {
    ...expected,
    timeoutMs: 700,
  });
});

Deno.test("settingsOf: empty variables -> as if unset", async () => {
  const empty = Object.fromEntries(Object.keys(ENV).map((name) => [name, ""]));
  deepStrictEqual(await read(empty, FULL), await read({}, FULL));
});

const bad: [variable: string, value: string, field: keyof Settings][] = [
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "0", "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "-5", "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "1.5", "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "1e3", "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "many", "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_SIZE", "9".repeat(20), "maxQueueSize"],
  ["SPEC_KITTY_MAX_QUEUE_BYTES", " 5", "maxQueueBytes"],
  ["SPEC_KITTY_TIMEOUT", "5", "timeoutMs"],
  ["SPEC_KITTY_TIMEOUT", "soon", "timeoutMs"],
  ["SPEC_KITTY_TIMEOUT", "0s", "timeoutMs"],
  ["SPEC_KITTY_TIMEOUT", "-1s", "timeoutMs"],
  ["SPEC_KITTY_TIMEOUT", "25h", "timeoutMs"],
  ["SPEC_KITTY_GATHER", "1 s", "gatherMs"],
];
for (const [variable, value, field] of bad) {
  Deno.test(`settingsOf: ${variable}=${value} -> a problem that names it, and the file counts`, async () => {
    const settings = await read({ [variable]: value }, FULL);
    strictEqual(settings[field], (await read({}, FULL))[field]);
    strictEqual(settings.problems.length, 1);
    ok(settings.problems[0]!.startsWith(`${variable} is not used`));
  });
}

Deno.test("settingsOf: bad values in the file -> a problem each, and the defaults count", async () => {
  const settings = await read(
    {},
    `sync.server_url = 5
sync.team_slug = ["x"]
sync.max_queue_size = "eleven"
sync.max_queue_bytes = -1
emit.timeout = 3
`,
  );
  const { problems, ...rest } = settings;
  const { problems: _, ...defaults } = await read({});
  deepStrictEqual(rest, defaults);
  deepStrictEqual(
    problems.map((text) => text.match(/config\.toml: (\S+) is not used/)?.[1])
      .sort(),
    [
      "emit.timeout",
      "sync.max_queue_bytes",
      "sync.max_queue_size",
      "sync.server_url",
      "sync.team_slug",
    ],
  );
});

Deno.test("settingsOf: bad everywhere -> two problems, never the value itself", async () => {
  const { problems } = await read(
    { SPEC_KITTY_TIMEOUT: "s3cret" },
    `emit.timeout = "s3cret"`,
  );
  strictEqual(problems.length, 2);
  strictEqual(problems.join().includes("s3cret"), false);
});

for (
  const [name, toml] of [
    ["broken TOML", `[sync]\npassword = "s3cret\nteam_slug = "t"`],
    ["an unclosed table", `[sync\ntoken = "s3cret"`],
    ["a key twice", `s3cret = 1\ns3cret = 2`],
    ["bytes that are no text", new Uint8Array([0xff, 0x00, 0xfe])],
  ] as const
) {
  Deno.test(`settingsOf: ${name} -> one problem without any of the content, the defaults count`, async () => {
    const { problems, teamSlug } = await read({}, toml);
    strictEqual(teamSlug, "local");
    strictEqual(problems.length, 1);
    ok(problems[0]!.includes("config.toml is not used"));
    strictEqual(problems[0]!.includes("s3cret"), false);
  });
}

Deno.test("settingsOf: tables that are no tables, unknown keys -> no harm", async () => {
  const settings = await read({}, `sync = 5\nemit = "x"\n[other]\na = 1`);
  deepStrictEqual(settings, await read({}));
});

Deno.test("settingsOf: a folder in the file's place -> one problem", async () => {
  await using home = await tempFolder();
  await Deno.mkdir(`${home.path}/config.toml`);
  const { problems } = await readConfigFile(home.path);
  strictEqual(problems.length, 1);
});

Deno.test("settingsOf: SPEC_KITTY_DISABLED -> set by anything but 0, false, no, off and nothing", async () => {
  for (const value of ["1", "true", "yes", "on", "TRUE", "x", " "]) {
    strictEqual((await read({ SPEC_KITTY_DISABLED: value })).disabled, true);
  }
  for (const value of ["", "0", "false", "False", "no", "OFF"]) {
    strictEqual((await read({ SPEC_KITTY_DISABLED: value })).disabled, false);
  }
});

Deno.test("settingsOf: a timeout too short to work with -> raised", async () => {
  const { timeoutMs } = await read({ SPEC_KITTY_TIMEOUT: "1ms" });
  strictEqual(timeoutMs, TIMEOUT_MS_MIN);
  strictEqual((await read({}, "", { timeoutMs: 1 })).timeoutMs, TIMEOUT_MS_MIN);
});

Deno.test("config.toml: its reader cannot be loaded -> the warning says so, not that the file is no TOML", async () => {
  await using home = await tempHome();
  await Deno.mkdir(home.path, { recursive: true });
  await Deno.writeTextFile(`${home.path}/config.toml`, "[emit]\n");
  const main = new URL("../../main.ts", import.meta.url).href;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--cached-only", "--no-config", "--unstable-kv", "--no-check"],
      ...["--quiet", "--allow-all", main, "emit", "history-added", "WP01"],
      ...["note", "x"],
    ],
    // Without the project's configuration, nobody knows where the package is.
    env: { SPEC_KITTY_HOME: home.path, NO_COLOR: "1" },
  }).output();
  const told = new TextDecoder().decode(stderr);
  strictEqual(code, 0);
  match(told, /config\.toml is not used: .*smol-toml/);
  doesNotMatch(told, /not valid TOML/);
});

Deno.test("parseDuration: durations -> milliseconds; anything else -> undefined", () => {
  const good: [string, number][] = [
    ["500ms", 500],
    ["2s", 2_000],
    ["1m", 60_000],
    ["1.5m", 90_000],
    ["0.25s", 250],
    ["24h", 86_400_000],
  ];
  for (const [text, ms] of good) strictEqual(parseDuration(text), ms, text);
  const others = ["", "5", "s", "0s", "-1s", "1 s", "1S", "1d", "24.1h", ".5s"];
  for (const text of [...others, "1s ", "1s\n", "1e3s", "\u0661s"]) {
    strictEqual(parseDuration(text), undefined, text);
  }
});

Deno.test("settingsOf: a blank team -> not used, said; the next source counts", async () => {
  const blank = await read({ SPEC_KITTY_TEAM_SLUG: " \t" }, FULL);
  strictEqual(blank.teamSlug, "file-team");
  ok(
    blank.problems.some((text) =>
      text.includes(
        "SPEC_KITTY_TEAM_SLUG is not used: expected a string that is not blank",
      )
    ),
    blank.problems.join(),
  );
});
