/** The home's credentials, as this program and the Python command line write them. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  type Credentials,
  type CredentialsFinding,
  holdCredentials,
  readCredentials,
} from "../../lib/login/credentials.ts";
import { Deadline, pause } from "../../lib/base/deadline.ts";
import { DeadlineError } from "../../lib/base/errors.ts";
import { linesOf, spawnCode } from "../support/child.ts";
import { farDeadline, isThere, namesIn, tempHome } from "../support/home.ts";
import { holder } from "../support/trouble.ts";
import { MKFIFO, needing, outputOf, UNIX } from "../support/needs.ts";

const NOW_MS = Date.UTC(2026, 1, 3, 12);

/** As the Python command line writes it. */
const PYTHON = `[tokens]
access = "eyJ.access.sig"
refresh = "eyJ.refresh.sig"
access_expires_at = "2026-02-03T12:15:00.123456+00:00"
refresh_expires_at = "2026-02-10T12:00:00"

[user]
username = "ada@example.org"
team_slug = "acme"

[server]
url = "https://events.example.org"
`;

const ADA: Credentials = {
  serverUrl: new URL("https://events.example.org"),
  username: "ada@example.org",
  teamSlug: "acme",
  tokens: {
    access: "eyJ.access.sig",
    refresh: "eyJ.refresh.sig",
    accessExpiresAtMs: Date.UTC(2026, 1, 3, 12, 15, 0, 123),
    refreshExpiresAtMs: Date.UTC(2026, 1, 10, 12),
  },
};

async function put(home: string, text: string, mode = 0o600): Promise<void> {
  await Deno.mkdir(home, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${home}/credentials`, text, { mode });
}

const textOf = (home: string) => Deno.readTextFile(`${home}/credentials`);

function write(home: string, credentials: Credentials) {
  return holdCredentials(
    home,
    farDeadline(),
    (held) => held.write(credentials, NOW_MS),
  );
}

function found(finding: CredentialsFinding): Credentials {
  ok(finding.kind === "found", JSON.stringify(finding));
  return finding.credentials;
}

Deno.test("readCredentials: none -> none, and no folder is made", async () => {
  await using home = await tempHome();
  deepStrictEqual(await readCredentials(home.path), { kind: "none" });
  strictEqual(await isThere(home.path), false);
});

Deno.test("readCredentials: a file of the Python command line -> every field, times without an offset as UTC", async () => {
  await using home = await tempHome();
  await put(home.path, PYTHON);
  const { mtime } = await Deno.stat(`${home.path}/credentials`);
  deepStrictEqual(await readCredentials(home.path), {
    kind: "found",
    credentials: ADA,
    storedAtMs: mtime!.getTime(),
  });
});

Deno.test("readCredentials: times in each form of ISO 8601 -> the moment; others -> not known", async () => {
  await using home = await tempHome();
  const noon = Date.UTC(2026, 1, 3, 12);
  const cases: [string, number | undefined][] = [
    ["2026-02-03T12:00:00Z", noon],
    ["2026-02-03T12:00:00", noon],
    ["2026-02-03 12:00:00", noon],
    ["2026-02-03T12:00", noon],
    ["2026-02-03T14:30:00+02:30", noon],
    ["2026-02-03T11:00:00.000000-01:00", noon],
    ["2026-02-03T12:00:00.5", noon + 500],
    ["", undefined],
    ["soon", undefined],
    ["2026-02-03", undefined],
    ["2026-99-03T12:00:00Z", undefined],
    ["1770120000", undefined],
  ];
  for (const [text, expected] of cases) {
    await put(
      home.path,
      PYTHON.replace("2026-02-03T12:15:00.123456+00:00", text),
    );
    const { tokens } = found(await readCredentials(home.path));
    strictEqual(tokens?.accessExpiresAtMs, expected, text);
  }
});

Deno.test("readCredentials: what holds no login -> unusable, with a reason that quotes none of it", async () => {
  await using home = await tempHome();
  const cases: [string, RegExp][] = [
    [PYTHON + 'password = "eyJ', /not valid TOML \(line \d+\)/],
    ["eyJ.access.sig", /not valid TOML/],
    [PYTHON.replace('"eyJ.access.sig"', "17"), /tokens\.access is not text/],
    [
      PYTHON.replace("eyJ.access.sig", "eyJ\\nX: y"),
      /tokens\.access is not a to/,
    ],
    [
      PYTHON.replace("eyJ.refresh.sig", "eyJ é"),
      /tokens\.refresh is not a token/,
    ],
    [PYTHON.replace("https://events.example.org", ""), /not a URL/],
    [PYTHON.replace("https://events", "ftp://events"), /https:/],
    [PYTHON.replace("events.example.org", "e.org/eyJ"), /without a path/],
    ["tokens = 3", /tokens is not a table/],
    [`#${"eyJ".repeat(100_000)}`, /too large/],
  ];
  for (const [text, reason] of cases) {
    await put(home.path, text);
    const finding = await readCredentials(home.path);
    ok(finding.kind === "unusable", text.slice(0, 400));
    match(finding.why, reason);
    ok(!finding.why.includes("eyJ"), finding.why);
    strictEqual(await textOf(home.path), text);
  }
});

