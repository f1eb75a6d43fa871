# A member of the domain by the machine account that the first controller has made, and its password on standard input:
# `check DOMAIN` ends with 0 where this host is one, `join DOMAIN` with 3010 where it is one from its next start on.
param([string]$verb, [string]$domain)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
trap {
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
$system = Get-CimInstance -ClassName 'Win32_ComputerSystem'
$member = $system.PartOfDomain -and $system.Domain -eq $domain
if ($verb -eq 'check') {
    if (-not $member) { throw "not a member of $domain, but of $($system.Domain)" }
    if (-not (Test-ComputerSecureChannel)) { throw "a member of $domain, whose controllers do not know it by its key" }
    exit 0
}
if ($system.PartOfDomain) {
    throw "a member of $($system.Domain) already: no host is taken out of a domain unasked. Make it anew, or take it out by hand"
}
$password = (@($input) -join '').Trim()
# The account's password is what the stack derives, for as long as the host lives: one that is taken back to a snapshot, or
# whose account is made anew, is a member still.
Set-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters' -Name 'DisablePasswordChange' -Value 1 -Type DWord
# Add-Computer's own way for a predefined account: no name, and the machine's password in the place of a person's.
$words = ConvertTo-SecureString -String $password -AsPlainText -Force
$given = New-Object pscredential -ArgumentList ([pscustomobject]@{UserName = $null; Password = $words })
Add-Computer -DomainName $domain -Options 'UnsecuredJoin', 'PasswordPass' -Credential $given -Force
exit 3010
