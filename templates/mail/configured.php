<?php
// Written by maquette. What a mail program is told of an address of the domain: one of the documents, with the address in it.
// Whether somebody has the address nobody learns here.
declare(strict_types=1);

const DOMAIN = '{{domain}}';
const REFUSAL = <<<'XML'
<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="%s" Id="0">
      <ErrorCode>600</ErrorCode>
      <Message>Invalid Request</Message>
      <DebugData />
    </Error>
  </Response>
</Autodiscover>

XML;

function address_of(string $said): ?string
{
    $said = trim($said);
    return preg_match('/^[^@\s<>"]{1,64}@' . preg_quote(DOMAIN, '/') . '$/iD', $said) === 1 ? strtolower($said) : null;
}

/** The address in a request of Outlook's ([MS-OXDSCLI] 2.2.3). */
function asked_by_outlook(): ?string
{
    $body = (string) file_get_contents('php://input');
    // A request has no entities of its own; one that has wants something else.
    if ($body === '' || str_contains($body, '<!DOCTYPE')) {
        return null;
    }
    libxml_use_internal_errors(true);
    $request = new DOMDocument();
    if (!$request->loadXML($body, LIBXML_NONET)) {
        return null;
    }
    return address_of($request->getElementsByTagNameNS('*', 'EMailAddress')->item(0)?->textContent ?? '');
}

function with_address(string $document, string $address): string
{
    return str_replace('%EMAILADDRESS%', htmlspecialchars($address, ENT_XML1 | ENT_QUOTES), $document);
}

/** Apple's profile: lines with the address are left out where none was said, and the device asks for them. */
function profile(): never
{
    $address = address_of(is_string($_GET['emailaddress'] ?? null) ? $_GET['emailaddress'] : '');
    $document = (string) file_get_contents($_SERVER['MAQUETTE_DOCUMENT']);
    header('Content-Type: application/x-apple-aspen-config');
    header('Content-Disposition: attachment; filename="messagerie.mobileconfig"');
    exit($address === null ? preg_replace('/^.*%EMAILADDRESS%.*\n/m', '', $document) : with_address($document, $address));
}

if ($_SERVER['MAQUETTE_PROGRAM'] === 'apple') {
    profile();
}
header('Content-Type: text/xml; charset=utf-8');
$address = $_SERVER['REQUEST_METHOD'] === 'POST' ? asked_by_outlook() : null;
if ($address === null) {
    printf(REFUSAL, gmdate('H:i:s.v'));
    exit;
}
echo with_address((string) file_get_contents($_SERVER['MAQUETTE_DOCUMENT']), $address);
