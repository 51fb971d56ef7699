/** The compiled program on the network, with no more rights than it is given. */

import { match, ok, strictEqual } from "node:assert/strict";
import { newAuthority } from "../support/authority.ts";
import { linesOf } from "../support/child.ts";
import { ADA, addUsers, CollectorClient } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { needing, OPENSSL, startTool } from "../support/needs.ts";
import { livePair, shows, trusting } from "../support/tls.ts";
import { builtProgram, programUser, RUNTIME_BASE } from "./built.ts";

Deno.test(needing(
  [RUNTIME_BASE, OPENSSL],
  "program: a collector with TLS -> batches and WebSockets, a new certificate on SIGHUP, and a doctor who reads it",
  async () => {
    await using authority = await newAuthority();
    await using folder = await tempFolder();
    await using home = await tempHome();
    const pair = await livePair(folder.path, await authority.issue());
    await addUsers(home.path);
    const { path } = await builtProgram();
    const child = startTool(path, {
      args: ["collector", "run", "--listen", "127.0.0.1:0"],
      env: {
        SPEC_KITTY_HOME: home.path,
        SPEC_KITTY_TLS_CERT: pair.certFile,
        SPEC_KITTY_TLS_KEY: pair.keyFile,
      },
    });
    const logging = new Response(child.stderr).text();
    const lines = linesOf(child.stdout);
    try {
      const { value } = await lines.next();
      const url: string = JSON.parse(value!).listening;
      using client = await trusting(authority);
      const collector = new CollectorClient(url, client);
      const { access } = await collector.logIn();
      const socket = await collector.connect(access);
      const next = await authority.issue();
      await pair.put(next);
      child.kill("SIGHUP");
      await eventually("it is shown", () => shows(url, authority, next));
      const { status } = await collector.send(access, [
        eventOf(1, { team: "acme" }).envelope,
      ]);
      strictEqual(status, 200);
      strictEqual((await socket.nextOf("event")).event.lamport_clock, 1);
      await socket.close();
      await using user = await programUser();
      const { code, stdout, stderr } = await user.run(
        `echo ${ADA.password} | kitty-events auth login --server ${url} --username ada --quiet
kitty-events doctor`,
        { SPEC_KITTY_CA_FILE: authority.caFile },
      );
      strictEqual(code, 0, stderr);
      match(stdout, /^warning +server_tls +that of 127\.0\.0\.1:\d+ expires/m);
    } finally {
      child.kill("SIGTERM");
      for await (const _ of lines);
      strictEqual((await child.status).code, 143);
    }
    ok(/a new certificate is used/.test(await logging));
  },
));
