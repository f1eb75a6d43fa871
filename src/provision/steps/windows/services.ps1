# `{names}` to `{services: {name: {status, start}}}`, empty words where there is none.
. "$PSScriptRoot\prelude.ps1"
$r = @{}
foreach ($n in $asked.names) {
    $s = Get-Service -Name $n -ErrorAction SilentlyContinue
    if ($null -eq $s) { $r[$n] = @{status = ''; start = ''} }
    else { $r[$n] = @{status = "$($s.Status)"; start = "$($s.StartType)"} }
}
Say @{services = $r}
