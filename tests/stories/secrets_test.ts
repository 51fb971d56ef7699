/** Passwords, tokens and the texts of payloads are in nothing that the program writes for people and logs. */

import { ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { TestAgent } from "../support/agent.ts";
import { eventually } from "../support/eventually.ts";
import { answer, poison } from "../support/fault/answers.ts";
import { cut, latency } from "../support/fault/pipe.ts";
import { namesIn } from "../support/home.ts";
import { commandLines, hasProc, Output } from "../support/output.ts";
import { documentsOf, type Run, watched } from "../support/program.ts";
import {
  draftWith,
  HOLDER,
  logInAt,
  note,
  onMachine,
  PASSWORD,
  type RecordedSite,
  TEXT,
} from "../support/recorded_site.ts";

Deno.test({
  name:
    `all commands: good and bad days -> no password, token or payload text in what they write${
      hasProc ? "" : " (process list ignored: needs Linux)"
    }`,
  fn: () =>
    onMachine(async ({ home, a, run: plain }) => {
      const output = new Output();
      const run = watched(plain, ({ stdout, stderr }) => {
        output.keep(stdout, stderr);
      });
      await invalid(run, a, output);
      await badLogins(run, a, output);
      await badServer(run, a);
      await withAgent(run, home, output);
      output.keep(a.collector.log, await filesOf(home));
      ok(a.tokens.size > 4);
      output.verifyWithout([PASSWORD, TEXT, ...a.tokens]);
    }),
});

/** Documents that are wrong where the text is. */
const INVALID = [
  { event_type: TEXT, payload: {} },
  { event_type: "HistoryAdded", payload: TEXT },
  { ...draftWith({ wp_id: TEXT }), timestamp: TEXT },
  { ...draftWith({ entry_type: TEXT }), event_id: "x", extra: TEXT },
  draftWith({ wp_id: [TEXT], entry_type: { a: TEXT } }),
].map((document) => JSON.stringify(document)).concat(
  `{"event_type": "${TEXT}`,
  `"${TEXT}"`,
  TEXT,
  JSON.stringify(draftWith({})).replace('"note"', `"${TEXT}\\ud800"`),
  JSON.stringify(draftWith({})).replace('"note"', '"note", "size": 1e999'),
);

async function invalid(
  run: Run,
  { collector }: RecordedSite,
  output: Output,
): Promise<void> {
  const stdin = INVALID.join("\n");
  for (
    const words of [["emit", "--stdin"], ["validate"], ["validate", "--draft"]]
  ) {
    const { stdout } = await run([...words, "--verbose", "--json"], { stdin });
    ok(
      documentsOf(stdout).every(({ valid, status }) =>
        valid === false || status === "discarded"
      ),
    );
  }
  await run(["emit", "history-added", TEXT, TEXT, "-"], { stdin: TEXT });
  const { access } = await collector.logIn(HOLDER);
  for (const body of [...INVALID, `{"events":[${INVALID.slice(0, 5)}]}`]) {
    const { text } = await collector.ask(PATHS.batch, { token: access, body });
    output.keep(text);
  }
}

async function badLogins(
  run: Run,
  site: RecordedSite,
  output: Output,
): Promise<void> {
  const wrong = { ...HOLDER, password: `${PASSWORD}-not` };
  strictEqual((await logInAt(run, site, wrong)).code, 77);
  for (const fault of [answer({ status: 500 }), cut("answer")]) {
    const injected = site.proxy.inject(fault);
    strictEqual((await logInAt(run, site, HOLDER)).code, 69);
    injected.remove();
  }
  const slow = site.proxy.inject(latency(500));
  const before = site.proxy.requests(PATHS.token);
  const logging = logInAt(run, site, HOLDER);
  await eventually("asked", () => site.proxy.requests(PATHS.token) > before);
  if (hasProc) output.keep(await commandLines());
  strictEqual((await logging).code, 0);
  slow.remove();
}

async function badServer(run: Run, { proxy }: RecordedSite): Promise<void> {
  await note(run, 3);
  const options = { path: PATHS.batch };
  for (
    const fault of [
      answer({ status: 500 }),
      answer({ status: 401 }),
      answer({ status: 403 }),
      cut("answer"),
      poison(() => true),
    ]
  ) {
    const injected = proxy.inject(fault, options);
    ok((await run(["sync", "now", "--timeout", "3s", "--verbose"])).code > 0);
    injected.remove();
    await run(["sync", "status"]);
  }
}

async function withAgent(
  run: Run,
  home: string,
  output: Output,
): Promise<void> {
  const agent = await TestAgent.connected(home);
  await note(run, 3);
  await run(
    ["emit", "history-added", "WP01", "note", "-", "--wait", "server"],
    {
      stdin: TEXT,
    },
  );
  for (
    const words of [
      ["sync", "now", "--verbose"],
      ["sync", "status", "--json"],
      ["agent", "status", "--json"],
      ["auth", "status", "--json"],
      ["queue", "stats", "--json"],
      ["queue", "check"],
      ["doctor"],
    ]
  ) await run(words);
  if (hasProc) output.keep(await commandLines());
  output.keep(await Deno.readTextFile(`${home}/agent.json`));
  strictEqual(await agent.stop(), 143);
  ok(agent.log.length > 0);
  output.keep(agent.log);
  await run(["auth", "logout"]);
}

/** What is in a home beside the login and the events. */
async function filesOf(home: string): Promise<string> {
  let all = "";
  for (const name of await namesIn(home)) {
    if (/^(credentials|events\.kv.*|spool)$/.test(name)) continue;
    all += await Deno.readTextFile(`${home}/${name}`);
  }
  return all;
}
