/*
 * What is run on a Windows host, for PowerShell 5.1, which every Windows since 2016 has. Each is a constant: what it is
 * about comes as JSON on its standard input, so neither a path nor a secret is ever on a command line, and nothing is
 * quoted. It answers with a JSON document a line, or ends with 1 and says why on standard error.
 *
 * With a redirected input PowerShell's host reads it itself and hands it on as $input, decoded by the console's code
 * page: what we send is therefore ASCII (windows.ts), and contents are base64.
 */
const PRELUDE = String.raw`
$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue'
trap{[Console]::Error.WriteLine($_.Exception.Message);exit 1}
[Console]::OutputEncoding=New-Object Text.UTF8Encoding $false
$asked=(@($input)-join '')|ConvertFrom-Json
function Say($x){[Console]::Out.WriteLine(($x|ConvertTo-Json -Depth 8 -Compress))}
$state="$env:ProgramData\maquette\steps"
`;

/** Of a file that only SYSTEM and Administrators may read, which is what we make of one that others may not. */
const PRIVATE = "D:P(A;;FA;;;SY)(A;;FA;;;BA)";

const SET_ACCESS = String.raw`
function SetAccess($path,$sddl){$s=New-Object Security.AccessControl.FileSecurity
$s.SetSecurityDescriptorSddlForm($sddl,'Access');[IO.File]::SetAccessControl($path,$s)}
function AccessOf($path){[IO.File]::GetAccessControl($path,'Access').GetSecurityDescriptorSddlForm('Access')}
`;

