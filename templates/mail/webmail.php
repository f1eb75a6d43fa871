<?php
// Written by maquette. Roundcube: people log on with the account of the directory, and it has no other; nothing is asked outside.
$config = [];
$config['db_dsnw'] = 'sqlite:///{{database}}?mode=0640';
$config['des_key'] = '{{key}}';
$config['cipher_method'] = 'AES-256-GCM';
$config['enable_installer'] = false;
$config['trusted_host_patterns'] = ['^{{pattern}}$'];
$config['use_https'] = true;
$config['session_lifetime'] = 30;
$config['session_samesite'] = 'Strict';
$config['ip_check'] = true;
$config['login_autocomplete'] = 0;
// The directory counts wrong passwords, and nginx how often somebody tries.
$config['login_rate_limit'] = 0;

$known = ['ssl' => [
    'verify_peer' => true,
    'verify_peer_name' => true,
    'peer_name' => '{{server}}',
    'cafile' => '/etc/ssl/certs/ca-certificates.crt',
]];
$config['imap_host'] = 'ssl://localhost:{{imaps}}';
$config['imap_conn_options'] = $known;
$config['imap_timeout'] = 30;
$config['smtp_host'] = 'tls://localhost:{{submission}}';
$config['smtp_conn_options'] = $known;
$config['smtp_helo_host'] = '{{server}}';
$config['smtp_timeout'] = 30;
// One user of the webmail, however the name was typed.
$config['username_domain'] = '{{domain}}';
$config['username_domain_forced'] = true;
$config['login_lc'] = 2;
$config['mail_domain'] = '{{domain}}';
// Nobody writes under another address than the own; the servers would refuse it.
$config['identities_level'] = 3;

$config['plugins'] = ['maquette', 'managesieve'];
$config['managesieve_host'] = 'tls://localhost:{{managesieve}}';
$config['managesieve_conn_options'] = $known;
$config['managesieve_default'] = '';
$config['managesieve_vacation'] = 1;

$config['product_name'] = 'Messagerie {{domain}}';
$config['language'] = 'fr_FR';
$config['timezone'] = '{{timezone}}';
$config['date_format'] = 'd/m/Y';
$config['max_message_size'] = '{{messageMiB}}M';
$config['enable_spellcheck'] = false;
$config['show_images'] = 0;
$config['keyservers'] = [];
$config['identity_image_size'] = 0;
$config['log_driver'] = 'syslog';
$config['log_logins'] = true;
$config['display_product_info'] = 0;
