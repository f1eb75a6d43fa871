/* What is done to the lab of the stack `lab`, what Zabbix should call it, and what undoes it. */

export interface Fault {
  readonly id: string;
  readonly on: string;
  /** For `sh`, as root. */
  readonly does: string;
  readonly undoes: string;
  /** As Zabbix names it. */
  readonly problem: string;
  /** That a service does not run: told within a minute. */
  readonly isService: boolean;
  /** Of what brings letters: they can lie in the box only once it is undone. */
  readonly isMail: boolean;
}

/** Killed, as it would die, and kept from coming back. */
function killed(on: string, units: readonly string[], problem: string): Fault {
  const all = units.join(" ");
  return {
    id: `${units[0]!} on ${on}, killed and masked`,
    on,
    does: `systemctl mask --runtime ${all}; systemctl kill -s KILL ${all}`,
    undoes: `systemctl unmask --runtime ${all}; systemctl reset-failed ${all}; systemctl start ${all}`,
    problem,
    isService: true,
    isMail: false,
  };
}

const gone = (service: string, host: string, description: string): string =>
  `${service} ne répond plus sur ${host} (${description})`;

const EBRIGADE = "/etc/maquette/ebrigade";
/** The card by which the operator's router stands in the zone wan1. */
const WAN1 = "$(ip -o -4 addr show to 198.51.100.1/32 | cut -d ' ' -f 2)";

export const faults: readonly Fault[] = [
  killed("pbx", ["asterisk"], gone("sip-tls", "pbx", "Signalisation téléphonique chiffrée")),
  { ...killed("mail", ["dovecot"], "imaps ne répond plus sur mail"), isService: false, isMail: true },
  killed("ebrigade", ["apache2"], "https ne répond plus sur ebrigade"),
  killed("dc2", ["samba-ad-dc"], "ldaps ne répond plus sur dc2"),
  killed("backup", ["rsyslog"], "syslog-tls ne répond plus sur backup"),
  killed("supervision", ["nginx"], "https ne répond plus sur supervision"),
  {
    ...killed("mail", ["php8.4-fpm"], "Le webmail ne laisse plus entrer sur mail"),
    id: "the webmail's PHP, killed and masked",
    isService: false,
  },
  {
    id: "letters are taken and not delivered",
    on: "mail",
    does: "postconf -e defer_transports=lmtp; postfix reload",
    undoes: "postconf -X defer_transports; postfix reload; postqueue -f",
    problem: "Un courrier envoyé n'est pas relu sur mail",
    isMail: true,
    isService: false,
  },
  {
    id: "a controller takes no changes of the other",
    on: "dc2",
    does: "samba-tool drs options dc2 --dsa-option=+DISABLE_INBOUND_REPL -P",
    undoes: "samba-tool drs options dc2 --dsa-option=-DISABLE_INBOUND_REPL -P",
    problem: "L'annuaire n'est plus répliqué sur dc2",
    isService: false,
    isMail: false,
  },
  {
    id: "a certificate three days before its end",
    on: "ebrigade",
    // Signed by its own key: whoever looks at the end does not ask by whom.
    does: `cd ${EBRIGADE}; cp -p web.crt web.crt.before; openssl x509 -in web.crt.before -signkey web.key -days 3 -out web.crt; systemctl reload apache2`,
    undoes: `cd ${EBRIGADE}; if test -e web.crt.before; then mv web.crt.before web.crt; fi; systemctl reload apache2`,
    problem: "Le certificat de https finit dans moins de 14 jours sur ebrigade",
    isService: false,
    isMail: false,
  },
  {
    id: "backups are taken no more, the last one two hours ago",
    on: "backup",
    does: "systemctl mask --runtime --now maquette-backup.timer maquette-backup.path; touch -d '2 hours ago' /var/lib/maquette-backup/done",
    undoes:
      "systemctl unmask --runtime maquette-backup.timer maquette-backup.path; systemctl start maquette-backup.timer maquette-backup.path maquette-backup.service",
    problem: "Sauvegarde en retard sur backup",
    isService: false,
    isMail: false,
  },
  {
    id: "an Internet access that its operator lost",
    on: "internet",
    does: `ip link set dev ${WAN1} down`,
    undoes: `ip link set dev ${WAN1} up`,
    problem: "L'accès wan1 ne répond plus à rtr-a",
    isService: false,
    isMail: false,
  },
  {
    id: "a router without power",
    on: "rtr-b",
    does: "systemctl poweroff --force --no-block",
    undoes: "",
    problem: "rtr-b ne répond plus",
    isService: false,
    isMail: false,
  },
];
