# A program by its publisher's installer, silent: `check PROGRAM` ends with 0 where it is there; `install PROGRAM FILE` runs
# the installer, which FILE has in base64, and ends as that did.
param([string]$verb, [string]$program, [string]$file)
$ErrorActionPreference = 'Stop'
trap {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
if ($verb -eq 'check') {
    if (-not (Test-Path -LiteralPath $program)) { throw "$program is not there" }
    exit 0
}
$installer = "$file.exe"
try {
    [IO.File]::WriteAllBytes($installer, [Convert]::FromBase64String([IO.File]::ReadAllText($file)))
    $done = Start-Process -FilePath $installer -ArgumentList '/S' -Wait -PassThru
    exit $done.ExitCode
}
finally {
    if (Test-Path -LiteralPath $installer) { Remove-Item -LiteralPath $installer -Force }
}
