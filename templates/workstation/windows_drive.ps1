# A share as drive P: of whoever logs on, by their own right to it: `check SHARE` and `set SHARE`; SHARE is `none` where
# nobody is to have one.
param([string]$verb, [string]$share)
$ErrorActionPreference = 'Stop'
trap {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
$run = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Run'
$name = 'maquette-drive'
$wanted = $null
if ($share -ne 'none') { $wanted = "net.exe use P: `"$share`" /persistent:no" }
if ($verb -eq 'set') {
    if ($null -ne $wanted) { Set-ItemProperty -LiteralPath $run -Name $name -Value $wanted -Type String }
    else { Remove-ItemProperty -LiteralPath $run -Name $name -ErrorAction SilentlyContinue }
}
$now = (Get-Item -LiteralPath $run).GetValue($name)
if ($now -ne $wanted) { throw "at their logon people have: $now" }
