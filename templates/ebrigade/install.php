<?php
// Written by maquette. What eBrigade's pages configuration_db.php and wizard.php do for the first visitor, without one: its
// tables, then its own functions for the answers. Whoever runs it looks afterwards whether it is whole, for these functions
// end the program with 0 whatever happens.
chdir('{{program}}');
ob_start();
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';
$noconnect = 1;
require 'config.php';
require 'fonctions_sql.php';
$dbc = mysqli_connect($server, $user, $password, $database) or exit(1);
mysqli_query($dbc, "SET sql_mode = ''");
mysqli_query($dbc, "SET NAMES 'latin1'");
$nomenu = 1;
// What the functions of its pages know from the table that does not exist yet.
[$title, $application_title, $ameliorations, $encryption_method] = ['eBrigade', 'eBrigade', 0, 'bcrypt'];
create_sql_functions();
load_reference_schema();
// Sections and people are the plan's.
mysqli_query($dbc, 'DELETE FROM section WHERE S_ID > 0');
mysqli_query($dbc, 'DELETE FROM section_flat WHERE S_ID > 0');
save_type_organisation({{organisation}});
load_specific_data({{organisation}});
