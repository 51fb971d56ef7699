/**
 * Completions for PowerShell, with what each word is for.
 *
 * @module
 */

import { type Model, type Values, valuesByNumber, type Word } from "./model.ts";

/** The script, to be read with `Invoke-Expression`, or put into the profile. */
export function powershellScript({ places, valued }: Model): string {
  const table = (rows: readonly (readonly [string, string])[]) =>
    rows.filter(([, items]) => items !== "")
      .map(([key, items]) => `        ${quoted(key)} = @(${items})`)
      .join("\n");
  return `# PowerShell completion for kitty-events; try:
# kitty-events completions powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName kitty-events -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @{
${table(places.map(({ path, words }) => [path, pairs(words)]))}
    }
    $options = @{
${table(places.map(({ path, options }) => [path, pairs(options)]))}
    }
    $values = @{
${table([...valued].map(([option, values]) => [option, choices(values)]))}
${
    table(
      places.flatMap((place) =>
        valuesByNumber(place).map(([n, values]) =>
          [`${place.path}:${n}`, choices(values)] as const
        )
      ),
    )
  }
    }
    $valued = @(${[...valued.keys()].map(quoted).join(", ")})

    $path = ''
    $count = 0
    $option = ''
    $ended = $false
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    foreach ($word in $before) {
        if ($option) { $option = ''; continue }
        if (-not $ended -and $word -eq '--') { $ended = $true; continue }
        if (-not $ended -and $word -like '-?*') {
            if ($valued -contains $word) { $option = $word }
            continue
        }
        $next = "$path $word".Trim()
        $known = @($words[$path] | Where-Object { $_ } | ForEach-Object { $_[0] })
        if (-not $ended -and $count -eq 0 -and $known -ccontains $word) {
            $path = $next
        } else {
            $count += 1
        }
    }
    # Where nothing is found, PowerShell completes files by itself.
    if ($option) {
        $found = @($values[$option])
    } elseif (-not $ended -and $wordToComplete -like '-*') {
        $found = @($options[$path])
    } else {
        $found = @($values["\${path}:$count"])
        if (-not $ended -and $count -eq 0) { $found = @($words[$path]) + $found }
    }
    $found | Where-Object { $_ -and $_[0] -like "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
`;
}

/** Words with their help, as a list of pairs. */
function pairs(words: readonly Word[]): string {
  return words.map(({ word, help }) => `@(${quoted(word)}, ${quoted(help)})`)
    .map((pair) => `,${pair}`).join("; ");
}

function choices(values: Values): string {
  return typeof values === "string"
    ? ""
    : pairs(values.map((word) => ({ word, help: word })));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
