# Who may read a file, as SDDL.
function SetAccess($path, $sddl) {
    $s = New-Object Security.AccessControl.FileSecurity
    $s.SetSecurityDescriptorSddlForm($sddl, 'Access')
    [IO.File]::SetAccessControl($path, $s)
}
function AccessOf($path) {
    [IO.File]::GetAccessControl($path, 'Access').GetSecurityDescriptorSddlForm('Access')
}
