/**
 * `completions <shell>`: a script that completes command lines in a shell.
 *
 * @module
 */

import { EXIT, usageError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near_miss.ts";
import type { Command } from "../command.ts";
import { SCRIPTS } from "../completions/scripts.ts";
import { printable } from "../output.ts";

const SHELLS = [...SCRIPTS.keys()];

export const completions: readonly Command[] = [{
  name: "completions",
  summary: "Print a script that completes command lines in a shell.",
  details: [
    "It completes commands, flags, statuses, files, and what the home knows: ids of",
    "events, work packages, features, teams. To have it in every new shell:",
    "  bash  echo 'source <(kitty-events completions bash)' >> ~/.bashrc",
    "  zsh   echo 'source <(kitty-events completions zsh)' >> ~/.zshrc",
    "        (behind the line with compinit)",
    "  fish  kitty-events completions fish \\",
    "          > ~/.config/fish/completions/kitty-events.fish",
    "In the profile of PowerShell:",
    "  kitty-events completions powershell | Out-String | Invoke-Expression",
  ],
  examples: ["completions bash > kitty-events.bash"],
  positionals: [{ name: "SHELL", help: `one of ${SHELLS.join(", ")}` }],
  options: {},
  async run({ args, out }) {
    const shell = args.positionals[0]!;
    const script = SCRIPTS.get(shell);
    if (script === undefined) {
      const meant = nearMiss(shell, SHELLS);
      throw usageError(
        `no completions for "${printable(shell, 40)}"`,
        meant
          ? `did you mean: kitty-events completions ${meant}?`
          : `one of: ${SHELLS.join(", ")}`,
      );
    }
    await (out.mode.json
      ? out.line(JSON.stringify({ shell, script }))
      : out.terminal.write(script));
    return EXIT.ok;
  },
}];
