# The file before back in its place, whether or not it had come to be replaced: `{path, new, old, wasThere, access}`.
. "$PSScriptRoot\prelude.ps1"
. "$PSScriptRoot\access.ps1"
if ($null -ne $asked.new -and (Test-Path -LiteralPath $asked.new)) { Remove-Item -LiteralPath $asked.new -Force }
$there = Test-Path -LiteralPath $asked.path
if (Test-Path -LiteralPath $asked.old) {
    if ($there) { [IO.File]::Replace($asked.old, $asked.path, [NullString]::Value) }
    else { [IO.File]::Move($asked.old, $asked.path) }
    if ($null -ne $asked.access) { SetAccess $asked.path $asked.access }
}
elseif ($there -and -not $asked.wasThere) {
    Remove-Item -LiteralPath $asked.path -Force
}
Say @{}
