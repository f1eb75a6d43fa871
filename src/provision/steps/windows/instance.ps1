# Which guest this is, and its clock: `{make}` to `{instance, now}`.
. "$PSScriptRoot\prelude.ps1"
$f = "$state\instance"
$now = [DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds() / 1000
if (Test-Path -LiteralPath $f) {
    Say @{instance = [IO.File]::ReadAllText($f).Trim(); now = $now}
}
elseif ($asked.make) {
    [void][IO.Directory]::CreateDirectory($state)
    $i = [guid]::NewGuid().ToString()
    [IO.File]::WriteAllText("$f.new", $i)
    [IO.File]::Move("$f.new", $f)
    Say @{instance = $i; now = $now}
}
else {
    Say @{instance = $null; now = $now}
}