Deno.test("readCredentials: bytes that are no text, a folder -> unusable", async () => {
  await using home = await tempHome();
  await put(home.path, "");
  await Deno.writeFile(`${home.path}/credentials`, Uint8Array.of(0xff, 0xfe));
  const bytes = await readCredentials(home.path);
  ok(bytes.kind === "unusable");
  match(bytes.why, /not valid UTF-8/);
  await Deno.remove(`${home.path}/credentials`);
  await Deno.mkdir(`${home.path}/credentials`);
  strictEqual((await readCredentials(home.path)).kind, "unusable");
});

Deno.test(needing(
  [UNIX, MKFIFO],
  "readCredentials: a pipe in its place -> unusable at once",
  async () => {
    await using home = await tempHome();
    await put(home.path, "");
    await Deno.remove(`${home.path}/credentials`);
    await outputOf("mkfifo", [`${home.path}/credentials`]);
    strictEqual((await readCredentials(home.path)).kind, "unusable");
  },
));

Deno.test("readCredentials: no tokens, or empty ones -> found, the session over, its user still known", async () => {
  await using home = await tempHome();
  const empty = PYTHON.replaceAll(/eyJ\.\w+\.sig/g, "");
  for (const text of [empty, PYTHON.slice(PYTHON.indexOf("[user]"))]) {
    await put(home.path, text);
    deepStrictEqual(found(await readCredentials(home.path)), {
      ...ADA,
      tokens: undefined,
    });
  }
});

Deno.test("readCredentials: team local, or none -> no team", async () => {
  await using home = await tempHome();
  for (const team of ["", "local"]) {
    await put(home.path, PYTHON.replace("acme", team));
    const { teamSlug } = found(await readCredentials(home.path));
    strictEqual(teamSlug, undefined);
  }
});

Deno.test(needing(
  [UNIX],
  "readCredentials: a file that others may read -> a warning with what to do",
  async () => {
    await using home = await tempHome();
    await put(home.path, PYTHON);
    for (const mode of [0o640, 0o604, 0o620]) {
      await Deno.chmod(`${home.path}/credentials`, mode);
      const { kind, warning } = await readCredentials(home.path);
      strictEqual(kind, "found");
      match(warning!, /chmod 600 .*credentials$/);
    }
  },
));

Deno.test("write -> the Python command line's layout: quoted strings, ISO times with an offset", async () => {
  await using home = await tempHome();
  await write(home.path, ADA);
  strictEqual(
    (await textOf(home.path)).trim(),
    PYTHON.replace(".123456", ".123").replace(
      "10T12:00:00",
      "10T12:00:00.000+00:00",
    ).trim(),
  );
  deepStrictEqual(found(await readCredentials(home.path)), ADA);
});

Deno.test("write: nothing known of team, user and lifetimes -> no team, the other keys empty", async () => {
  await using home = await tempHome();
  const tokens = {
    access: "a",
    refresh: "r",
    accessExpiresAtMs: undefined,
    refreshExpiresAtMs: undefined,
  };
  const bare = { ...ADA, username: undefined, teamSlug: undefined, tokens };
  await write(home.path, ADA);
  await write(home.path, bare);
  const text = await textOf(home.path);
  match(text, /^access_expires_at = ""$/m);
  match(text, /^refresh_expires_at = ""$/m);
  match(text, /^username = ""$/m);
  ok(!text.includes("team_slug"));
  deepStrictEqual(found(await readCredentials(home.path)), bare);
});

Deno.test("write: names with quotes, backslashes, line breaks and signs of any kind -> read back the same", async () => {
  await using home = await tempHome();
  const username = `"ada"\\n\n\u0001\u007fé🐎'''`;
  await write(home.path, { ...ADA, username, teamSlug: 'a"b\\' });
  const read = found(await readCredentials(home.path));
  strictEqual(read.username, username);
  strictEqual(read.teamSlug, 'a"b\\');
});

Deno.test("write: other keys and tables in the file -> kept", async () => {
  await using home = await tempHome();
  await put(
    home.path,
    `version = 9007199254740993\n${PYTHON}color = "red"\n\n[future]\nat = 2026-02-03T12:00:00Z\nlist = [1, 2]\n`
      .replace("[user]", '[user]\nid = "u-1"'),
  );
  await write(home.path, { ...ADA, teamSlug: "other" });
  const text = await textOf(home.path);
  match(text, /^version = 9007199254740993$/m);
  match(text, /^id = "u-1"$/m);
  match(text, /^color = "red"$/m);
  match(
    text,
    /^\[future\]\nat = 2026-02-03T12:00:00\.000Z\nlist = \[ 1, 2 \]$/m,
  );
  strictEqual(found(await readCredentials(home.path)).teamSlug, "other");
});

