/**
 * The compiled program against a compiled empty script, on the same base:
 *
 *     deno task bench:program [--compiler FILE] [--runs=N]
 *
 * `--compiler` names a command that takes the script, the output and flags, as
 * in `FILE main.js program --no-prompt`; without one it is `deno compile`.
 *
 * @module
 */

import { valueOf } from "../packaging/arguments.ts";
import { bundle } from "../packaging/bundle.ts";
import { compilerAt, denoCompiler, makeProgram } from "../packaging/compile.ts";
import { ROW } from "../packaging/recording.ts";
import { findTarget } from "../packaging/targets.ts";
import { firstLine, median, runsAsked, wallTimes } from "./measure.ts";

const command = valueOf(Deno.args, "--compiler");
const compiler = command
  ? compilerAt(await Deno.realPath(command))
  : denoCompiler;
const target = findTarget(Deno.build.target)!;
const runs = runsAsked(40);
const MIB = 1024 * 1024;

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  const { entry, bytes } = await bundle(`${folder}/bundle`);
  await Deno.writeTextFile(`${folder}/empty.js`, "\n");
  const program = `${folder}/kitty-events`, empty = `${folder}/empty`;
  const said = await makeProgram(compiler, entry, target, program);
  await compiler(`${folder}/empty.js`, target, empty);
  console.log(
    `${Deno.build.target}, ${navigator.hardwareConcurrency} cores, ${runs} runs, medians; ${await versionOf(
      program,
    )}\n${said}\n`,
  );
  const env = { SPEC_KITTY_HOME: `${folder}/home` };
  const args = ["emit", "wp-status-changed", "WP01", "planned", "doing"];
  const strict = [...args, "--strict", "--json"];
  const [base, emit, rows] = await wallTimes([
    { name: "empty", command: empty, args: [], env },
    { name: "emit", command: program, args: strict, env },
    { name: "row", command: program, args: [...ROW, "--strict"], env },
  ], runs) as [number[], number[], number[]];
  report("empty program", `${median(base).toFixed(1)} ms`);
  report("one-shot emit", `${median(emit).toFixed(1)} ms`);
  report("one-shot emit / empty program", ratio(emit, base));
  report("one-shot emit of a row / empty program", ratio(rows, base));
  for (
    const [name, address] of [
      ["TCP", "127.0.0.1:0"],
      ["socket", `unix:${folder}/agent.sock`],
    ] as const
  ) {
    const agent = await startAgent(program, name, address);
    const [alone, handed] = await wallTimes([
      { name: "empty", command: empty, args: [], env },
      {
        name: "handed over",
        command: program,
        args: [...strict, "--wait", "disk"],
        env: { ...env, ...agent.env },
      },
    ], runs) as [number[], number[]];
    await agent.stop(handed.length);
    report(
      `one-shot emit to an agent, ${name} / empty program`,
      ratio(handed, alone),
    );
  }
  const size = (await Deno.stat(program)).size;
  const over = size - (await Deno.stat(empty)).size;
  report("size of the program", `${(size / MIB).toFixed(1)} MiB`);
  report("size over the empty program", `${(over / MIB).toFixed(2)} MiB`);
  report("size of the bundle", `${(bytes / 1024).toFixed(1)} KiB`);
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Starts an agent in a home of its own, and waits until it listens. */
async function startAgent(program: string, name: string, address: string) {
  const token = crypto.randomUUID();
  const env = { SPEC_KITTY_HOME: `${folder}/${name}` };
  const child = new Deno.Command(program, {
    args: ["agent", "run", "--listen", address],
    env: { ...env, SPEC_KITTY_AGENT_TOKEN: token },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const { listening } = JSON.parse(await firstLine(child));
  return {
    env: {
      SPEC_KITTY_AGENT_URL: address.startsWith("unix:") ? address : listening,
      SPEC_KITTY_AGENT_TOKEN: token,
    },
    /** Ends it; what was handed over has to be there. */
    async stop(atLeast: number): Promise<void> {
      const { stdout } = await new Deno.Command(program, {
        args: ["queue", "stats", "--json"],
        env,
      }).output();
      const { queued } = JSON.parse(new TextDecoder().decode(stdout));
      if (queued < atLeast) throw new Error(`${name}: only ${queued} arrived`);
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

/** The median of the ratios of runs that followed each other. */
function ratio(of: readonly number[], base: readonly number[]): string {
  return `${median(of.map((ms, i) => ms / base[i]!)).toFixed(2)}x`;
}

function report(name: string, value: string): void {
  console.log(`${name.padEnd(50)} ${value}`);
}
