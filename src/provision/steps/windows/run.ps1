# A program with everything that it starts: `{file, arguments, input, seconds}` to `{exit, said, late}`.
. "$PSScriptRoot\prelude.ps1"
$i = New-Object Diagnostics.ProcessStartInfo
$i.FileName = $asked.file
$i.Arguments = $asked.arguments
$i.UseShellExecute = $false
$i.WorkingDirectory = $env:SystemRoot
$i.RedirectStandardInput = $true
$i.RedirectStandardOutput = $true
$i.RedirectStandardError = $true
try { $p = [Diagnostics.Process]::Start($i) }
catch {
    Say @{exit = 127; said = $_.Exception.Message; late = $false}
    exit 0
}
$o = $p.StandardOutput.ReadToEndAsync()
$e = $p.StandardError.ReadToEndAsync()
$b = [Convert]::FromBase64String($asked.input)
try {
    $p.StandardInput.BaseStream.Write($b, 0, $b.Length)
    $p.StandardInput.Close()
}
catch {}
$late = -not $p.WaitForExit([int](1000 * $asked.seconds))
if ($late) {
    try { & taskkill.exe /T /F /PID $p.Id 2>&1 | Out-Null } catch {}
    [void]$p.WaitForExit(2000)
}
$said = ''
foreach ($t in $o, $e) {
    if ($t.Wait(2000)) { $said += $t.Result }
}
$exit = $null
if ($p.HasExited) { $exit = $p.ExitCode }
if ($said.Length -gt 20000) { $said = $said.Substring($said.Length - 20000) }
Say @{exit = $exit; said = $said; late = $late}
