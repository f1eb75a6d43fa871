# A temporary in its file's place, or the file away where there is none: `{path, new, old}` to `{access}`.
# ReplaceFile keeps the access of what it replaces, so that is set first.
. "$PSScriptRoot\prelude.ps1"
. "$PSScriptRoot\access.ps1"
$there = Test-Path -LiteralPath $asked.path
$kept = Test-Path -LiteralPath $asked.old
$access = $null
if ($there) { $access = AccessOf $asked.path }
if ($null -eq $asked.new) {
    if ($kept) { Remove-Item -LiteralPath $asked.path -Force } else { [IO.File]::Move($asked.path, $asked.old) }
}
elseif ($there) {
    SetAccess $asked.path (AccessOf $asked.new)
    if ($kept) { [IO.File]::Replace($asked.new, $asked.path, [NullString]::Value) }
    else { [IO.File]::Replace($asked.new, $asked.path, $asked.old) }
}
else {
    [IO.File]::Move($asked.new, $asked.path)
}
Say @{access = $access}