Deno.test(needing(
  [UNIX],
  "write: a new home, an open file, a crashed writer's file -> file 0600, home 0700, nothing left over",
  async () => {
    await using home = await tempHome();
    await write(home.path, ADA);
    const modeOf = async (path: string) =>
      (await Deno.stat(path)).mode! & 0o777;
    strictEqual(await modeOf(home.path), 0o700);
    strictEqual(await modeOf(`${home.path}/credentials.lock`), 0o600);
    await Deno.chmod(`${home.path}/credentials`, 0o644);
    await Deno.writeTextFile(`${home.path}/.credentials.tmp`, "old", {
      mode: 0o666,
    });
    await Deno.chmod(`${home.path}/.credentials.tmp`, 0o666);
    await write(home.path, ADA);
    strictEqual(await modeOf(`${home.path}/credentials`), 0o600);
    deepStrictEqual(await namesIn(home.path), [
      "credentials",
      "credentials.lock",
    ]);
  },
));

Deno.test("write: a damaged file -> set aside whole, and its new name told", async () => {
  await using home = await tempHome();
  await put(home.path, "[tokens", 0o644);
  const aside = await write(home.path, ADA);
  strictEqual(aside, "credentials.damaged-2026-02-03T120000.000Z");
  strictEqual(await Deno.readTextFile(`${home.path}/${aside}`), "[tokens");
  if (Deno.build.os !== "windows") {
    const { mode } = await Deno.stat(`${home.path}/${aside}`);
    strictEqual(mode! & 0o777, 0o600);
  }
  deepStrictEqual(found(await readCredentials(home.path)), ADA);
});

Deno.test("remove: a file, a damaged one, none -> gone, with what a crashed writer left", async () => {
  await using home = await tempHome();
  const remove = () =>
    holdCredentials(home.path, farDeadline(), (held) => held.remove());
  strictEqual(await remove(), false);
  for (const text of [PYTHON, "[tokens"]) {
    await put(home.path, text);
    await Deno.writeTextFile(`${home.path}/.credentials.tmp`, text);
    strictEqual(await remove(), true);
    deepStrictEqual(await namesIn(home.path), ["credentials.lock"]);
  }
});

Deno.test("holdCredentials: held elsewhere -> gives up at its deadline, and changes nothing", async () => {
  await using home = await tempHome();
  await put(home.path, PYTHON);
  await using other = await holder(
    `const file = await Deno.open(args[0] + "/credentials.lock", { write: true, create: true });
    await file.lock(true);`,
    [home.path],
  );
  const soon = Deadline.in(() => performance.now(), 50);
  const error = await holdCredentials(
    home.path,
    soon,
    (held) => held.remove(),
  ).catch((error) => error);
  ok(error instanceof DeadlineError);
  strictEqual(await textOf(home.path), PYTHON);
  await other.release();
  strictEqual(
    await holdCredentials(home.path, farDeadline(), (held) => held.remove()),
    true,
  );
});

Deno.test("holdCredentials: the lock's file removed by its holder -> waits for the new file's lock, too", async () => {
  await using home = await tempHome();
  const path = `${home.path}/credentials.lock`;
  let isInside = false, waiting: Promise<void> | undefined;
  const next = await holdCredentials(home.path, farDeadline(), async () => {
    waiting = holdCredentials(home.path, farDeadline(), () => {
      isInside = true;
      return Promise.resolve();
    });
    // Time for the other to open the file that goes away now.
    await pause(100);
    await Deno.remove(path);
    const file = await Deno.open(path, { write: true, create: true });
    await file.lock(true);
    return file;
  });
  await pause(100);
  strictEqual(isInside, false);
  next.close();
  await waiting;
  strictEqual(isInside, true);
});

const WRITER = `
  const { holdCredentials } = await import(lib + "login/credentials.ts");
  const { Deadline } = await import(lib + "base/deadline.ts");
  const far = () => Deadline.in(() => performance.now(), 60_000);
  const tokens = (n: number) => ({ access: "access-" + n + "-" + "x".repeat(20_000), refresh: "refresh-" + n });
  for (let n = 0;; n++) {
    await holdCredentials(args[0]!, far(), (held) => held.write({
      serverUrl: new URL("https://events.example.org"), username: "ada",
      teamSlug: undefined, tokens: { ...tokens(n), accessExpiresAtMs: undefined, refreshExpiresAtMs: undefined },
    }, 0));
    if (n === 0) console.log("writing");
  }`;

Deno.test("write: killed at any moment -> the file is whole, old or new", async () => {
  await using home = await tempHome();
  for (let round = 0; round < 4; round++) {
    const child = spawnCode(WRITER, { args: [home.path] });
    const lines = linesOf(child.stdout);
    strictEqual((await lines.next()).value, "writing");
    await pause(7 * round);
    child.kill("SIGKILL");
    for await (const _ of lines);
    await child.stderr.cancel();
    await child.status;
    const { tokens } = found(await readCredentials(home.path));
    const n = tokens!.refresh.slice("refresh-".length);
    strictEqual(tokens!.access, `access-${n}-${"x".repeat(20_000)}`);
  }
});
