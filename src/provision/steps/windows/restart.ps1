# Restarts the host, by a mark that no restart outlives: a key of the registry that is kept in memory alone. Whether it has
# begun again is asked of that mark (restarted.ps1), and of no clock.
. "$PSScriptRoot\prelude.ps1"
$k = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\maquette-restart', [Microsoft.Win32.RegistryKeyPermissionCheck]::ReadWriteSubTree, [Microsoft.Win32.RegistryOptions]::Volatile)
$k.Dispose()
Say @{}
& shutdown.exe /r /t 1 /d 'p:4:1' 2>&1 | Out-Null
exit $LASTEXITCODE
