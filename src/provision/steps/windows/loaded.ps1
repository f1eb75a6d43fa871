# What of a role was loaded: `{role}` to `{loaded: {step: key}}`.
. "$PSScriptRoot\prelude.ps1"
$f = "$state\$($asked.role).json"
if (Test-Path -LiteralPath $f) {
    Say @{loaded = ([IO.File]::ReadAllText($f) | ConvertFrom-Json)}
}
else {
    Say @{loaded = @{}}
}
