/**
 * Completions for fish, with what each word is for.
 *
 * @module
 */

import { type Model, type Values, valuesByNumber, type Word } from "./model.ts";

/** The script, to be read with `source`, or put into `~/.config/fish/completions`. */
export function fishScript({ places, valued }: Model): string {
  const cases = (rows: readonly (readonly [string, string])[]) =>
    rows.filter(([, result]) => result !== "")
      .map(([pattern, result]) =>
        `        case ${quoted(pattern)}\n            ${result}`
      )
      .join("\n");
  return `# fish completion for kitty-events; try: kitty-events completions fish | source

function __kitty_events_words
    switch $argv[1]
${cases(places.map(({ path, words }) => [path, lines(words)]))}
    end
end

function __kitty_events_options
    switch $argv[1]
${cases(places.map(({ path, options }) => [path, lines(options)]))}
    end
end

function __kitty_events_values
    switch $argv[1]
${cases([...valued].map(([option, values]) => [option, action(values)]))}
${
    cases(
      places.flatMap((place) =>
        valuesByNumber(place).map(([n, values]) =>
          [`${place.path}:${n}`, action(values)] as const
        )
      ),
    )
  }
    end
end

function __kitty_events_complete
    set -l taken ${[...valued.keys()].map(quoted).join(" ")}
    set -l at ''
    set -l count 0
    set -l valued ''
    set -l ended ''
    set -l cur (commandline -ct)
    for word in (commandline -opc)[2..-1]
        if test -n "$valued"
            set valued ''
        else if test -z "$ended" -a "x$word" = x--
            set ended 1
        else if test -z "$ended"; and string match -qr -- '^-.' $word
            contains -- $word $taken; and set valued $word
        else if test -z "$ended" -a $count -eq 0; and contains -- $word (__kitty_events_words "$at" | string split -f 1 \\t)
            set at (string trim -- "$at $word")
        else
            set count (math $count + 1)
        end
    end
    if test -n "$valued"
        __kitty_events_values $valued $cur
    else if test -z "$ended"; and string match -qr -- '^--.*=' $cur
        set -l parts (string split -m 1 = -- $cur)
        __kitty_events_values $parts[1] $parts[2] | string replace -r '^' -- "$parts[1]="
    else if test -z "$ended"; and string match -q -- '-*' $cur
        __kitty_events_options "$at"
    else
        if test -z "$ended" -a $count -eq 0
            __kitty_events_words "$at"
        end
        __kitty_events_values "$at:$count" $cur
    end
end

complete -c kitty-events -e
complete -c kitty-events -f -a '(__kitty_events_complete)'
`;
}

/** Words with their help, a line each, as fish reads them. */
function lines(words: readonly Word[]): string {
  if (words.length === 0) return "";
  const items = words.map(({ word, help }) => quoted(`${word}\t${help}`));
  return `printf '%s\\n' ${items.join(" ")}`;
}

function action(values: Values): string {
  if (values === "any") return "";
  if (values === "file") return "__fish_complete_path $argv[2]";
  if (values === "folder") return "__fish_complete_directories $argv[2] ''";
  return `printf '%s\\n' ${values.map(quoted).join(" ")}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