const bodies = {
  /** Which guest this is, and its clock: `{make}` to `{instance, now}`. */
  instance: String.raw`
$f="$state\instance"
$now=[DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds()/1000
if(Test-Path -LiteralPath $f){Say @{instance=[IO.File]::ReadAllText($f).Trim();now=$now}}
elseif($asked.make){
[void][IO.Directory]::CreateDirectory($state);$i=[guid]::NewGuid().ToString()
[IO.File]::WriteAllText("$f.new",$i);[IO.File]::Move("$f.new",$f);Say @{instance=$i;now=$now}
}else{Say @{instance=$null;now=$now}}
`,
  /** What of a role was loaded: `{role}` to `{loaded: {step: key}}`. */
  loaded: String.raw`
$f="$state\$($asked.role).json"
if(Test-Path -LiteralPath $f){Say @{loaded=([IO.File]::ReadAllText($f)|ConvertFrom-Json)}}else{Say @{loaded=@{}}}
`,
  /** `{role, loaded}`. */
  load: String.raw`
$f="$state\$($asked.role).json";[void][IO.Directory]::CreateDirectory($state)
[IO.File]::WriteAllText("$f.new",($asked.loaded|ConvertTo-Json -Compress))
if(Test-Path -LiteralPath $f){[IO.File]::Replace("$f.new",$f,[NullString]::Value)}else{[IO.File]::Move("$f.new",$f)}
Say @{}
`,
  /** `{files: [{path, digest}]}` to `{files: {path: null | {kind} | {digest, isPrivate, content}}}`; content only of another digest, up to 256 KiB. */
  look: String.raw`
$r=@{}
foreach($w in $asked.files){$p=$w.path;$r[$p]=$null
$i=Get-Item -LiteralPath $p -Force -ErrorAction SilentlyContinue
if($i -eq $null){continue}
if($i.Attributes -band [IO.FileAttributes]::ReparsePoint){$r[$p]=@{kind='link'};continue}
if($i.PSIsContainer){$r[$p]=@{kind='other'};continue}
$b=[IO.File]::ReadAllBytes($p)
$h=[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($b)).Replace('-','').ToLowerInvariant()
$a=[IO.File]::GetAccessControl($p,'Access')
$others=@($a.GetAccessRules($true,$true,[Security.Principal.SecurityIdentifier])|Where-Object{$_.IdentityReference.Value -notin 'S-1-5-18','S-1-5-32-544'})
$c=$null;if($h -ne $w.digest -and $b.Length -le 262144){$c=[Convert]::ToBase64String($b)}
$r[$p]=@{digest=$h;isPrivate=($others.Count -eq 0);content=$c}}
Say @{files=$r}
`,
  /** Writes a temporary that nobody else may read while it is written: `{path, content, isPrivate}` to `{made: [folder]}`. */
  stage: String.raw`
${SET_ACCESS}
$d=Split-Path -Parent $asked.path;$made=@();$x=$d
while(-not(Test-Path -LiteralPath $x)){$made=@($x)+$made;$x=Split-Path -Parent $x}
[void][IO.Directory]::CreateDirectory($d)
if(Test-Path -LiteralPath $asked.path){Remove-Item -LiteralPath $asked.path -Force}
$s=New-Object Security.AccessControl.FileSecurity;$s.SetSecurityDescriptorSddlForm('${PRIVATE}','Access')
$b=[Convert]::FromBase64String($asked.content)
$o=New-Object IO.FileStream($asked.path,[IO.FileMode]::CreateNew,[Security.AccessControl.FileSystemRights]::Write,[IO.FileShare]::None,4096,[IO.FileOptions]::WriteThrough,$s)
try{$o.Write($b,0,$b.Length);$o.Flush($true)}finally{$o.Dispose()}
if(-not $asked.isPrivate){SetAccess $asked.path 'D:'}
Say @{made=@($made)}
`,
  /**
   * A temporary in its file's place, or the file away where there is none: `{path, new, old}` to `{access}`.
   * ReplaceFile keeps the access of what it replaces, so that is set first.
   */
  place: String.raw`
${SET_ACCESS}
$there=Test-Path -LiteralPath $asked.path;$kept=Test-Path -LiteralPath $asked.old;$access=$null
if($there){$access=AccessOf $asked.path}
if($asked.new -eq $null){if($kept){Remove-Item -LiteralPath $asked.path -Force}else{[IO.File]::Move($asked.path,$asked.old)}}
elseif($there){SetAccess $asked.path (AccessOf $asked.new)
if($kept){[IO.File]::Replace($asked.new,$asked.path,[NullString]::Value)}else{[IO.File]::Replace($asked.new,$asked.path,$asked.old)}}
else{[IO.File]::Move($asked.new,$asked.path)}
Say @{access=$access}
`,
  /** The file before back in its place, whether or not it had come to be replaced: `{path, new, old, wasThere, access}`. */
  back: String.raw`
${SET_ACCESS}
if($asked.new -ne $null -and (Test-Path -LiteralPath $asked.new)){Remove-Item -LiteralPath $asked.new -Force}
$there=Test-Path -LiteralPath $asked.path
if(Test-Path -LiteralPath $asked.old){
if($there){[IO.File]::Replace($asked.old,$asked.path,[NullString]::Value)}else{[IO.File]::Move($asked.old,$asked.path)}
if($asked.access -ne $null){SetAccess $asked.path $asked.access}
}elseif($there -and -not $asked.wasThere){Remove-Item -LiteralPath $asked.path -Force}
Say @{}
`,
  /** Removes files, and folders that are empty, the last first: `{files, folders}`. */
  drop: String.raw`
foreach($p in $asked.files){if(Test-Path -LiteralPath $p){Remove-Item -LiteralPath $p -Force}}
$f=@($asked.folders);[array]::Reverse($f)
foreach($p in $f){if((Test-Path -LiteralPath $p) -and -not(Get-ChildItem -LiteralPath $p -Force)){[IO.Directory]::Delete($p)}}
Say @{}
`,
  /** A program with everything that it starts: `{file, arguments, input, seconds}` to `{exit, said, late}`. */
  run: String.raw`
$i=New-Object Diagnostics.ProcessStartInfo;$i.FileName=$asked.file;$i.Arguments=$asked.arguments
$i.UseShellExecute=$false;$i.WorkingDirectory=$env:SystemRoot
$i.RedirectStandardInput=$true;$i.RedirectStandardOutput=$true;$i.RedirectStandardError=$true
try{$p=[Diagnostics.Process]::Start($i)}catch{Say @{exit=127;said=$_.Exception.Message;late=$false};exit 0}
$o=$p.StandardOutput.ReadToEndAsync();$e=$p.StandardError.ReadToEndAsync()
$b=[Convert]::FromBase64String($asked.input)
try{$p.StandardInput.BaseStream.Write($b,0,$b.Length);$p.StandardInput.Close()}catch{}
$late=-not $p.WaitForExit([int](1000*$asked.seconds))
if($late){try{& taskkill.exe /T /F /PID $p.Id 2>&1|Out-Null}catch{};[void]$p.WaitForExit(2000)}
$said='';foreach($t in $o,$e){if($t.Wait(2000)){$said+=$t.Result}}
$exit=$null;if($p.HasExited){$exit=$p.ExitCode}
if($said.Length -gt 20000){$said=$said.Substring($said.Length-20000)}
Say @{exit=$exit;said=$said;late=$late}
`,
  /** `{names}` to `{missing}`. */
  features: String.raw`
$have=@(Get-WindowsFeature -Name $asked.names|Where-Object{$_.InstallState -eq 'Installed'}|ForEach-Object{$_.Name})
Say @{missing=@($asked.names|Where-Object{$_ -notin $have})}
`,
  /** `{names}` to `{restart}`. */
  install: String.raw`
$r=Install-WindowsFeature -Name $asked.names -IncludeManagementTools
if(-not $r.Success){throw "Install-WindowsFeature: $($r.ExitCode)"}
Say @{restart=("$($r.RestartNeeded)" -eq 'Yes')}
`,
  /** `{names}` to `{services: {name: {status, start}}}`, empty words where there is none. */
  services: String.raw`
$r=@{}
foreach($n in $asked.names){$s=Get-Service -Name $n -ErrorAction SilentlyContinue
if($s -eq $null){$r[$n]=@{status='';start=''}}else{$r[$n]=@{status="$($s.Status)";start="$($s.StartType)"}}}
Say @{services=$r}
`,
  /** `{names, start, isRunning}`. */
  setServices: String.raw`
foreach($n in $asked.names){Set-Service -Name $n -StartupType $asked.start
if($asked.isRunning){Start-Service -Name $n}else{Stop-Service -Name $n -Force}}
Say @{}
`,
} as const;

export type ScriptName = keyof typeof bodies;

const compact = (text: string): string => text.replace(/\n{2,}/g, "\n").trim();

/** Each script's whole text. */
export const windowsScripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [name, compact(PRELUDE + body)] as const),
) as Readonly<Record<ScriptName, string>>;

const COMMAND = "powershell.exe -NoProfile -NonInteractive -EncodedCommand ";

/** A script as a command of the host's shell: cmd.exe, OpenSSH's own default there, takes 8191 characters. */
export const powershell = (script: string): string => COMMAND + Buffer.from(script, "utf16le").toString("base64");
