/** The compiled program, whose rights are fixed, with proxies and certificates in its environment. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { newAuthority } from "../support/authority.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import { ForwardProxy } from "../support/forward_proxy.ts";
import { commandNeed, needing } from "../support/needs.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("openssl", ["version"])],
  "program: a server on this machine, plain and with TLS, and every proxy variable -> the proxies see nothing",
  async () => {
    await using collector = await TestCollector.start();
    await using authority = await newAuthority();
    using tls = authority.before(collector.url);
    await using proxy = new ForwardProxy();
    for (const server of [collector.url, `https://localhost:${tls.port}`]) {
      await using user = await programUser();
      const env = {
        SPEC_KITTY_CA_FILE: authority.caFile,
        NO_PROXY: "example.org",
        ...Object.fromEntries(
          ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"]
            .map((name) => [name, proxy.url]),
        ),
      };
      const { code, stdout, stderr } = await user.run(
        `echo ${ADA.password} | kitty-events auth login --server ${server} --username ada --quiet
kitty-events emit history-added WP01 note x --quiet
kitty-events sync now`,
        env,
      );
      strictEqual(code, 0, stderr);
      match(stdout, /^1 delivered/m);
    }
    deepStrictEqual(proxy.requests, []);
  },
));
