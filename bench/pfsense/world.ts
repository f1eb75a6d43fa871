/**
 * A file in which every kind of rule and translation stands that a hand-made one has: floating and quick, gateways, tags,
 * schedules, aliases in aliases, port forwards, 1:1, outbound NAT, a CARP address and an IP alias.
 */
export const WORLD = `<?xml version="1.0"?>
<pfsense>
<version>24.0</version>
<system><hostname>r1</hostname><webgui><protocol>https</protocol><port>8443</port></webgui><ssh><enable>enabled</enable><port>2222</port></ssh><disablenatreflection>yes</disablenatreflection></system>
<interfaces>
<wan><enable></enable><if>vtnet0</if><ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>WANGW</gateway><blockbogons></blockbogons></wan>
<lan><enable></enable><if>vtnet1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>
<opt1><enable></enable><if>vtnet2</if><descr>DMZ</descr><ipaddr>10.0.1.1</ipaddr><subnet>24</subnet></opt1>
<opt2><if>vtnet3</if><descr>SPARE</descr><ipaddr>10.0.2.1</ipaddr><subnet>24</subnet></opt2>
</interfaces>
<ifgroups><ifgroupentry><ifname>INSIDE</ifname><members>lan opt1</members></ifgroupentry></ifgroups>
<gateways><gateway_item><interface>wan</interface><gateway>198.51.100.1</gateway><name>WANGW</name><ipprotocol>inet</ipprotocol></gateway_item><gateway_item><interface>opt1</interface><gateway>10.0.1.9</gateway><name>DMZGW</name><ipprotocol>inet</ipprotocol></gateway_item><defaultgw4>WANGW</defaultgw4></gateways>
<staticroutes><route><network>10.9.0.0/16</network><gateway>DMZGW</gateway></route></staticroutes>
<virtualip><vip><mode>carp</mode><interface>lan</interface><vhid>2</vhid><advskew>0</advskew><subnet>10.0.0.254</subnet><subnet_bits>24</subnet_bits><uniqid>u1</uniqid></vip><vip><mode>ipalias</mode><interface>opt1</interface><subnet>172.16.5.1</subnet><subnet_bits>24</subnet_bits><uniqid>u2</uniqid></vip></virtualip>
<aliases>
<alias><name>SERVERS</name><type>host</type><address>10.0.1.10 10.0.1.11</address></alias>
<alias><name>NETS</name><type>network</type><address>10.0.1.128/25 SERVERS</address></alias>
<alias><name>WEB</name><type>port</type><address>80 443 8000:8010</address></alias>
</aliases>
<schedules><schedule><name>WORK</name><timerange><position>1,2,3,4,5</position><hour>8:00-18:00</hour></timerange></schedule></schedules>
<nat>
<outbound><mode>hybrid</mode>
<rule><interface>wan</interface><source><network>10.0.0.0/24</network></source><destination><any></any></destination><protocol>udp</protocol><dstport>5060</dstport><target>198.51.100.2</target><target_subnet>32</target_subnet><staticnatport></staticnatport></rule>
<rule><interface>wan</interface><source><network>SERVERS</network></source><sourceport></sourceport><destination><network>203.0.113.0/24</network><not></not></destination><nonat></nonat></rule>
</outbound>
<rule><interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><any></any></source><destination><network>wanip</network><port>443</port></destination><target>10.0.1.10</target><local-port>8443</local-port><associated-rule-id>nat_1</associated-rule-id></rule>
<rule><interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp/udp</protocol><source><address>203.0.113.0/24</address></source><destination><network>wanip</network><port>5000-5010</port></destination><target>10.0.1.11</target><local-port>6000</local-port><associated-rule-id>pass</associated-rule-id></rule>
<onetoone><external>198.51.100.7</external><interface>wan</interface><source><address>10.0.1.11</address></source><destination><any></any></destination></onetoone>
</nat>
<filter>
<rule><tracker>1</tracker><type>block</type><interface>wan,lan,opt1</interface><ipprotocol>inet</ipprotocol><floating>yes</floating><quick>yes</quick><direction>in</direction><protocol>tcp</protocol><source><any></any></source><destination><any></any><port>135-139</port></destination></rule>
<rule><tracker>2</tracker><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><floating>yes</floating><direction>out</direction><protocol>udp</protocol><source><network>lan</network></source><destination><network>opt1</network><port>53</port></destination><tag>DNS</tag></rule>
<rule><tracker>3</tracker><type>pass</type><interface>INSIDE</interface><ipprotocol>inet46</ipprotocol><protocol>icmp</protocol><icmptype>echoreq</icmptype><source><network>INSIDE</network></source><destination><network>(self)</network></destination></rule>
<rule><tracker>4</tracker><type>pass</type><interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><any></any></source><destination><address>10.0.1.10</address><port>8443</port></destination><associated-rule-id>nat_1</associated-rule-id></rule>
<rule><tracker>5</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><network>lan</network></source><destination><address>NETS</address><port>WEB</port></destination><log></log></rule>
<rule><tracker>6</tracker><type>reject</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp/udp</protocol><source><address>10.0.0.128/25</address></source><destination><network>opt1</network><not></not><port>1024-65535</port></destination></rule>
<rule><tracker>7</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><source><network>lan</network></source><destination><any></any></destination><gateway>WANGW</gateway><sched>WORK</sched></rule>
<rule><tracker>8</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><network>lanip</network><not></not></source><destination><network>wan</network><not></not></destination><statetype>keep state</statetype><max-src-states>100</max-src-states></rule>
<rule><tracker>9</tracker><type>block</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><source><any></any></source><destination><network>lan</network></destination><descr>no way in</descr></rule>
<rule><tracker>10</tracker><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>udp</protocol><source><address>SERVERS</address><port>1-1023</port></source><destination><any></any></destination></rule>
<rule><tracker>11</tracker><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><network>opt1</network></source><destination><network>INSIDE</network><not></not></destination></rule>
<rule><tracker>12</tracker><type>pass</type><interface>opt2</interface><ipprotocol>inet</ipprotocol><source><any></any></source><destination><any></any></destination></rule>
<rule><tracker>13</tracker><type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol><source><any></any></source><destination><any></any></destination><disabled></disabled></rule>
</filter>
</pfsense>
`;
