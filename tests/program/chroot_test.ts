/** The compiled program where there is nothing else: the smallest of containers. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { NOBODY } from "../support/child.ts";
import { ADA, localCollector } from "../support/collector.ts";
import { documentsOf } from "../support/program.ts";
import type { ScriptResult, User } from "../support/user.ts";
import { builtProgram, programUser, RUNTIME_BASE } from "./built.ts";
import { commandNeed, MOUNT, needing } from "../support/needs.ts";

const NEEDS = [
  RUNTIME_BASE,
  MOUNT,
  await commandNeed("unshare", ["--mount", "true"]),
  await commandNeed("ldd"),
];

/**
 * Makes `root`, which holds the program, its libraries and an empty `data`,
 * and nothing else: no /tmp, /etc or /dev, and of /proc the one link through
 * which the runtime's base finds the script that it carries.
 */
async function makeRoot(user: User): Promise<void> {
  const { code, stderr } = await user.run(`
    mkdir -p root/data root/proc/self data
    ln -s /kitty-events root/proc/self/exe
    touch root/kitty-events
    chown ${NOBODY}:${NOBODY} data
    chmod 755 .
    for library in $(ldd bin/kitty-events | grep -o '/[^ ]*'); do
      install -D "$library" "root$library"
    done
  `);
  strictEqual(code, 0, stderr);
}

/** Runs the program in the root, which can be read only, but for `data`, as a user without an entry. */
async function runThere(
  user: User,
  args: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ScriptResult> {
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const { path } = await builtProgram();
  // The mounts end with their name space.
  return await user.run(`unshare --mount bash -euc '
    mount --bind root root
    mount --bind ${path} root/kitty-events
    mount --bind data root/data
    mount -o remount,bind,ro root
    chroot=$(PATH="$PATH:/usr/sbin:/sbin" command -v chroot)
    exec env -i ${
    words.join(" ")
  } "$chroot" --userspec=${NOBODY}:${NOBODY} root /kitty-events ${args}
  '`);
}

Deno.test(needing(
  NEEDS,
  "bare root, one folder to write: emit, validate, list, sync now -> all work",
  async () => {
    await using user = await programUser();
    await makeRoot(user);
    const home = { SPEC_KITTY_HOME: "/data/home" };
    const emitted = await runThere(
      user,
      "emit wp-status-changed WP01 planned doing --json --strict",
      home,
    );
    strictEqual(emitted.code, 0, emitted.stderr);
    const [receipt] = documentsOf(emitted.stdout);
    deepStrictEqual([receipt.status, receipt.lamport_clock], ["queued", 1]);

    const listed = await runThere(user, "queue list --json", home);
    const [{ event }] = documentsOf(listed.stdout);
    strictEqual(event.event_id, receipt.event_id);

    await Deno.writeTextFile(`${user.path}/data/a.json`, JSON.stringify(event));
    const checked = await runThere(user, "validate /data/a.json --json", home);
    deepStrictEqual(documentsOf(checked.stdout), [{ line: 1, valid: true }]);

    await using collector = await localCollector();
    const { access } = await collector.client.logIn(ADA);
    const sent = await runThere(user, "sync now --json", {
      ...home,
      SPEC_KITTY_SERVER_URL: collector.client.url,
      SPEC_KITTY_ACCESS_TOKEN: access,
      SPEC_KITTY_TEAM_SLUG: ADA.team,
    });
    strictEqual(sent.code, 0, sent.stdout + sent.stderr);
    deepStrictEqual(documentsOf(sent.stdout)[0].delivered, 1);
    const [arrived] = await collector.client.events(access);
    deepStrictEqual(arrived, { ...event, team_slug: ADA.team });
  },
));

Deno.test(needing(
  NEEDS,
  "bare root, nothing to write, or no home at all: emit -> lost, exit 0",
  async () => {
    await using user = await programUser();
    await makeRoot(user);
    for (const env of [{ SPEC_KITTY_HOME: "/home" }, {}]) {
      const { code, stdout, stderr } = await runThere(
        user,
        "emit history-added WP01 note x --json",
        env,
      );
      strictEqual(code, 0, stderr);
      deepStrictEqual(documentsOf(stdout).map(({ status }) => status), [
        "lost",
      ]);
      match(stderr, /^kitty-events: HistoryAdded lost: nothing could be /m);
    }
  },
));
