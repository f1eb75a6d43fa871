/** The texts of help, by what src/cli/commands.ts and src/cli/help.ts say in English; a test finds what has none. */
const french: Readonly<Record<string, string>> = {
  "maquette: a whole lab from code": "maquette : tout un laboratoire à partir de code",
  "usage: maquette COMMAND [options]": "usage : maquette COMMANDE [options]",
  "usage:": "usage :",
  "options of every command:": "options de toutes les commandes :",
  "exit: 0 good, 1 findings, 2 failure. `maquette help COMMAND` says more.":
    "sortie : 0 bon, 1 constats, 2 échec. `maquette help COMMANDE` en dit davantage.",
  // Options of several commands
  "the stack, default lab: the embedded lab": "la pile, lab par défaut : la maquette embarquée",
  "language of what is printed for people (default MAQUETTE_LANG, then the locale)":
    "langue de ce qui est écrit pour des personnes (par défaut MAQUETTE_LANG, puis la langue du système)",
  "what is printed": "ce qui est écrit",
  "the same as --format json": "la même chose que --format json",
  default: "par défaut",
  "this text": "ce texte",
  "another plan than the stack's": "un autre plan que celui de la pile",
  "addresses got by DHCP or PPPoE: wan=203.0.113.9/24,opt1=10.8.0.1/24":
    "adresses obtenues par DHCP ou PPPoE : wan=203.0.113.9/24,opt1=10.8.0.1/24",
  "decide schedules as of 2026-11-29T20:00; without it their rules are said to depend on the hour":
    "juger les horaires à cette heure : 2026-11-29T20:00 ; sinon leurs règles sont dites dépendre de l'heure",
  "a host of the plan": "une machine du plan",
  "the same": "de même",
  "default maquette": "maquette par défaut",
  "where to write it; standard output if left out": "où l'écrire ; sur la sortie standard si rien n'est dit",
  "the stack's name: what a real Proxmox asks for": "le nom de la pile : ce que demande un vrai Proxmox",
  "for its shell; after -- where it has options": "pour son shell ; après -- si elle a des options",
  "a config.xml (- for standard input)": "un config.xml (- pour l'entrée standard)",
  // up, preview, destroy
  "create or update the lab, and print its guests": "créer ou mettre à jour la maquette, et montrer ses machines",
  "do not show what will change first": "ne pas montrer d'abord ce qui changera",
  "only this host (several: a,b), and nothing else": "cette machine seule (plusieurs : a,b), et rien d'autre",
  "this host's guest (several: a,b) may be deleted with its disk, if the change cannot be made otherwise":
    "cette machine (plusieurs : a,b) peut être supprimée avec son disque, si le changement ne se fait pas autrement",
  "make the guests and do nothing inside them": "faire les machines et ne rien faire à l'intérieur",
  "as root: name the system packages that are missing, install none":
    "en root : nommer les paquets du système qui manquent, n'en installer aucun",
  "show what an up would change; changes nothing": "montrer ce que changerait un up ; ne change rien",
  "with --format markdown: also which packets start or stop passing since that git ref":
    "avec --format markdown : aussi quels paquets passent ou ne passent plus depuis cette référence git",
  "as with up: show what that would do": "comme pour up : montrer ce que cela ferait",
  "exit 1 if anything would change": "sortie 1 si quelque chose changerait",
  "delete the lab; its secret stays, so that the next up makes the same one":
    "supprimer la maquette ; son secret reste, si bien que le prochain up refait la même",
  "do not ask (the embedded lab only)": "ne pas demander (maquette embarquée seulement)",
  // snapshot, reset
  "keep the whole lab as it is under a name: every guest, Pulumi's state, the plan's digest":
    "garder toute la maquette telle qu'elle est, sous un nom : chaque machine, l'état de Pulumi, l'empreinte du plan",
  "All guests as of one moment: all but the routers stand still meanwhile. No guest is ever kept or taken back\nalone, a domain controller least of all. maquette reset NAME goes back.":
    "Toutes les machines au même instant : toutes sauf les routeurs sont figées pendant ce temps. Jamais une machine n'est\ngardée ni remise seule, un contrôleur de domaine moins que toute autre. maquette reset NAME y revient.",
  "the snapshots there are, and whether the plan is still theirs":
    "les instantanés qu'il y a, et si le plan est encore le leur",
  "delete it": "le supprimer",
  "take the whole lab back to a snapshot; what the guests did since is lost":
    "ramener toute la maquette à un instantané ; ce que les machines ont fait depuis est perdu",
  "Refused when a guest was made anew since, or came later. Run again after an interruption, it finishes. Where\nguests run on this machine, it ends when all are up and the routers carry.":
    "Refusé quand une machine a été refaite depuis, ou est venue après. Relancé après une interruption, il termine. Là où les\nmachines tournent sur cet ordinateur, il finit quand toutes ont démarré et que les routeurs portent le trafic.",
  // The plan
  "judge the plan and prove its policy; needs no running lab":
    "juger le plan et prouver sa politique ; sans maquette qui tourne",
  "prove again what was proven before for the same files": "prouver à nouveau ce qui l'a été pour les mêmes fichiers",
  "write what a host gets, at its first boot and by the steps of its roles, secrets as placeholders":
    "écrire ce que reçoit une machine, au premier démarrage et par les étapes de ses rôles, sans les secrets",
  "maquette render dc1 /etc/hosts          what the plan says\nmaquette render --sent dc1 /etc/hosts   what dc1 was sent last, by the stack's state: on real guests and on guests in memory":
    "maquette render dc1 /etc/hosts          ce que dit le plan\nmaquette render --sent dc1 /etc/hosts   ce que dc1 a reçu en dernier, d'après l'état de la pile : machines réelles ou en mémoire",
  "one file only, as it lies on the host": "un seul fichier, tel qu'il est placé sur la machine",
  "what was sent, as the state holds it; after a refresh, what was found there":
    "ce qui a été envoyé, tel que l'état le tient ; après une relecture, ce qui y a été trouvé",
  "where to write HOST/; standard output if left out": "où écrire HOST/ ; sur la sortie standard si rien n'est dit",
  "may A reach B on P, and why: the row, the rule on each router, NAT":
    "A peut-il atteindre B sur P, et pourquoi : la ligne, la règle de chaque routeur, le NAT",
  "a host, zone, pool, address, internet or firewall":
    "une machine, une zone, un pool, une adresse, internet ou firewall",
  "udp/5060, tcp/443, icmp, or a service of the plan with one port":
    "udp/5060, tcp/443, icmp, ou un service du plan à un seul port",
  "which packets start or stop passing between two plans; exit 1 when some do":
    "quels paquets passent ou ne passent plus d'un plan à l'autre ; sortie 1 s'il y en a",
  "a git ref, or the folder of a plan": "une référence git, ou le dossier d'un plan",
  "the flow matrix zone by zone, or the flow table in ANSSI's order (in French unless --lang en)":
    "la matrice des flux zone par zone, ou la table des flux dans l'ordre de l'ANSSI (en français sauf --lang en)",
  "draw the plan's lab (SVG): devices, names, addresses, VLANs, both accesses":
    "dessiner la maquette du plan (SVG) : équipements, noms, adresses, VLAN, les deux accès",
  "write a plan of your own: the lab that comes with maquette under another name, domain and network, proven":
    "écrire un plan à vous : la maquette livrée, sous un autre nom, domaine et réseau, prouvée",
  "Accesses and scenery keep their addresses, which are their operators'; people are left as examples. Networks keep\ntheir places where --network has room for them, else they come one after another (a /21 is enough). Exit 1 where the\nplan would not be sound: then nothing is written.":
    "Les accès et le décor gardent leurs adresses, qui sont celles des opérateurs ; les personnes restent comme exemples. Les\nréseaux gardent leur place si --network en a pour eux, sinon ils se suivent (un /21 suffit). Sortie 1 si le plan n'est pas\ncohérent : alors rien n'est écrit.",
  "a folder that is not there yet": "un dossier qui n'existe pas encore",
  "the plan's name, default that of DIR": "le nom du plan, par défaut celui de DIR",
  "DNS name of the domain, default SITE.test": "le nom DNS du domaine, par défaut SITE.test",
  "its NetBIOS name, default the domain's first label":
    "son nom NetBIOS, par défaut la première partie du nom de domaine",
  "of all inside zones and pools, default 10.20.0.0/16":
    "de toutes les zones du dedans et des pools, par défaut 10.20.0.0/16",
  "people import FILE.csv: people of the plan from a table; people export [FILE.csv]: as one":
    "people import FILE.csv : les personnes du plan depuis un tableau ; people export [FILE.csv] : vers un tableau",
  "A line of headers, then a line a person: login, given name, surname, title, department, groups, mailbox, extension,\ndisabled; or identifiant, prénom, nom, fonction, service, groupes, boîte, poste, désactivé. Comma, semicolon or tab, UTF-8\nor Windows-1252. Without a login it is made of the names. New people are added, others get what the table says, nobody is\ntaken out. Exit 1 with each fault by its line, and then nothing is written.":
    "Une ligne d'en-têtes, puis une ligne par personne : identifiant, prénom, nom, fonction, service, groupes, boîte, poste,\ndésactivé ; ou login, given name, surname, title, department, groups, mailbox, extension, disabled. Virgule, point-virgule\nou tabulation, UTF-8 ou Windows-1252. Sans identifiant, il est fait des noms. Les nouveaux sont ajoutés, les autres reçoivent\nce que dit le tableau, personne n'est retiré. Sortie 1 avec chaque faute à sa ligne, et alors rien n'est écrit.",
  "what to do": "que faire",
  "the table; - is standard input": "le tableau ; - est l'entrée standard",
  "of import: say what would change, and write nothing": "pour import : dire ce qui changerait, et ne rien écrire",
  "write the documents' schemas with the plan's own names, for an editor to complete them":
    "écrire les schémas des documents avec les noms du plan, pour qu'un éditeur les complète",
  "Into DIR/.schemas, which git leaves alone. A document's first line names its own:\n# yaml-language-server: $schema=.schemas/flows.schema.json\nRun it again when names were added; one that is not offered is no error.":
    "Dans DIR/.schemas, que git laisse de côté. La première ligne d'un document nomme le sien :\n# yaml-language-server: $schema=.schemas/flows.schema.json\nÀ relancer quand des noms s'ajoutent ; un nom qui n'est pas proposé n'est pas une faute.",
  // pfSense
  "judge any pfSense config.xml, also a hand-made one; or decide packets by it":
    "juger n'importe quel config.xml de pfSense, même fait à la main ; ou décider par lui de paquets",
  "JSON packets, one a line (- for standard input): one verdict a line":
    "des paquets en JSON, un par ligne (- pour l'entrée standard) : une décision par ligne",
  "write the plan of a hand-made pfSense, list what it does not hold, prove that it lets pass the same":
    "écrire le plan d'un pfSense fait à la main, dire ce qu'il ne tient pas, prouver qu'il laisse passer la même chose",
  "where to write the documents, default stacks/imported": "où écrire les documents, par défaut stacks/imported",
  "also into a folder that is not empty": "même dans un dossier qui n'est pas vide",
  // Into the guests
  "the guests, as the API sees them": "les machines, telles que l'API les voit",
  "a shell or a command on a host, in band: through the bastion and the routers, as the flow table allows":
    "un shell ou une commande sur une machine, par le réseau : bastion et routeurs, selon la table des flux",
  "Inside hosts are reached from the bastion, as the lab's user with the lab's key, host keys pinned; the hosts\noutside the firewall (field, internet) by their console. Exits with the command's own code; 2 when there was no\nconnection. In a terminal, ~. at the start of a line hangs up.":
    "Les machines du dedans sont atteintes depuis le bastion, avec le compte et la clé de la maquette, clés d'hôte vérifiées ;\ncelles du dehors (field, internet) par leur console. Rend le code de la commande ; 2 si la connexion ne s'est pas faite.\nDans un terminal, ~. en début de ligne raccroche.",
  "a terminal for COMMAND too": "un terminal pour COMMAND aussi",
  "a shell or a command on a host, out of band: works with every firewall closed":
    "un shell ou une commande sur une machine, hors réseau : marche même quand tous les pare-feu sont fermés",
  "what its screen showed last (boot messages), also of a guest that is off":
    "ce que son écran a montré en dernier (démarrage), même d'une machine éteinte",
  "with --screen: how many lines, default 200": "avec --screen : combien de lignes, 200 par défaut",
  "the journal of a host, or everybody's log at the sink (--json: one entry a line)":
    "le journal d'une machine, ou ceux de toutes au puits de journaux (--json : une entrée par ligne)",
  "--all searches what hosts and routers have sent to the sink, also those that are off or lost; the routers' filter log is told by the plan's zones, hosts and rows:":
    "--all cherche dans ce que machines et routeurs ont envoyé au puits de journaux, même éteints ou perdus ; le journal de filtrage des routeurs y est dit avec les zones, les machines et les lignes du plan :",
  "maquette logs --all --grep F601 --since=-10min\nmaquette logs --all --host dc1,dc2 --unit samba --grep 'pc1.*denied'":
    "maquette logs --all --grep F601 --since=-10min\nmaquette logs --all --host dc1,dc2 --unit samba --grep 'pc1.*denied'",
  "of all hosts, at the sink": "de toutes les machines, au puits de journaux",
  "with --all: of this host (several: a,b)": "avec --all : de cette machine (plusieurs : a,b)",
  "lines that match; without capitals whatever their case":
    "les lignes qui correspondent ; sans majuscules, quelle que soit la casse",
  "as journalctl takes it: -5min, today, 2026-01-31 08:00 (write --since=-5min)":
    "comme pour journalctl : -5min, today, 2026-01-31 08:00 (écrire --since=-5min)",
  "of one systemd unit; with --all of one program": "d'une unité systemd ; avec --all, d'un programme",
  "the last ones, default 100; with --since all, of --all's 10000":
    "les dernières, 100 par défaut ; avec --since toutes, avec --all 10 000",
  "go on with new ones until Ctrl-C": "continuer avec les nouvelles jusqu'à Ctrl-C",
  "frames of a host as pcap on standard output, for Wireshark":
    "les trames d'une machine, en pcap sur la sortie standard, pour Wireshark",
  "maquette capture dc1 port 53 | wireshark -k -i -\nmaquette capture rtr-a --interface dmz --seconds 10 > dmz.pcap":
    "maquette capture dc1 port 53 | wireshark -k -i -\nmaquette capture rtr-a --interface dmz --seconds 10 > dmz.pcap",
  "as tcpdump takes it: tcp port 443 and host pc1": "comme pour tcpdump : tcp port 443 and host pc1",
  "an interface, or the zone that it leads to; default all":
    "une interface, ou la zone où elle mène ; toutes par défaut",
  "end after so many frames": "finir après ce nombre de trames",
  "end after so long": "finir après cette durée, en secondes",
  "hold a SOCKS5 proxy open that comes out at the bastion, for browsers and other programs":
    "tenir ouvert un mandataire SOCKS5 qui sort au bastion, pour navigateurs et autres programmes",
  "also on a loopback TCP port, with a password in a file":
    "aussi sur un port TCP de la boucle locale, avec un mot de passe dans un fichier",
  "that port; default any free one": "ce port ; par défaut n'importe lequel qui soit libre",
  // secret, vpn
  "print a secret of the stack, list, rotate or revoke; needs no running lab":
    "montrer un secret de la pile, les énumérer, renouveler ou révoquer ; sans maquette qui tourne",
  "Labels are password/…, ssh/…, tls-crypt/… (a key of the VPN's outer layer), cert/… (a certificate of the lab's authority) and crl/ca (what it has revoked); the\nlast part will do where it is the only one. A value is printed on a terminal alone, unless --stdout is given.":
    "Les noms sont password/…, ssh/…, tls-crypt/… (une clé de l'enveloppe du VPN), cert/… (un certificat de l'autorité de la\nmaquette) et crl/ca (ce qu'elle a révoqué) ; la dernière partie suffit si elle est seule de ce nom. Une valeur ne s'affiche\nque sur un terminal, sauf avec --stdout.",
  "What was rotated or revoked reaches the hosts with the next up. People's own passwords stay theirs: a rotated one\nis for accounts that are made from then on.":
    "Ce qui est renouvelé ou révoqué arrive aux machines par le prochain up. Les mots de passe des personnes restent les leurs :\nun mot de passe renouvelé vaut pour les comptes faits ensuite.",
  "as --list names it": "comme --list le nomme",
  "every secret that the plan asks for, without its value": "tous les secrets que demande le plan, sans leur valeur",
  "from now on another one": "un autre désormais",
  "of a certificate: end it before its time": "pour un certificat : le terminer avant l'heure",
  "print it also into a file or a pipe": "l'écrire aussi dans un fichier ou un tube",
  "vpn profile PERSON: write the OpenVPN profile of somebody who has the right; needs no running lab":
    "vpn profile PERSON : écrire le profil OpenVPN de qui en a le droit ; sans maquette qui tourne",
  "One file for Windows, Android, iOS and Linux, with both accesses, a certificate and its key: whoever has it needs the\nperson's password of the directory still. It is written for this user alone; hand it over as you would a key.":
    "Un fichier pour Windows, Android, iOS et Linux, avec les deux accès, un certificat et sa clé : qui l'a doit encore avoir\nle mot de passe de la personne dans l'annuaire. Il est écrit pour vous seul ; remettez-le comme vous remettriez une clé.",
  "maquette secret cert/vpn.PERSON --revoke ends it, with the next up.":
    "maquette secret cert/vpn.PERSON --revoke y met fin, au prochain up.",
  "what is asked for": "ce qui est demandé",
  "a login of people.yaml": "un identifiant de people.yaml",
  "where to write it; default PERSON.ovpn": "où l'écrire ; par défaut PERSON.ovpn",
  "print it instead": "l'afficher au lieu de l'écrire",
  // verify, accept, drill
  "send packets of every cell of the flow matrix through the running routers; exit 1 on any difference":
    "envoyer des paquets de chaque case de la matrice à travers les routeurs ; sortie 1 à la moindre différence",
  "Allowed packets and their neighbours across the border, judged by captures at the active router: on A, with\nthe preferred access down, and on B. A packet that did not reach the router counts as a difference. With --json\none document a line: cells, differences, a summary a run.":
    "Des paquets autorisés et leurs voisins qui ne le sont pas, jugés par des captures au routeur actif : sur A, avec l'accès\npréféré coupé, et sur B. Un paquet qui n'atteint pas le routeur compte comme une différence. Avec --json un document par\nligne : cases, différences, un résumé par passage.",
  "which one is made active, default both": "lequel est rendu actif, both par défaut",
  "ask from where users sit whether each need is met: what must work, and what must not; exit 1 when any is red":
    "demander, d'où sont les utilisateurs, si chaque besoin est satisfait, et ce qui doit être refusé ; sortie 1 si l'un est rouge",
  "With --json one document a line: need, probe, from, expected, seen, ms, ok; a need that no probe covers yet has\nnull for probe and ok. The last whole result is kept for the closing report.":
    "Avec --json un document par ligne : need, probe, from, expected, seen, ms, ok ; un besoin qu'aucune sonde ne couvre encore\na null pour probe et ok. Le dernier résultat entier est gardé pour le rapport final.",
  "of one need or objective alone (N4, O7), or of several: N4,N5":
    "d'un seul besoin ou objectif (N4, O7), ou de plusieurs : N4,N5",
  "one probe alone, or several (A,B), by the ids that --json says":
    "une seule sonde, ou plusieurs (A,B), par les noms que dit --json",
  "what was expected and seen of green probes too": "ce qui était attendu et vu, des sondes vertes aussi",
  "also as JUnit's XML, for a CI server": "aussi en XML de JUnit, pour un serveur d'intégration",
  "also as one page in French, to be read, printed and handed out":
    "aussi en une page, à lire, à imprimer et à remettre",
  "break a router, an access or a server under open sessions and probes, and print what it cost":
    "casser un routeur, un accès ou un serveur, sessions et sondes ouvertes, et dire ce que cela a coûté",
  "Exit 1 unless all comes back within 3.5 s (router) or 5 s (access) and the open sessions live on; of a server, such\nas the first domain controller, unless clients are answered within 5 s by another one, and it has caught up\nafterwards; of a service whose daemon is killed, unless it is back by itself within 10 s and its users' questions are\nanswered. What was broken is put back, also on Ctrl-C.":
    "Sortie 1 sauf si tout revient en 3,5 s (routeur) ou 5 s (accès) et que les sessions ouvertes survivent ; pour un serveur,\ncomme le premier contrôleur de domaine, sauf si un autre répond aux clients en 5 s et que le perdu se rattrape ensuite ; pour\nun service dont le démon est tué, sauf s'il revient de lui-même en 10 s et répond aux utilisateurs. Ce qui a été cassé est\nremis, même après Ctrl-C.",
  "drill power loses mains until the battery is low: who was told, who stopped when, how databases were closed, and that all\ncomes back and is accepted. It takes some ten minutes, and every guest is off meanwhile (docs/roles/power.md).":
    "drill power perd le secteur jusqu'à la batterie faible : qui l'a su, qui s'est arrêté quand, comment les bases ont été fermées,\net que tout revient et passe la recette. Une dizaine de minutes, pendant lesquelles tout s'éteint (docs/roles/power.fr.md).",
  "drill mystery breaks one thing, sees that somebody suffers from it, and says nothing: find it. drill hint helps a\nlittle, drill solve tells what it was and puts it right, drill sheet shows what was played (docs/accept.md).":
    "drill mystery casse une chose, s'assure que quelqu'un en souffre, et n'en dit rien : à vous de trouver. drill hint aide un\npeu, drill solve dit ce que c'était et le remet, drill sheet montre ce qui a été joué (docs/accept.md).",
  "router, wan, service, power, what several hosts give of which one is lost, such as dc; or mystery, hint, solve, sheet":
    "router, wan, service, power, ce que plusieurs machines donnent et dont l'une est perdue, comme dc ; ou mystery, hint, solve, sheet",
  "of service: whose daemon is killed, such as pbx": "pour service : dont le démon est tué, comme pbx",
  "of a router: kill (default), reboot, links, or cable:ZONE":
    "pour un routeur : kill (par défaut), reboot, links, ou cable:ZONE",
  "so many in a row, and the spread of the longest gaps": "autant de suite, et la dispersion des plus longues coupures",
  "of a mystery: 1 something does not run (default), 2 something is in the way, 3 something says other than it did":
    "pour un mystère : 1 quelque chose ne tourne pas (par défaut), 2 quelque chose barre le chemin, 3 quelque chose dit autre chose qu'avant",
  "of a mystery: the same one for the whole class": "pour un mystère : la graine, la même pour toute la classe",
  // load
  "ten people at work side by side: mail, calls, pages, VPN; without a fault and with some, and what was lost":
    "dix personnes au travail côte à côte : courriels, appels, pages, VPN ; sans panne et avec, et ce qui a été perdu",
  "A day by a seeded script, lived once without a fault and once with each: the active router is killed, the first domain\ncontroller stopped, the preferred access cut. Exit 1 where a mail is lost, an action fails, or somebody in a call hears\nnothing for longer than 3.5 s. What was broken is put back, also on Ctrl-C; accept shows the last one (docs/load.md).":
    "Une journée d'après un scénario tiré d'une graine, vécue une fois sans panne et une fois avec chacune : le routeur actif est\ntué, le premier contrôleur de domaine arrêté, l'accès préféré coupé. Sortie 1 si un courriel est perdu, si une action échoue,\nou si quelqu'un n'entend rien dans un appel plus de 3,5 s. Ce qui a été cassé est remis, même après Ctrl-C ; accept montre la\ndernière mesure (docs/load.md).",
  "how long each day lasts, default 5": "la durée de chaque journée, par défaut 5",
  "of the script, default 1: the same seed is the same day":
    "la graine du scénario, par défaut 1 : la même graine donne la même journée",
  "router, dc, wan, or several of them with commas; all if left out, or none":
    "router, dc, wan, ou plusieurs avec des virgules ; toutes si rien n'est dit, ou none",
  // backup, restore
  "have the hosts' data taken now, as it is done by itself every so often":
    "faire prendre maintenant les données des machines, comme cela se fait de soi-même à intervalles",
  "of this host alone (several: a,b)": "de cette machine seule (plusieurs : a,b)",
  "what is had of each, and how old it is; exit 1 where something is wrong (so with --json)":
    "ce qu'on a de chacune, et de quand ; sortie 1 si quelque chose ne va pas (de même avec --json)",
  "put a host's data back from its last backup, after an up of that host where it was lost":
    "remettre les données d'une machine depuis sa dernière sauvegarde, après un up de cette machine si elle était perdue",
  "A host that was made anew gets the last backup of the guest before it. One that lives keeps what it has unless\n--confirm names it, and even then what it had goes aside, into a folder of that host. It takes all of it or none: an\narchive that is not whole touches nothing.":
    "Une machine refaite reçoit la dernière sauvegarde de celle d'avant. Une machine qui vit garde ce qu'elle a, sauf si\n--confirm la nomme, et même alors ce qu'elle avait est mis de côté, dans un dossier de la machine. C'est tout ou rien : une\narchive incomplète ne touche à rien.",
  "the host's name: it lives, and what it holds now is to go aside":
    "le nom de la machine : elle vit, et ce qu'elle tient doit être mis de côté",
  "the last backup before this time: 2026-11-30T20:00": "la dernière sauvegarde avant cette heure : 2026-11-30T20:00",
  // The rest
  "what this machine has, what stands in for what, what is missing and how to get it":
    "ce qu'a cet ordinateur, ce qui tient lieu de quoi, ce qui manque et comment l'obtenir",
  "as root: install the system packages that running guests takes":
    "en root : installer les paquets du système qu'il faut pour que les machines tournent",
  "get the files of others that the plan's roles would use (docs/artefacts.md)":
    "obtenir les fichiers de tiers dont se serviraient les rôles du plan (docs/artefacts.md)",
  'shell exports: after eval "$(bin/maquette env)" plain pulumi commands work':
    'exports pour le shell : après eval "$(bin/maquette env)", les commandes pulumi marchent telles quelles',
  'completion of commands, options and hosts: complete -C "$PWD/bin/maquette complete --" maquette (bash)':
    'complétion des commandes, options et machines : complete -C "$PWD/bin/maquette complete --" maquette (bash)',
  "what bash adds": "ce qu'ajoute bash",
  // voice
  "what telephony costs each link, how many calls fit, and how they would sound; from the plan":
    "ce que la téléphonie coûte à chaque lien, combien d'appels y tiennent, et comment ils s'entendraient ; d'après le plan",
  "R and MOS are those of ITU-T G.107 at delays that are said beside them; a MOS that was measured is unknown until it is.":
    "R et MOS sont ceux de l'UIT-T G.107, aux délais dits à côté ; un MOS mesuré est inconnu tant qu'il ne l'est pas.",
  "--measure sends real RTP in namespaces of a guest of the running lab: links at the plan's rates, full of other traffic,\nwith the routers' queue for voice and without, 1, 2, 5, 10 calls and as many as fit. Some minutes; nothing of it leaves that\nguest, and nothing has to be put back.":
    "--measure envoie du vrai RTP dans des espaces de noms d'une machine de la maquette : des liens aux débits du plan, pleins d'autre trafic,\navec la file de la voix des routeurs et sans elle, 1, 2, 5, 10 appels et autant qu'il en tient. Quelques minutes ; rien ne sort de cette\nmachine, et rien n'est à remettre en place.",
  "how many calls at the same time, default 10": "combien d'appels en même temps, 10 par défaut",
  "also measure: all the numbers of calls, or those of --calls alone":
    "mesurer aussi : tous les nombres d'appels, ou celui de --calls seul",
  "also: calls between guests while the active router is killed and comes back":
    "aussi : des appels entre machines pendant que le routeur actif est tué et revient",
  "pcma (default), pcma-plc, g722, opus or g729": "pcma (par défaut), pcma-plc, g722, opus ou g729",
};

/** The same in French; as it is where there is none. */
export const inFrench = (text: string): string => french[text] ?? text;

/** What has French, for the test that holds it against what is said. */
export const frenchOfHelp: readonly string[] = Object.keys(french);
