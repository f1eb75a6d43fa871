# `{names, start, isRunning}`.
. "$PSScriptRoot\prelude.ps1"
foreach ($n in $asked.names) {
    Set-Service -Name $n -StartupType $asked.start
    if ($asked.isRunning) { Start-Service -Name $n } else { Stop-Service -Name $n -Force }
}
Say @{}
