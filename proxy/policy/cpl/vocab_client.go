package cpl

const notDNS = allTypes &^ inDNS

func clientConditions() []Entry {
	return []Entry{
		cond("client.address", ValueAddress, AtAccept, anywhere, documented, "the client's address lies in the subnet").modelled(),
		cond("client_address", ValueAddress, AtAccept, anywhere, documented, "old spelling of client.address").instead("client.address").modelled(),
		cond("client.effective_address", ValueAddress, AtAccept, anywhere, recalled, "the client's address as a header in front of the appliance gives it"),
		cond("client.address.country", ValueName, AtAccept, anywhere, recalled, "the country of the client's address"),
		cond("client.address.login.count", ValueNumber, AtUser, anywhere, recalled, "how many users are logged in from the client's address"),
		cond("client.host", ValueText, AtAccept, anywhere, documented, "the name of the client's address, by reverse look-up").mods(textMods),
		cond("client.host.has_name", ValueFlag, AtAccept, anywhere, documented, "the client's address has a name"),
		cond("client.interface", ValueName, AtAccept, anywhere, recalled, "the interface the client came in by"),
		cond("client.interface.routing_domain", ValueName, AtAccept, anywhere, recalled, "the routing domain the client came in by"),
		cond("client.connection.dscp", ValueAny, AtAccept, notDNS, recalled, "the DSCP value of the client's packets"),
		cond("client.protocol", ValueWord, AtFirstBytes, notDNS&^inAdmin, documented, "the protocol the client speaks, as detection found it").
			words("http", "https", "ssl", "ftp", "tcp", "socks", "dns", "icp", "mms", "rtsp", "rtmp", "flash", "shell", "telnet", "cifs", "mapi",
				"epmapper", "p2p", "bittorrent", "edonkey", "fasttrack", "gnutella", "aol-im", "msn-im", "yahoo-im").
			wordsSince(since6510(), "sips", "ms-turn", "stunnel").modelled(),
		cond("tunneled", ValueFlag, AtFirstBytes, notDNS&^inAdmin, documented, "the bytes pass as they are: a TCP tunnel, a CONNECT, TLS that is not intercepted").modelled(),
		cond("proxy.address", ValueAddress, AtAccept, anywhere, documented3, "the appliance's address the client connected to").modelled(),
		cond("proxy.port", ValueNumber, AtAccept, anywhere, documented, "the appliance's port the client connected to").bounds(0, 65535).modelled(),
		cond("proxy.card", ValueNumber, AtAccept, anywhere, documented3, "the network card the client came in by"),
		cond("service.name", ValueName, AtAccept, anywhere, documented, "the name of the service the client used, such as \"Explicit HTTP\"").modelled(),
		cond("service.group", ValueName, AtAccept, anywhere, documented, "the group of the service the client used, such as Standard").modelled(),
		cond("has_client", ValueFlag, AtAccept, anywhere, documented3, "a client waits for this transaction; no for refreshes").modelled(),
		cond("supplier.country", ValueName, AtServerCertificate, notDNS, recalled, "the country of the server's address"),
	}
}

func userConditions() []Entry {
	return []Entry{
		cond("user", ValueText, AtUser, anywhere, documented, "the authenticated user; unavailable without authentication").mods(textMods).modelled(),
		cond("group", ValueText, AtUser, anywhere, documented, "a group of the authenticated user; unavailable without authentication").mods(textMods).modelled(),
		cond("realm", ValueName, AtUser, anywhere, documented, "the realm the user was authenticated in").modelled(),
		cond("user_domain", ValueName, AtUser, anywhere, documented3, "old spelling of user.domain").instead("user.domain").modelled(),
		cond("user.domain", ValueName, AtUser, anywhere, recalled, "the domain part of the user's name").modelled(),
		cond("authenticated", ValueFlag, AtUser, anywhere, documented, "the user is authenticated").modelled(),
		cond("attribute", ValueText, AtUser, anywhere, documented, "an attribute of the user in the realm's directory").free("NAME").mods(textMods),
		cond("has_attribute", ValueFlag, AtUser, anywhere, documented3, "the user has the attribute").free("NAME"),
		cond("ldap.attribute", ValueText, AtUser, anywhere, recalled, "an attribute of the user in the LDAP directory").free("NAME").mods(textMods | modCount | modExists),
		cond("saml.attribute", ValueText, AtUser, anywhere, recalled, "an attribute of the user's SAML assertion").free("NAME").mods(textMods),
		cond("session-monitor.attribute", ValueText, AtUser, anywhere, recalled, "an attribute of the session by its accounting record").free("NAME").mods(textMods),
		cond("user.authentication_error", ValueAny, AtUser, anywhere, recalled, "the error that authentication met"),
		cond("user.authorization_error", ValueAny, AtUser, anywhere, recalled, "the error that authorization met"),
		cond("user.is_guest", ValueFlag, AtUser, anywhere, recalled, "the user passes as a guest"),
		cond("user.login.address", ValueAddress, AtUser, anywhere, recalled, "the address the user logged in from"),
		cond("user.login.count", ValueNumber, AtUser, anywhere, recalled, "how many times the user is logged in"),
		cond("user.login.time", ValueNumber, AtUser, anywhere, recalled, "how long the user is logged in, in seconds"),
		cond("user.x509.issuer", ValueText, AtUser, anywhere, recalled, "the issuer of the user's certificate").mods(textMods),
		cond("user.x509.serialNumber", ValueText, AtUser, anywhere, recalled, "the serial number of the user's certificate").mods(textMods),
		cond("user.x509.subject", ValueText, AtUser, anywhere, recalled, "the subject of the user's certificate").mods(textMods),
	}
}

func timeConditions() []Entry {
	clock := func(name string, value ValueKind, min, max uint64, doc string) Entry {
		return cond(name, value, AtAccept, anywhere, documented3, doc).bounds(min, max).mods(modUTC).modelled()
	}
	return []Entry{
		cond("date", ValueDate, AtAccept, anywhere, documented, "the date, yyyymmdd").mods(modUTC).modelled(),
		clock("year", ValueNumber, 1, 9999, "the year"),
		clock("month", ValueNumber, 1, 12, "the month; a reversed range wraps over the new year"),
		clock("day", ValueNumber, 1, 31, "the day of the month"),
		clock("weekday", ValueNumber, 1, 7, "the day of the week, Monday is 1"),
		clock("hour", ValueNumber, 0, 23, "the hour; a reversed range wraps over midnight"),
		clock("minute", ValueNumber, 0, 59, "the minute; a reversed range wraps over the full hour"),
		clock("time", ValueTime, 0, 0, "the time of day, HHMM; a reversed range wraps over midnight"),
	}
}
