/**
 * What the shells read: a few lines each, which ask the program what may stand
 * at the cursor (`complete.ts`). The word at the cursor goes first, behind a
 * `=`, because some shells leave empty arguments out.
 *
 * @module
 */

/** Bash, from 3.2 on. It takes `--name=value` apart into three words. */
const bash =
  `# bash completion for kitty-events; try: source <(kitty-events completions bash)

_kitty_events() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" kind word
  COMPREPLY=()
  if [[ $cur == "=" ]]; then cur=""; fi
  while IFS= read -r word; do
    case "$word" in
      @file | @folder)
        compopt -o filenames 2>/dev/null
        case "$word" in @file) kind="-f" ;; *) kind="-d" ;; esac
        while IFS= read -r word; do
          COMPREPLY+=("$word")
        done < <(compgen "$kind" -- "$cur")
        ;;
      *) COMPREPLY+=("\${word%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "=$cur" "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
}

complete -F _kitty_events kitty-events
`;

/** To be read with \`source\`, or put into the \`fpath\` as \`_kitty-events\`. */
const zsh = `#compdef kitty-events
# zsh completion for kitty-events; try: source <(kitty-events completions zsh)

_kitty_events() {
  local line cur="\${words[CURRENT]}"
  local -a found
  for line in "\${(@f)$("\${words[1]}" __complete "=$cur" "\${(@)words[2,CURRENT-1]}" 2>/dev/null)}"; do
    case "$line" in
      @file | @folder)
        if [[ $cur == --*=* ]]; then compset -P 1 '*='; fi
        if [[ $line == @file ]]; then _files; else _files -/; fi
        ;;
      ?*) found+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  if (( $#found )); then _describe 'kitty-events' found; fi
}

# Read with source it has to be made known; in the fpath it is the function itself.
if [[ $funcstack[1] == _kitty-events ]]; then
  _kitty_events "$@"
else
  compdef _kitty_events kitty-events
fi
`;

/** To be read with \`source\`, or put into \`~/.config/fish/completions\`. */
const fish =
  `# fish completion for kitty-events; try: kitty-events completions fish | source

function __kitty_events_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l flag (string match -r -- '^--[^=]*=' $cur)
    set -l value (string replace -r -- '^--[^=]*=' '' $cur)
    for line in ($words[1] __complete "=$cur" $words[2..-1] 2>/dev/null)
        switch $line
            case @file
                __fish_complete_path $value | string replace -r '^' -- "$flag"
            case @folder
                __fish_complete_directories $value '' | string replace -r '^' -- "$flag"
            case '*'
                echo $line
        end
    end
end

complete -c kitty-events -e
complete -c kitty-events -f -a '(__kitty_events_complete)'
`;

/** To be read with \`Invoke-Expression\`, or put into the profile. */
const powershell = `# PowerShell completion for kitty-events; try:
# kitty-events completions powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName kitty-events -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    # Where nothing is found, PowerShell completes files by itself.
    & kitty-events __complete "=$wordToComplete" @before 2>$null |
        Where-Object { $_ -notlike '@*' } | ForEach-Object {
            $word, $help = $_ -split '\\t', 2
            if (-not $help) { $help = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
        }
}
`;

/** By the names of their shells. */
export const SCRIPTS: ReadonlyMap<string, string> = new Map(
  Object.entries({ bash, zsh, fish, powershell }),
);
