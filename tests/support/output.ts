/** All that the program writes where people and logs are. */

import { strictEqual } from "node:assert/strict";

/** Texts in which no secret may be. */
export class Output {
  #all = "";

  keep(...texts: readonly string[]): void {
    this.#all += texts.join("\n");
  }

  verifyWithout(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      const at = this.#all.indexOf(secret);
      const around = this.#all.slice(Math.max(0, at - 300), at + 100);
      strictEqual(at, -1, `a secret was written: ${around}`);
    }
  }
}

/** Whether the system tells the command lines of processes. */
export const hasProc = Deno.build.os === "linux";

/** Command lines of all processes. */
export async function commandLines(): Promise<string> {
  let all = "";
  for (const { name } of await Array.fromAsync(Deno.readDir("/proc"))) {
    if (!/^\d+$/.test(name)) continue;
    all += await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
  }
  return all;
}
