# The lab's authority in the machine's own store: `check FILE` ends with 0 where it is there, `add FILE` puts it there.
param([string]$verb, [string]$path)
$ErrorActionPreference = 'Stop'
trap {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
$authority = New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $path
$store = New-Object Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Root', 'LocalMachine'
$store.Open('ReadWrite')
try {
    if ($verb -eq 'add') { $store.Add($authority) }
    $found = $store.Certificates.Find('FindByThumbprint', $authority.Thumbprint, $false)
    if ($found.Count -eq 0) { throw "$($authority.Subject) is no authority of this machine" }
}
finally { $store.Close() }
