# `{names}` to `{restart}`.
. "$PSScriptRoot\prelude.ps1"
$r = Install-WindowsFeature -Name $asked.names -IncludeManagementTools
if (-not $r.Success) { throw "Install-WindowsFeature: $($r.ExitCode)" }
Say @{restart = ("$($r.RestartNeeded)" -eq 'Yes')}
