/**
 * Completions for zsh, with what each word is for.
 *
 * @module
 */

import { type Model, type Values, valuesByNumber, type Word } from "./model.ts";

/** The script, to be read with `source`, or put into the `fpath` as `_kitty-events`. */
export function zshScript({ places, valued }: Model): string {
  const cases = (rows: readonly (readonly [string, string])[]) =>
    rows.filter(([, result]) => result !== "")
      .map(([pattern, result]) => `    ${quoted(pattern)}) ${result} ;;`)
      .join("\n");
  return `#compdef kitty-events
# zsh completion for kitty-events; try: source <(kitty-events completions zsh)

_kitty_events_words() {
  case "$1" in
${cases(places.map(({ path, words }) => [path, reply(words)]))}
    *) reply=() ;;
  esac
}

_kitty_events_options() {
  case "$1" in
${cases(places.map(({ path, options }) => [path, reply(options)]))}
    *) reply=() ;;
  esac
}

_kitty_events_values() {
  case "$1" in
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
  esac
}

_kitty_events() {
  local path_="" count=0 valued="" ended="" word cur="\${words[CURRENT]}"
  local -a reply taken
  taken=(${[...valued.keys()].map(quoted).join(" ")})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $valued ]]; then valued=""; continue; fi
    if [[ -z $ended && $word == "--" ]]; then ended=1; continue; fi
    if [[ -z $ended && $word == -?* ]]; then
      if (( \${taken[(Ie)$word]} )); then valued="$word"; fi
      continue
    fi
    _kitty_events_words "$path_"
    if [[ -z $ended && $count -eq 0 && -n \${reply[(r)\${(b)word}:*]} ]]; then
      path_="\${path_:+$path_ }$word"
    else
      count=$((count + 1))
    fi
  done
  if [[ -z $valued && -z $ended && $cur == --*=* ]]; then
    valued="\${cur%%=*}"
    compset -P 1 '*='
  fi
  if [[ -n $valued ]]; then
    _kitty_events_values "$valued"
  elif [[ -z $ended && $cur == -* ]]; then
    _kitty_events_options "$path_"
    _describe -o 'option' reply
  else
    if [[ -z $ended && $count -eq 0 ]]; then
      _kitty_events_words "$path_"
      if (( $#reply )); then _describe 'command' reply; fi
    fi
    _kitty_events_values "$path_:$count"
  fi
}

# Read with source it has to be made known; in the fpath it is the function itself.
if [[ $funcstack[1] == _kitty-events ]]; then
  _kitty_events "$@"
else
  compdef _kitty_events kitty-events
fi
`;
}

/** Words with their help, as `_describe` takes them. */
function reply(words: readonly Word[]): string {
  if (words.length === 0) return "";
  const items = words.map(({ word, help }) =>
    quoted(`${word.replaceAll(":", "\\:")}:${help}`)
  );
  return `reply=(${items.join(" ")})`;
}

function action(values: Values): string {
  if (values === "any") return "";
  if (values === "file") return "_files";
  if (values === "folder") return "_files -/";
  return `compadd -- ${values.map(quoted).join(" ")}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
