/**
 * Completions for bash, from 3.2 on.
 *
 * @module
 */

import { type Model, type Values, valuesByNumber } from "./model.ts";

/** The script, to be read with `source`. */
export function bashScript({ places, valued }: Model): string {
  const wordsOf = (words: readonly { word: string }[]) =>
    words.map(({ word }) => word).join(" ");
  const cases = (rows: readonly (readonly [string, string])[]) =>
    rows.filter(([, result]) => result !== "")
      .map(([pattern, result]) => `    "${pattern}") echo "${result}" ;;`)
      .join("\n");
  return `# bash completion for kitty-events; try: source <(kitty-events completions bash)

_kitty_events_words() {
  case "$1" in
${cases(places.map(({ path, words }) => [path, wordsOf(words)]))}
  esac
}

_kitty_events_options() {
  case "$1" in
${cases(places.map(({ path, options }) => [path, wordsOf(options)]))}
  esac
}

_kitty_events_values() {
  case "$1" in
${
    cases(
      [...valued].map(([option, values]) => [option, valuesText(values)]),
    )
  }
${
    cases(
      places.flatMap((place) =>
        valuesByNumber(place).map(([n, values]) =>
          [`${place.path}:${n}`, valuesText(values)] as const
        )
      ),
    )
  }
  esac
}

_kitty_events() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" count=0 valued="" ended="" i word found
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    # Bash takes --name=value apart into three words.
    if [[ $word == "=" && -n $valued ]]; then continue; fi
    if [[ -n $valued ]]; then valued=""; continue; fi
    if [[ -z $ended && $word == "--" ]]; then ended=1; continue; fi
    if [[ -z $ended && $word == -?* ]]; then
      case " ${[...valued.keys()].join(" ")} " in
        *" $word "*) valued="$word" ;;
      esac
      continue
    fi
    found=" $(_kitty_events_words "$path") "
    if [[ -z $ended && $count -eq 0 && $found == *" $word "* ]]; then
      path="\${path:+$path }$word"
    else
      count=$((count + 1))
    fi
  done
  if [[ -n $valued ]]; then
    if [[ $cur == "=" ]]; then cur=""; fi
    found="$(_kitty_events_values "$valued")"
  elif [[ -z $ended && $cur == -* ]]; then
    found="$(_kitty_events_options "$path")"
  else
    found="$(_kitty_events_values "$path:$count")"
    if [[ -z $ended && $count -eq 0 ]]; then
      found="$(_kitty_events_words "$path") $found"
    fi
  fi
  case "$found" in
    *@file | *@folder)
      compopt -o filenames 2>/dev/null
      case "$found" in *@file) i="-f" ;; *) i="-d" ;; esac
      while IFS= read -r word; do
        COMPREPLY+=("$word")
      done < <(compgen "$i" -- "$cur")
      ;;
    *) COMPREPLY=($(compgen -W "$found" -- "$cur")) ;;
  esac
}

complete -F _kitty_events kitty-events
`;
}

function valuesText(values: Values): string {
  if (values === "any") return "";
  return typeof values === "string" ? `@${values}` : values.join(" ");
}
