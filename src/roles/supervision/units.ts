/* Debian's, in whose names its paths and its units are. */

export const PHP = "8.4";
export const PHP_UNIT = `php${PHP}-fpm`;
export const POSTGRESQL = "17";
export const DATABASE_UNIT = `postgresql@${POSTGRESQL}-main`;
export const SERVER_UNIT = "zabbix-server";
export const AGENT_UNIT = "zabbix-agent2";
