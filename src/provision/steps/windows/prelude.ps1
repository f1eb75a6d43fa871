# What every script begins with. With a redirected input PowerShell's host reads it itself and hands it on as $input,
# decoded by the console's code page: what we send is therefore ASCII (host.ts), and contents are base64.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
trap {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
$asked = (@($input) -join '') | ConvertFrom-Json
function Say($x) {
    [Console]::Out.WriteLine(($x | ConvertTo-Json -Depth 8 -Compress))
}
$state = "$env:ProgramData\maquette\steps"
