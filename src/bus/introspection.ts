import { contractXml } from './contract-xml.ts';
import type { InterfaceName } from './interfaces.ts';

const doctype = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

/** On every node; D-Bus specification, "Standard Interfaces". */
const onEveryNode = `<interface name="org.freedesktop.DBus.Introspectable">
<method name="Introspect"><arg name="xml_data" type="s" direction="out"/></method>
</interface>
<interface name="org.freedesktop.DBus.Peer">
<method name="Ping"/>
<method name="GetMachineId"><arg name="machine_uuid" type="s" direction="out"/></method>
</interface>
`;

const properties = `<interface name="org.freedesktop.DBus.Properties">
<method name="Get">
<arg name="interface_name" type="s" direction="in"/>
<arg name="property_name" type="s" direction="in"/>
<arg name="value" type="v" direction="out"/>
</method>
<method name="GetAll">
<arg name="interface_name" type="s" direction="in"/>
<arg name="properties" type="a{sv}" direction="out"/>
</method>
<method name="Set">
<arg name="interface_name" type="s" direction="in"/>
<arg name="property_name" type="s" direction="in"/>
<arg name="value" type="v" direction="in"/>
</method>
<signal name="PropertiesChanged">
<arg name="interface_name" type="s"/>
<arg name="changed_properties" type="a{sv}"/>
<arg name="invalidated_properties" type="as"/>
</signal>
</interface>
`;

const objectManager = `<interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects">
<arg name="objects" type="a{oa{sa{sv}}}" direction="out"/>
</method>
<signal name="InterfacesAdded">
<arg name="object_path" type="o"/>
<arg name="interfaces_and_properties" type="a{sa{sv}}"/>
</signal>
<signal name="InterfacesRemoved">
<arg name="object_path" type="o"/>
<arg name="interfaces" type="as"/>
</signal>
</interface>
`;

/** The introspection data of one node of the object tree. */
export function formatIntrospection(node: {
  interfaces: readonly InterfaceName[];
  isObjectManager: boolean;
  children: readonly string[];
}): string {
  return [
    doctype,
    '<node>\n',
    onEveryNode,
    node.interfaces.length > 0 ? properties : '',
    node.isObjectManager ? objectManager : '',
    ...node.interfaces.map((name) => `${contractXml[name]}\n`),
    ...node.children.map((name) => `<node name="${name}"/>\n`),
    '</node>\n',
  ].join('');
}
