# Whether the host has begun again since it was told to: to `{restarted}`.
. "$PSScriptRoot\prelude.ps1"
Say @{restarted = -not (Test-Path -LiteralPath 'HKLM:\SOFTWARE\maquette-restart')}
