/**
 * Reading the command line.
 *
 * Home-made because what stands in for `@std/cli` falls short: here arguments
 * are data, and the light parsers turn a title `007` into a number, give `--`
 * no meaning and cannot tell a missing value from an empty one, while
 * `node:util` costs a third of an `emit`.
 *
 * @module
 */

import type { Args, ArgsSpec } from "../base/arguments.ts";
import { usageError } from "../base/errors.ts";
import { nearMiss } from "../base/near_miss.ts";
import { printable } from "./output.ts";

/**
 * Splits arguments into options and positionals. `--` ends the options; a lone
 * `-` is an argument like any other.
 *
 * @param command the command's words, for messages
 * @throws {KittyError} for an unknown or incomplete option, or a missing or surplus argument
 */
export function parseArgs(
  args: readonly string[],
  spec: ArgsSpec,
  command: string,
): Args {
  const positionals: string[] = [];
  const given = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    const [name, inline] = split(arg === "-h" ? "--help" : arg);
    const option = Object.hasOwn(spec.options, name)
      ? spec.options[name]
      : undefined;
    if (!option || !arg.startsWith("--") && arg !== "-h") {
      throw unknownOption(arg, name, spec, command);
    }
    let value = inline;
    if (option.kind === "flag") {
      if (inline !== undefined) throw usageError(`--${name} takes no value`);
    } else if (value === undefined) {
      value = args[++i];
      const isOption = value?.startsWith("--") &&
        Object.hasOwn(spec.options, split(value)[0]);
      if (value === undefined || isOption) {
        throw usageError(
          `--${name} needs a value`,
          isOption
            ? `write --${name}=${printable(value!)} if that is the value`
            : helpFor(command),
        );
      }
    }
    if (option.choices && !option.choices.includes(value!)) {
      const meant = nearMiss(value!, option.choices);
      throw usageError(
        `--${name} takes one of: ${option.choices.join(", ")}`,
        meant && `did you mean --${name} ${meant}?`,
      );
    }
    given.set(name, [...given.get(name) ?? [], value ?? ""]);
  }
  if (!given.has("help")) checkComplete(positionals, given, spec, command);
  return {
    positionals,
    flag: (name) => given.has(name),
    text: (name) => given.get(name)?.at(-1),
    list: (name) => given.get(name) ?? [],
  };
}

/** `--name=value` as `["name", "value"]`. */
function split(arg: string): [string, string | undefined] {
  const body = arg.replace(/^--?/, "");
  const at = body.indexOf("=");
  return at < 0 ? [body, undefined] : [body.slice(0, at), body.slice(at + 1)];
}

function unknownOption(
  arg: string,
  name: string,
  spec: ArgsSpec,
  command: string,
): Error {
  const meant = nearMiss(name, Object.keys(spec.options));
  return usageError(
    `unknown flag ${printable(arg.split("=")[0]!)}`,
    meant
      ? `did you mean --${meant}?`
      : `text that begins with a dash goes behind --; ${helpFor(command)}`,
  );
}

function checkComplete(
  positionals: readonly string[],
  given: ReadonlyMap<string, unknown>,
  spec: ArgsSpec,
  command: string,
): void {
  const required = spec.positionals.filter(({ optional }) => !optional);
  const missing = [
    ...required.slice(positionals.length).map(({ name }) => name),
    ...Object.entries(spec.options)
      .filter(([name, { required }]) => required && !given.has(name))
      .map(([name]) => `--${name}`),
  ];
  if (missing.length > 0) {
    throw usageError(`missing: ${missing.join(", ")}`, helpFor(command));
  }
  const takesRest = spec.positionals.some(({ rest }) => rest);
  if (!takesRest && positionals.length > spec.positionals.length) {
    throw usageError(
      `${
        positionals.length - spec.positionals.length
      } argument(s) too many; text with spaces needs quotes`,
      helpFor(command),
    );
  }
}

function helpFor(command: string): string {
  return `see: kitty-events ${command ? `${command} ` : ""}--help`;
}
