# `{names}` to `{missing}`.
. "$PSScriptRoot\prelude.ps1"
$have = @(Get-WindowsFeature -Name $asked.names | Where-Object { $_.InstallState -eq 'Installed' } | ForEach-Object { $_.Name })
Say @{missing = @($asked.names | Where-Object { $_ -notin $have })}
