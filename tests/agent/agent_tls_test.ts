/** An agent with a certificate: callers elsewhere over TLS, programs of its home over its socket. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { draft } from "../support/agent.ts";
import { newAuthority } from "../support/authority.ts";
import {
  emitNote,
  handingTo,
  startElsewhere,
  TOKEN,
} from "../support/elsewhere.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import {
  CURL,
  needing,
  OPENSSL,
  outputOf,
  runTool,
  UNIX,
} from "../support/needs.ts";
import {
  documentsOf,
  runIn,
  runProgram,
  variantsOf,
} from "../support/program.ts";
import { livePair, shows } from "../support/tls.ts";

Deno.test(needing(
  [OPENSSL, CURL, UNIX],
  "agent run --tls-cert: curl with the token -> a receipt; SIGHUP -> the new certificate; the home's programs use the socket",
  async () => {
    await using authority = await newAuthority();
    await using folder = await tempFolder();
    await using home = await tempHome();
    const pair = await livePair(folder.path, await authority.issue());
    await using agent = await startElsewhere(home.path, undefined, {
      SPEC_KITTY_TLS_CERT: pair.certFile,
      SPEC_KITTY_TLS_KEY: pair.keyFile,
    });
    match(agent.listening, /^https:\/\/127\.0\.0\.1:\d+$/);
    const post = (token: string) =>
      outputOf("curl", [
        ...["--silent", "--show-error", "--cacert", authority.caFile],
        ...["--oauth2-bearer", token, "--json", JSON.stringify(draft(1))],
        `${agent.listening}/v1/events`,
      ]);
    strictEqual(JSON.parse(await post(TOKEN)).status, "queued");
    match(await post(`${TOKEN}x`), /"error"/);
    const stranger = await runTool("curl", {
      args: ["--silent", `${agent.listening}/healthz`],
    });
    strictEqual(stranger.code, 60);
    const next = await authority.issue();
    await pair.put(next);
    agent.signal("SIGHUP");
    await eventually(
      "it is shown",
      () => shows(agent.listening, authority, next),
    );
    strictEqual(JSON.parse(await post(TOKEN)).status, "queued");
    // They trust nobody's authority, and need not.
    const { code, stdout } = await runProgram(
      ["agent", "status", "--json"],
      { SPEC_KITTY_HOME: home.path },
    );
    strictEqual(code, 0);
    const [status] = documentsOf(stdout);
    ok(status.running && status.listening.endsWith(".sock"), stdout);
    deepStrictEqual(status.addresses, [agent.listening, status.listening]);
    const sync = await runProgram(["sync", "now"], {
      SPEC_KITTY_HOME: home.path,
    });
    // It reaches the agent, which nobody has logged in.
    ok(!/does not answer/.test(sync.stderr), sync.stderr);
  },
));

Deno.test(needing(
  [OPENSSL],
  "emit, doctor: an agent with TLS asked by http, one without by https -> spooled, and each says which it is",
  async () => {
    await using authority = await newAuthority();
    await using home = await tempHome();
    await using other = await tempHome();
    await using here = await tempHome();
    const { certFile, keyFile } = await authority.issue();
    await using secured = await startElsewhere(home.path, undefined, {
      SPEC_KITTY_TLS_CERT: certFile,
      SPEC_KITTY_TLS_KEY: keyFile,
    });
    await using plain = await startElsewhere(other.path);
    const askedBy = (listening: string, scheme: string) =>
      handingTo(`${scheme}://${new URL(listening).host}`, here.path);
    for (
      const [env, words] of [
        [askedBy(secured.listening, "http"), /speaks TLS: ask it by https:/],
        [askedBy(plain.listening, "https"), /speaks no TLS: ask it by http:/],
      ] as const
    ) {
      const { receipt } = await emitNote(env, "hello");
      strictEqual(receipt.status, "spooled");
      match(receipt.warning, words);
      const { stdout } = await runProgram(["doctor", "--json"], env);
      match(stdout, words);
    }
  },
));

Deno.test(needing(
  [OPENSSL],
  "agent run --tls-cert: half of a pair, on its socket -> 64; one that cannot be used -> 78",
  async () => {
    await using authority = await newAuthority();
    await using home = await tempHome();
    const { certFile, keyFile } = await authority.issue();
    const run = variantsOf(runIn(home.path));
    const codeOf = async (...words: string[]) =>
      (await run(["agent", "run", ...words])).code;
    const listen = ["--listen", "127.0.0.1:0"];
    const cert = ["--tls-cert", certFile], key = ["--tls-key", keyFile];
    strictEqual(await codeOf(...listen, ...cert), 64);
    strictEqual(await codeOf(...listen, ...key), 64);
    strictEqual(await codeOf(...cert, ...key), 64);
    strictEqual(
      await codeOf(...listen, ...cert, "--tls-key", authority.caFile),
      78,
    );
    strictEqual(await codeOf(...listen, "--trust-proxy", "0.0.0.0/0"), 64);
  },
));
