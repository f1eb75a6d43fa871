<?php
// Written by maquette. The web's way to the database and to the server; no password is needed for either.
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '';
$DB['PORT'] = '0';
$DB['DATABASE'] = '{{database}}';
$DB['USER'] = '{{owner}}';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = '{{port}}';
$ZBX_SERVER_NAME = '{{title}}';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
$ALLOW_HTTP_AUTH = false;
