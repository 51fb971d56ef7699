/** The README's shell blocks, made fit for running. */

/** Its text. */
export const README = await Deno.readTextFile(
  new URL("../../README.md", import.meta.url),
);

/** Shell blocks that use the program: those that need a server or an agent, and the others. */
export function shellBlocks(): { offline: string[]; online: string[] } {
  const blocks = [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text]) => text!)
    .filter((text) => /kitty-events|spool|agent\.sock/.test(text))
    .map((text) =>
      text.split("\n").filter((line) => !/^(npx|alias) /.test(line)).join("\n")
    );
  const needsServer = (text: string) => /collector|auth|agent|sync/.test(text);
  return {
    offline: blocks.filter((text) => !needsServer(text)),
    online: blocks.filter(needsServer),
  };
}

/**
 * The blocks that need a server as one script. The README's port may be taken
 * here; and what it runs in terminals of their own runs beside.
 */
export function onlineScript(blocks: readonly string[]): string {
  const script = blocks.join("\n")
    .replace("collector run", "collector run --listen 127.0.0.1:0")
    .replace(/^kitty-events (collector|agent) run.*$/gm, aside)
    .replaceAll("http://127.0.0.1:8787", "$(cat collector.url)");
  // They still write into the user's home until they have ended.
  return `trap 'kill $(jobs -p) || :; wait' EXIT\n${script}`;
}

/** Runs a command beside the script, which goes on once the command listens. */
function aside(line: string, name: string): string {
  const untilConnected = name === "agent"
    ? `until grep -q Connected .spec-kitty/agent.json; do sleep 0.05; done`
    : `sed 's/.*"\\(http[^"]*\\)".*/\\1/' collector.out > collector.url`;
  return `${line} > ${name}.out 2> ${name}.log &
until grep -q listening ${name}.out; do sleep 0.05; done
${untilConnected}`;
}
