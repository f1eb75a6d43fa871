# Keeps what of a role was loaded: `{role, loaded}`.
. "$PSScriptRoot\prelude.ps1"
$f = "$state\$($asked.role).json"
[void][IO.Directory]::CreateDirectory($state)
[IO.File]::WriteAllText("$f.new", ($asked.loaded | ConvertTo-Json -Compress))
if (Test-Path -LiteralPath $f) {
    [IO.File]::Replace("$f.new", $f, [NullString]::Value)
}
else {
    [IO.File]::Move("$f.new", $f)
}
Say @{}
