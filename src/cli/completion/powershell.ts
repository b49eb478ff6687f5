/** Completion for PowerShell 5 and later. Where it offers nothing, PowerShell offers files. */
export const powershellScript = `# PowerShell completion for banger
#
# For all sessions to come:
#   banger completion powershell >> $PROFILE
# For this one:
#   banger completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName banger -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    & banger __complete "=$wordToComplete" @before 2>$null | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if ($value.StartsWith(':')) { return }
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
`;
