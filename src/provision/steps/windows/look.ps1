# `{files: [{path, digest}]}` to `{files: {path: null | {kind} | {digest, isPrivate, content}}}`; content only of another
# digest, up to 256 KiB.
. "$PSScriptRoot\prelude.ps1"
$r = @{}
foreach ($w in $asked.files) {
    $p = $w.path
    $r[$p] = $null
    $i = Get-Item -LiteralPath $p -Force -ErrorAction SilentlyContinue
    if ($null -eq $i) { continue }
    if ($i.Attributes -band [IO.FileAttributes]::ReparsePoint) {
        $r[$p] = @{kind = 'link'}
        continue
    }
    if ($i.PSIsContainer) {
        $r[$p] = @{kind = 'other'}
        continue
    }
    $b = [IO.File]::ReadAllBytes($p)
    $h = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($b)).Replace('-', '').ToLowerInvariant()
    $a = [IO.File]::GetAccessControl($p, 'Access')
    # Besides SYSTEM and Administrators.
    $others = @($a.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier]) |
        Where-Object { $_.IdentityReference.Value -notin 'S-1-5-18', 'S-1-5-32-544' })
    $c = $null
    if ($h -ne $w.digest -and $b.Length -le 262144) { $c = [Convert]::ToBase64String($b) }
    $r[$p] = @{digest = $h; isPrivate = ($others.Count -eq 0); content = $c}
}
Say @{files = $r}
