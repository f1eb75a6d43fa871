# Removes files, and folders that are empty, the last first: `{files, folders}`.
. "$PSScriptRoot\prelude.ps1"
foreach ($p in $asked.files) {
    if (Test-Path -LiteralPath $p) { Remove-Item -LiteralPath $p -Force }
}
$f = @($asked.folders)
[array]::Reverse($f)
foreach ($p in $f) {
    if ((Test-Path -LiteralPath $p) -and -not (Get-ChildItem -LiteralPath $p -Force)) { [IO.Directory]::Delete($p) }
}
Say @{}
