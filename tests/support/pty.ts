/** The program on a terminal, as a person sees it. */

import { ok } from "node:assert/strict";
import { tempFolder } from "./home.ts";
import { programScript } from "./program.ts";

/** What makes the terminals. */
const PYTHON = await interpreter();

/** That it is there. */
export const PTY: Need = {
  isMet: PYTHON !== undefined,
  reason: "there is no python3 with pty",
};

/** Its own path: what is found by its name may be a script that looks for it each time. */
async function interpreter(): Promise<string | undefined> {
  const args = ["-c", "import pty, termios, sys; print(sys.executable)"];
  return await outputOf("python3", args)
    .then((path) => path.trim(), () => undefined);
}

/**
 * Runs the shell line `argv[1]` on a terminal of its own. Where `argv[2]` says
 * what a question begins with, it waits until the question is there and typing
 * is hidden, and then types `argv[3]` (hex), or sends SIGTERM where that is
 * `SIGTERM`. Prints what the terminal showed (hex), and whether it shows again
 * what is typed.
 */
const ON_TERMINAL = `
import os, pty, signal, sys, termios
line, question, keys = sys.argv[1], sys.argv[2].encode(), sys.argv[3]
pid, fd = pty.fork()
if pid == 0:
    os.execvp("/bin/sh", ["/bin/sh", "-c", line])
shown, asked = b"", not question
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if not asked and question in shown and shown.endswith(b": "):
        asked = True
        while termios.tcgetattr(fd)[3] & termios.ECHO:
            pass
        if keys == "SIGTERM":
            os.kill(pid, signal.SIGTERM)
        else:
            os.write(fd, bytes.fromhex(keys))
os.waitpid(pid, 0)
echo = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
print(shown.hex())
print("shown" if echo else "hidden")
`;
import { type Need, outputOf, runTool } from "./needs.ts";

/** What is done at a hidden question. */
export interface Answer {
  /** What the question begins with. */
  readonly question: string;
  /** What is typed; or the shell line's process gets a SIGTERM. */
  readonly keys: string | { readonly signal: "SIGTERM" };
}

/** What a terminal showed, and whether it shows what is typed after it. */
export interface Shown {
  readonly shown: string;
  readonly echo: "shown" | "hidden";
}

/** Runs a shell line on a terminal; in it, `kitty-events` is the program. */
export async function onTerminal(
  line: string,
  env: Readonly<Record<string, string>>,
  answer?: Answer,
): Promise<Shown> {
  await using folder = await tempFolder();
  const script = programScript().replace("NO_COLOR=1", "");
  await Deno.writeTextFile(`${folder.path}/kitty-events`, script, {
    mode: 0o755,
  });
  const { question = "", keys = "" } = answer ?? {};
  const { success, stdout, stderr } = await runTool(PYTHON!, {
    args: [
      // Of its libraries it takes its own alone.
      ...["-I", "-S"],
      ...["-c", ON_TERMINAL, line, question],
      typeof keys === "string"
        ? new TextEncoder().encode(keys).toHex()
        : keys.signal,
    ],
    env: {
      TERM: "xterm",
      NO_COLOR: "",
      CLICOLOR_FORCE: "",
      ...env,
      PATH: `${folder.path}:${Deno.env.get("PATH")}`,
    },
  });
  const decoder = new TextDecoder();
  ok(success, decoder.decode(stderr));
  const [hex, echo] = decoder.decode(stdout).split("\n");
  const shown = decoder.decode(Uint8Array.fromHex(hex!));
  return { shown, echo: echo === "shown" ? "shown" : "hidden" };
}
