<?php
// Written by maquette. No password: MariaDB knows by the socket whose process asks.
$server = 'localhost';
$database = '{{database}}';
$user = '{{user}}';
$password = '';
