/**
 * The manual page, in roff, made from the commands and the topics.
 *
 * @module
 */

import type { Option } from "../base/arguments.ts";
import { type Command, COMMON_OPTIONS, EMIT_OPTIONS } from "./command.ts";
import { COMMANDS, loadCommand } from "./commands.ts";
import { commandLine, synopsis, usageOf } from "./help.ts";
import { WIDTH } from "./output.ts";
import { findTopic, type Topic } from "./topics.ts";

/** Heads of the sections that are topics, in the order of man-pages(7). */
const TOPIC_SECTIONS: readonly (readonly [head: string, topic: string])[] = [
  ["RECEIPTS", "receipts"],
  ["EXIT STATUS", "exit-codes"],
  ["ENVIRONMENT", "environment"],
  ["NETWORK", "network"],
  ["CONTAINERS", "containers"],
  ["FILES", "files"],
  ["SPOOL", "spool"],
];

/** Columns of a shell's line, behind the indentation that man gives all text. */
const SHELL_WIDTH = WIDTH - 7;

/** @param version the program's */
export async function manualPage(version: string): Promise<string> {
  const names = [...COMMANDS.keys()].filter((name) => name !== "version");
  const commands = await Promise.all(names.map((name) => loadCommand(name)));
  return [
    `.TH KITTY\\-EVENTS 1 "" ${quoted(`kitty-events ${version}`)}`,
    // Command lines are to be copied: no hyphenation, no adjusting.
    ".nh",
    ".ad l",
    ".SH NAME",
    "kitty\\-events \\- record what happens to work packages and features",
    ".SH SYNOPSIS",
    ".B kitty\\-events",
    "\\fIcommand\\fR [\\fIarguments\\fR]",
    ".SH DESCRIPTION",
    ...DESCRIPTION.flatMap(paragraph),
    ".SH OPTIONS",
    ...paragraph("Every command takes these:"),
    ...optionList(COMMON_OPTIONS),
    ...paragraph("Every emit takes these, too:"),
    ...optionList(EMIT_OPTIONS),
    ".SH COMMANDS",
    ...commands.flatMap(commandPart),
    ...TOPIC_SECTIONS.flatMap(([head, name]) => [
      `.SH ${quoted(head)}`,
      ...topicPart(findTopic(name)!),
    ]),
    ".SH EXAMPLES",
    ...commands.filter(({ examples }) => examples.length > 0)
      .flatMap(({ summary, examples }) => [
        ...paragraph(summary),
        ...shell(
          examples.flatMap((example) => commandLine(example, SHELL_WIDTH)),
        ),
      ]),
    '.SH "SEE ALSO"',
    ".BR sqlite3 (1),",
    ".BR systemd.unit (5),",
    ".BR sysexits.h (3head)",
    "",
  ].join("\n");
}

const DESCRIPTION = [
  "Records what happens to the work packages and features of a Spec Kitty project. Each call becomes an event: checked against a published JSON Schema, given a ULID and a Lamport clock value, and kept in a durable queue on disk. The caller gets a receipt that says what became of it. It is never blocked, and never fails because of the tool.",
  "Events reach a server at least once and in order: over a WebSocket while an agent has one open, in batches otherwise. The same program can be that server.",
];

function commandPart(command: Command): string[] {
  const own = Object.entries(command.options)
    .filter(([, option]) =>
      !Object.values<Option>(EMIT_OPTIONS).includes(option)
    );
  return [
    `.SS ${quoted(usageOf(command))}`,
    ...paragraph([command.summary, ...command.details ?? []].join("\n")),
    ...command.positionals.flatMap(({ name, help }) =>
      item(`\\fI${escaped(name)}\\fR`, help)
    ),
    ...optionList(Object.fromEntries(own)),
  ];
}

function optionList(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).flatMap(([name, option]) =>
    item(`\\fB${escaped(synopsis(name, option))}\\fR`, option.help)
  );
}

function topicPart({ intro = [], rows, example, outro = [] }: Topic): string[] {
  return [
    ...intro.flatMap(paragraph),
    ...rows.flatMap(([term, text]) => item(`\\fB${escaped(term)}\\fR`, text)),
    ...outro.flatMap(paragraph),
    ...example ? shell(example) : [],
  ];
}

/** Running text; a line that begins with a space, and the one behind it, begin anew. */
function paragraph(text: string): string[] {
  const lines = text.split("\n");
  return [
    ".PP",
    ...lines.flatMap((line, i) =>
      line.startsWith(" ") || lines[i - 1]?.startsWith(" ")
        ? [".br", escaped(line)]
        : [escaped(line)]
    ),
  ];
}

function item(term: string, text: string): string[] {
  return [".TP", term, escaped(text)];
}

/** Lines for a shell, as they are. */
function shell(lines: readonly string[]): string[] {
  return [".PP", ".nf", ...lines.map(escaped), ".fi"];
}

/** Text that roff shows as it is: what is typed keeps its dashes, quotes and dots. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti")
    .replace(/^\./, "\\&.");
}

/** A text as one argument of a request. */
function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', "\\(dq")}"`;
}
