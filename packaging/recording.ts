/**
 * What the program runs while its code cache is recorded, and whether the cache
 * pays: it costs a program `node:vm`, which some runtimes load within a
 * millisecond and others within twenty.
 *
 * @module
 */

import { sampleId } from "../lib/api/samples.ts";
import { EMIT_COMMANDS } from "../lib/event/types/types.ts";
import { firstLine, median, wallTimes } from "../bench/measure.ts";

/** One event of each type of the first contract, as their help shows them. */
const EMITS = EMIT_COMMANDS.map(({ example }) =>
  [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) =>
    quoted ?? bare!
  )
);

/** A row, of the type that is recorded most. */
export const ROW: readonly string[] = [
  ...["emit", "lane.transitioned", "--mission-id", sampleId(0)],
  ...["--subject", "WP01", "--from-lane", "planned", "--to-lane", "claimed"],
  ...["--execution-mode", "worktree", "--actor", "ada"],
];

/** A project, as most commands are called in one. */
const PROJECT = "project:\n  slug: kitty-events\n";

/** Pairs of runs that tell what a cache saves. */
const PAIRS = 21;

/** Where a program is run. */
interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A home in a folder of its own, without what the environment says to the program. */
function placeIn(folder: string, env: Place["env"] = {}): Place {
  const own = Object.entries(Deno.env.toObject())
    .filter(([name]) => !/^(?:SPEC_KITTY|DENO)_/.test(name));
  return {
    cwd: folder,
    env: {
      ...Object.fromEntries(own),
      SPEC_KITTY_HOME: `${folder}/home`,
      ...env,
    },
  };
}

/**
 * Runs what has to be quick: one event of each type, a row, both in a project,
 * and what is handed over to an agent.
 *
 * @param folder for homes and a project
 */
export async function runEmits(program: string, folder: string): Promise<void> {
  const away = placeIn(folder);
  const project = { ...away, cwd: `${folder}/project` };
  await Deno.mkdir(`${project.cwd}/.kittify`, { recursive: true });
  await Deno.writeTextFile(`${project.cwd}/.kittify/config.yaml`, PROJECT);
  for (const args of [...EMITS, ROW]) await runToItsEnd(program, args, away);
  for (const args of [EMITS[0]!, ROW]) {
    await runToItsEnd(program, args, project);
  }
  const token = crypto.randomUUID();
  const agent = new Deno.Command(program, {
    ...placeIn(folder, {
      SPEC_KITTY_HOME: `${folder}/agent`,
      SPEC_KITTY_AGENT_TOKEN: token,
    }),
    clearEnv: true,
    args: ["agent", "run", "--listen", "127.0.0.1:0"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const { listening } = JSON.parse(await firstLine(agent));
    const handing = placeIn(folder, {
      SPEC_KITTY_AGENT_URL: listening,
      SPEC_KITTY_AGENT_TOKEN: token,
    });
    await runToItsEnd(program, EMITS[0]!, handing);
  } finally {
    // So that it records nothing: what agents run is no concern of an `emit`.
    agent.kill("SIGKILL");
    await agent.status;
  }
}

async function runToItsEnd(
  program: string,
  args: readonly string[],
  place: Place,
): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, {
    ...place,
    clearEnv: true,
    args: [...args, "--strict"],
    stdin: "null",
  }).output();
  if (code === 0) return;
  const words = new TextDecoder().decode(stderr);
  throw new Error(`${args.join(" ")} ended with exit code ${code}: ${words}`);
}

/** What one `emit` takes in one program, over what it takes in another. */
export async function ratioOf(
  one: string,
  other: string,
  folder: string,
): Promise<number> {
  const place = placeIn(folder);
  const [times, base] = await wallTimes(
    [one, other].map((command) => ({
      ...place,
      name: command,
      command,
      args: EMITS[0]!,
    })),
    PAIRS,
  ) as [number[], number[]];
  return median(times.map((ms, i) => ms / base[i]!));
}
