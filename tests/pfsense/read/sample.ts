/** A sound configuration that touches every section the reader knows. */
export const SAMPLE = `<?xml version="1.0"?>
<pfsense>
	<version>24.0</version>
	<lastchange></lastchange>
	<system>
		<hostname>fw1</hostname>
		<domain>lab.test</domain>
		<dnsserver>10.0.0.10</dnsserver>
		<dnsserver>10.0.0.11</dnsserver>
		<timezone>Europe/Paris</timezone>
		<timeservers>10.0.0.10 10.0.0.11</timeservers>
		<group><name>admins</name><scope>system</scope><gid>1999</gid><member>0</member><priv>page-all</priv></group>
		<user><name>admin</name><uid>0</uid><bcrypt-hash>$2b$10$x</bcrypt-hash><priv>user-shell-access</priv></user>
		<ssh><enable>enabled</enable><port>22</port><sshdkeyonly>enabled</sshdkeyonly></ssh>
		<webgui><protocol>https</protocol><ssl-certref>c1</ssl-certref></webgui>
		<disablenatreflection>yes</disablenatreflection>
		<ipv6allow></ipv6allow>
		<authserver><refid>a1</refid><type>ldap</type><name>AD</name><host>10.0.0.10</host><ldap_port>636</ldap_port></authserver>
	</system>
	<interfaces>
		<wan><enable></enable><if>vtnet0</if><ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>WANGW</gateway><blockpriv></blockpriv></wan>
		<lan><enable></enable><if>vtnet1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet><ipaddrv6>2001:db8::1</ipaddrv6><subnetv6>64</subnetv6></lan>
		<opt1><enable></enable><if>vtnet2.10</if><descr>RD</descr><ipaddr>dhcp</ipaddr></opt1>
	</interfaces>
	<vlans><vlan><if>vtnet2</if><tag>10</tag><vlanif>vtnet2.10</vlanif><descr></descr></vlan></vlans>
	<ifgroups><ifgroupentry><ifname>INSIDE</ifname><members>lan opt1</members></ifgroupentry></ifgroups>
	<gateways>
		<gateway_item><interface>wan</interface><gateway>198.51.100.1</gateway><name>WANGW</name><ipprotocol>inet</ipprotocol></gateway_item>
		<gateway_group><name>BOTH</name><item>WANGW|1|address</item><trigger>down</trigger></gateway_group>
		<defaultgw4>WANGW</defaultgw4>
	</gateways>
	<staticroutes><route><network>10.20.0.0/16</network><gateway>WANGW</gateway></route></staticroutes>
	<virtualip><vip><mode>carp</mode><interface>lan</interface><vhid>2</vhid><advskew>0</advskew><subnet>10.0.0.254</subnet><subnet_bits>24</subnet_bits><uniqid>u1</uniqid></vip></virtualip>
	<hasync><pfsyncenabled>on</pfsyncenabled><pfsyncinterface>opt1</pfsyncinterface><synchronizetoip>10.9.0.2</synchronizetoip><synchronizerules>on</synchronizerules></hasync>
	<aliases>
		<alias><name>SERVERS</name><type>host</type><address>10.0.0.10 10.0.0.11</address><detail>a||b</detail></alias>
		<alias><name>WEB</name><type>port</type><address>80 443 8000:8010</address></alias>
	</aliases>
	<schedules><schedule><name>WORK</name><timerange><position>1,2</position><hour>8:00-18:00</hour></timerange></schedule></schedules>
	<filter>
		<rule><id></id><tracker>1700000001</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
			<source><network>lan</network></source><destination><address>SERVERS</address><port>WEB</port></destination>
			<descr><![CDATA[web]]></descr><log></log><created><time>1</time><username>x</username></created></rule>
		<rule></rule>
		<rule><tracker>1700000002</tracker><type>block</type><floating>yes</floating><quick>yes</quick><direction>in</direction><interface>lan,opt1</interface>
			<source><any></any></source><destination><network>(self)</network><not></not></destination></rule>
		<separator><lan></lan></separator>
	</filter>
	<nat>
		<outbound><mode>hybrid</mode><rule><interface>wan</interface><source><network>10.0.0.0/24</network></source><destination><any></any></destination><target>198.51.100.9</target><target_subnet>32</target_subnet></rule></outbound>
		<rule><interface>wan</interface><protocol>tcp</protocol><source><any></any></source><destination><network>wanip</network><port>443</port></destination><target>10.0.0.10</target><local-port>443</local-port><associated-rule-id>nat_1</associated-rule-id></rule>
		<onetoone><external>198.51.100.7</external><interface>wan</interface><source><address>10.0.0.7</address></source><destination><any></any></destination></onetoone>
	</nat>
	<shaper><queue><interface>wan</interface><name>wan</name><scheduler>HFSC</scheduler><queue><name>qVoIP</name><priority>7</priority></queue></queue></shaper>
	<unbound><enable></enable><dnssec></dnssec><active_interface>lan,_vipu1</active_interface><hosts><host>a</host><domain>lab.test</domain><ip>10.0.0.10</ip></hosts></unbound>
	<dhcpd><lan><enable></enable><range><from>10.0.0.50</from><to>10.0.0.99</to></range><staticmap><mac>02:00:00:00:00:01</mac><ipaddr>10.0.0.20</ipaddr></staticmap></lan></dhcpd>
	<dhcpbackend>kea</dhcpbackend>
	<kea><ha><enable></enable><role>primary</role></ha></kea>
	<openvpn><openvpn-server><vpnid>1</vpnid><local_port>1194</local_port><tunnel_network>10.9.0.0/24</tunnel_network></openvpn-server></openvpn>
	<ipsec><phase1><ikeid>1</ikeid><interface>wan</interface><remote-gateway>203.0.113.7</remote-gateway></phase1></ipsec>
	<ntpd><enable>disabled</enable></ntpd>
	<snmpd><rocommunity>public</rocommunity></snmpd>
	<syslog><nologdefaultblock></nologdefaultblock></syslog>
	<ca><refid>ca1</refid><descr>root</descr><crt>AAAA</crt></ca>
	<cert><refid>c1</refid><caref>ca1</caref><crt>AAAA</crt></cert>
</pfsense>
`;
