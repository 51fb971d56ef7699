/**
 * Runs the tests: files side by side, but for those that measure something,
 * which have the machine to themselves afterwards.
 *
 *     deno task test [--quick] [FILE or FOLDER ...]
 *
 * The last lines say what was left out and why, and how many tests passed,
 * failed and were left out. Ends with 1 where one failed, or none was run.
 *
 * @module
 */

import { bundle } from "../packaging/bundle.ts";
import { ALONE, FULL_ONLY, LONGEST, SLOW, WAITING } from "./order.ts";
import { bundledProgram } from "./support/bundled.ts";
import { linesOf } from "./support/child.ts";
import { FULL } from "./support/needs.ts";
import { tempFolder } from "./support/home.ts";

const TESTS = new URL("./", import.meta.url);
const CONFIG = decodeURIComponent(
  new URL("../deno.json", import.meta.url).pathname,
);

/** What a run of tests said in the end. */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Paths of test files below `tests/`, in order of their names. */
async function filesIn(folder: URL): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) files.push(...await filesIn(url));
    else if (name.endsWith("_test.ts")) {
      files.push(url.pathname.slice(TESTS.pathname.length));
    }
  }
  return files.sort();
}

/** The files asked for: all, or those that begin with one of the given paths. */
async function chosen(args: readonly string[]): Promise<string[]> {
  const files = await filesIn(TESTS);
  const paths = args.filter((arg) => !arg.startsWith("--"))
    .map((path) => path.replace(/^(\.\/)?tests\/?/, ""));
  const isQuick = args.includes("--quick");
  const isWanted = (file: string) =>
    paths.length === 0
      ? FULL.isMet || !FULL_ONLY.has(file)
      : paths.some((path) => file.startsWith(path));
  return files.filter((file) => isWanted(file) && !(isQuick && isSlow(file)));
}

function isSlow(file: string): boolean {
  return ALONE.has(file) || LONGEST.includes(file) || WAITING.includes(file) ||
    SLOW.some((path) => file.startsWith(path));
}

/** Those of a list that are to be run, in its order. */
function among(
  list: readonly string[],
  files: readonly string[],
): string[] {
  return list.filter((file) => files.includes(file));
}

/** Bundles the program, which starts in half of the time then; from source where that cannot be done. */
async function bundled(folder: string): Promise<Record<string, string>> {
  try {
    const shipped = await bundle(`${folder}/shipped`);
    return {
      KITTY_EVENTS_SHIPPED: JSON.stringify(shipped),
      KITTY_EVENTS_BUNDLE: await bundledProgram(`${folder}/bundle`, shipped),
    };
  } catch (error) {
    console.error(`the program is run from source: ${error}`);
    return {};
  }
}

const leftOut = new Map<string, number>();

/**
 * One module for some files. Each by itself would load the program anew: most
 * of what a file takes that starts no process.
 */
async function moduleOf(
  files: readonly string[],
  folder: string,
): Promise<string> {
  const name = files[0]!.replaceAll("/", "_");
  const path = `${folder}/and_${files.length - 1}_after_${name}`;
  const imports = files.map((file) =>
    `import ${JSON.stringify(new URL(file, TESTS).href)};\n`
  );
  await Deno.writeTextFile(path, imports.join(""));
  return path;
}

/** Runs some files in one process, shows what they said when it has ended, and counts. */
async function run(
  files: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<Counts> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  // What is measured is loaded by itself.
  const isTogether = files.length > 1 && !files.some((file) => ALONE.has(file));
  const modules = isTogether ? [await moduleOf(files, folder)] : files;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--allow-all", "--no-check", `--config=${CONFIG}`],
      ...modules,
    ],
    cwd: TESTS,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: string[] = [];
  for await (const line of linesOf(child.stdout)) {
    lines.push(line);
    read(line, counts);
  }
  const { success } = await child.status;
  console.log([files.join(" "), ...lines].join("\n"));
  // A file that cannot be loaded counts in no line.
  if (!success && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** Files that one process runs, unless they take long. */
const FILES_AT_ONCE = 10;

/** Files as processes run them: each that takes long by itself, and the others some at a time. */
function portionsOf(files: readonly string[]): string[][] {
  const long = among(LONGEST, files);
  const portions = long.map((file) => [file]);
  // Stories are long and stand last; at the end, short ones keep all processes at work.
  const others = files.filter((file) => !long.includes(file)).reverse();
  for (let at = 0; at < others.length; at += FILES_AT_ONCE) {
    portions.push(others.slice(at, at + FILES_AT_ONCE));
  }
  return portions;
}

/**
 * Runs files side by side, in one process more than there are cores, as most of
 * them wait now and then; and in two beside these, those that hardly do anything else.
 */
async function runTogether(
  files: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<Counts[]> {
  const waiting = among(WAITING, files);
  const rests = waiting.map((file) => [file]).values();
  const portions = portionsOf(files.filter((file) => !waiting.includes(file)))
    .values();
  const counted: Counts[] = [];
  const work = async (portions: Iterable<string[]>) => {
    for (const portion of portions) {
      counted.push(await run(portion, env, folder));
    }
  };
  const jobs = Number(Deno.env.get("JOBS")) ||
    navigator.hardwareConcurrency + 1;
  await Promise.all([
    work(rests),
    work(rests),
    // Whoever has nothing left helps those that wait.
    ...Array.from({ length: jobs }, async () => {
      await work(portions);
      await work(rests);
    }),
  ]);
  return counted;
}

/** Reads one line of a run: its closing counts, or why a test was left out. */
function read(line: string, counts: Counts): void {
  // "ok | 12 passed (3 steps) | 0 failed | 1 ignored (4s)"
  if (/^(ok|FAILED) \| \d+ passed/.test(line)) {
    const count = (word: string) =>
      Number(line.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
    counts.passed += count("passed");
    counts.failed += count("failed");
    counts.skipped += count("ignored");
  }
  const [, reason] = line.match(/\(left out: (.*)\) \.\.\. ignored/) ?? [];
  if (reason) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
}

const files = await chosen(Deno.args);
const together = files.filter((file) => !ALONE.has(file));
await using folder = await tempFolder();
const env = {
  ...await bundled(folder.path),
  KITTY_EVENTS_RUN: folder.path,
};
const counted = await runTogether(together, env, folder.path);
const alone = files.filter((file) => ALONE.has(file));
if (alone.length > 0) counted.push(await run(alone, env, folder.path));
const sum = (key: keyof Counts) =>
  counted.reduce((total, counts) => total + counts[key], 0);
const [passed, failed, skipped] = [
  sum("passed"),
  sum("failed"),
  sum("skipped"),
];

if (passed + failed === 0) console.error("no test was run");
const isWhole = !Deno.args.some((arg) => !arg.startsWith("--"));
if (isWhole && !FULL.isMet) {
  console.log(`left out: ${FULL_ONLY.size} files of tests, ${FULL.reason}`);
}
for (const [reason, count] of leftOut) {
  console.log(
    `left out: ${count} ${count === 1 ? "test" : "tests"}, ${reason}`,
  );
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0 || passed === 0) Deno.exitCode = 1;
