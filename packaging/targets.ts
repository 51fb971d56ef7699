/**
 * The systems that there is a program for.
 *
 * @module
 */

/** A system, by the name that the compiler gives it, and by those that its packages use. */
export interface Target {
  /** Rust's name, which `deno compile --target` takes. */
  readonly triple: string;
  /** In the names of archives. */
  readonly name: string;
  readonly os: "linux" | "macos" | "windows";
  readonly cpu: "x64" | "arm64";
  /** The program's file name. */
  readonly program: string;
}

function target(
  triple: string,
  os: Target["os"],
  cpu: Target["cpu"],
): Target {
  const program = os === "windows" ? "kitty-events.exe" : "kitty-events";
  return { triple, name: `${os}-${cpu}`, os, cpu, program };
}

/** All of them: what `deno compile` has a base for. */
export const TARGETS: readonly Target[] = [
  target("x86_64-unknown-linux-gnu", "linux", "x64"),
  target("aarch64-unknown-linux-gnu", "linux", "arm64"),
  target("x86_64-apple-darwin", "macos", "x64"),
  target("aarch64-apple-darwin", "macos", "arm64"),
  target("x86_64-pc-windows-msvc", "windows", "x64"),
  target("aarch64-pc-windows-msvc", "windows", "arm64"),
];

/** The target of a triple, or of a name such as `linux-x64`. */
export function findTarget(word: string): Target | undefined {
  return TARGETS.find(({ triple, name }) => [triple, name].includes(word));
}
