/** What the README shows, with the compiled program on the path. */

import { commandNeed, needing } from "../support/needs.ts";
import { checkOffline, checkOnline } from "../support/readme.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

Deno.test(needing(
  [RUNTIME_BASE],
  "README: shell blocks, compiled -> run, in this order, for a new user",
  async () => {
    await using user = await programUser();
    await checkOffline(user);
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("curl")],
  "README: shell blocks of server, login and agent, compiled -> run, and everything arrives",
  async () => {
    await using user = await programUser();
    await checkOnline(user);
  },
));
