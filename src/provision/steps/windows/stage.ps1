# Writes a temporary that nobody else may read while it is written: `{path, content, isPrivate}` to `{made: [folder]}`.
. "$PSScriptRoot\prelude.ps1"
. "$PSScriptRoot\access.ps1"
$d = Split-Path -Parent $asked.path
$made = @()
$x = $d
while (-not (Test-Path -LiteralPath $x)) {
    $made = @($x) + $made
    $x = Split-Path -Parent $x
}
[void][IO.Directory]::CreateDirectory($d)
if (Test-Path -LiteralPath $asked.path) { Remove-Item -LiteralPath $asked.path -Force }
# SYSTEM and Administrators alone, which is what we make of a file that others may not read.
$s = New-Object Security.AccessControl.FileSecurity
$s.SetSecurityDescriptorSddlForm('D:P(A;;FA;;;SY)(A;;FA;;;BA)', 'Access')
$b = [Convert]::FromBase64String($asked.content)
$o = New-Object IO.FileStream($asked.path, [IO.FileMode]::CreateNew, [Security.AccessControl.FileSystemRights]::Write, [IO.FileShare]::None, 4096, [IO.FileOptions]::WriteThrough, $s)
try {
    $o.Write($b, 0, $b.Length)
    $o.Flush($true)
}
finally { $o.Dispose() }
if (-not $asked.isPrivate) { SetAccess $asked.path 'D:' }
Say @{made = @($made)}
