# What a Windows guest needs until SSH answers, and no more: the rest is done by steps. Run once, from this CD, at the
# first logon of the account that Setup made; what it said lies in ProgramData\maquette\first.log.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$own = "$env:ProgramData\maquette"
[void][IO.Directory]::CreateDirectory($own)
Start-Transcript -Path "$own\first.log" -Append | Out-Null
Add-WindowsCapability -Online -Name 'OpenSSH.Server~~~~0.0.1.0' | Out-Null
$ssh = "$env:ProgramData\ssh"
[void][IO.Directory]::CreateDirectory($ssh)
foreach ($name in 'sshd_config', 'ssh_host_ed25519_key', 'ssh_host_ed25519_key.pub', 'administrators_authorized_keys') {
    # SYSTEM's and the administrators', and nobody else's from its first byte on: sshd refuses any other.
    $s = New-Object Security.AccessControl.FileSecurity
    $s.SetSecurityDescriptorSddlForm('O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)')
    $text = [IO.File]::ReadAllBytes("$PSScriptRoot\$name")
    if (Test-Path -LiteralPath "$ssh\$name") { Remove-Item -LiteralPath "$ssh\$name" -Force }
    $o = New-Object IO.FileStream("$ssh\$name", [IO.FileMode]::CreateNew, [Security.AccessControl.FileSystemRights]::Write, [IO.FileShare]::None, 4096, [IO.FileOptions]::WriteThrough, $s)
    try { $o.Write($text, 0, $text.Length) }
    finally { $o.Dispose() }
}
# The capability brings a rule for private networks alone, and this one is none until the host is a member.
if (-not (Get-NetFirewallRule -Name 'maquette-ssh' -ErrorAction SilentlyContinue)) {
    New-NetFirewallRule -Name 'maquette-ssh' -DisplayName 'SSH from the bastion (maquette)' -Direction Inbound -Protocol TCP -LocalPort 22 -RemoteAddress '{{bastion}}' -Action Allow -Profile Any | Out-Null
}
Get-NetFirewallRule -Name 'OpenSSH-Server-In-TCP' -ErrorAction SilentlyContinue | Disable-NetFirewallRule
Set-Service -Name 'sshd' -StartupType Automatic
Start-Service -Name 'sshd'
