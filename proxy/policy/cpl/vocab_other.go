package cpl

func dnsConditions() []Entry {
	dns := func(name string, value ValueKind, m Modifiers, at When, doc string) Entry {
		return cond("dns."+name, value, at, inDNS, recalled, doc).mods(m)
	}
	return []Entry{
		dns("client_transport", ValueAny, noMods, AtAccept, "tcp or udp"),
		dns("request.address", ValueAddress, noMods, AtRequest, "the address that is looked up"),
		dns("request.category", ValueCategory, noMods, AtRequest, "the category of the name that is looked up"),
		dns("request.class", ValueAny, noMods, AtRequest, "the class of the question"),
		dns("request.name", ValueText, textMods, AtRequest, "the name that is looked up"),
		dns("request.opcode", ValueAny, noMods, AtRequest, "the operation that is asked for"),
		dns("request.type", ValueAny, noMods, AtRequest, "the record type that is asked for"),
		dns("request.threat_risk.level", ValueNumber, noMods, AtRequest, "the risk level of the name that is looked up"),
		dns("response.a", ValueAddress, noMods, AtResponse, "an IPv4 address in the answer"),
		dns("response.aaaa", ValueAddress, noMods, AtResponse, "an IPv6 address in the answer"),
		dns("response.cname", ValueText, textMods, AtResponse, "a canonical name in the answer"),
		dns("response.code", ValueAny, noMods, AtResponse, "the code of the answer"),
		dns("response.nodata", ValueFlag, noMods, AtResponse, "the answer has no record of the type"),
		dns("response.ptr", ValueText, textMods, AtResponse, "a name in the answer of a reverse look-up"),
	}
}

func otherConditions() []Entry {
	other := func(name string, value ValueKind, at When, in Layers, mark Mark, doc string) Entry {
		return cond(name, value, at, in, mark, doc)
	}
	im := func(name string, m Modifiers, doc string) Entry {
		return cond("im."+name, ValueText, AtInnerRequest, notDNS, recalled, doc+" (instant messaging)").mods(m)
	}
	return []Entry{
		other("condition", ValueCondition, AtAccept, anywhere, documented, "a named condition holds").modelled(),
		other("exception.id", ValueException, AtAccept, inException|inForward|inProxy, documented3, "the exception that is delivered").modelled(),
		other("health_check", ValueName, AtAccept, notDNS, documented, "the transaction is a health check: yes, no or its name").modelled(),
		other("release.version", ValueRelease, AtAccept, anywhere, recalled, "the appliance's release").modelled(),
		other("release.id", ValueNumber, AtAccept, anywhere, recalled, "the appliance's build number"),
		other("appliance.name", ValueText, AtAccept, anywhere, documented, "the appliance's name; settled when policy is installed").mods(textMods).since(first("7.3.11.1")).modelled(),
		other("admin.access", ValueWord, AtAccept, inAdmin, documented, "what an administrator asks for").words("read", "write"),
		other("console_access", ValueFlag, AtAccept, anywhere, recalled, "the transaction is management traffic"),
		other("content_management", ValueFlag, AtAccept, notDNS, recalled, "the transaction was started by content management"),
		other("local", ValueFlag, AtAccept, anywhere, recalled, "the transaction comes from the appliance itself"),
		other("bitrate", ValueBitrate, AtInnerRequest, notDNS, documented, "the bit rate of a stream"),
		other("live", ValueFlag, AtInnerRequest, notDNS, documented3, "the stream is live"),
		other("streaming.content", ValueFlag, AtInnerRequest, notDNS, documented3, "the transaction carries a stream"),
		other("streaming.client", ValueAny, AtInnerRequest, notDNS, recalled, "the kind of player"),
		other("streaming.rtmp.app_name", ValueText, AtInnerRequest, notDNS, recalled, "the application name of a stream").mods(textMods),
		other("p2p.client", ValueAny, AtFirstBytes, notDNS, recalled, "the kind of peer-to-peer client"),
		other("socks", ValueFlag, AtAccept, notDNS, documented3, "the client came by SOCKS").modelled(),
		other("socks.version", ValueNumber, AtRequest, notDNS, documented3, "the version of SOCKS"),
		other("socks.accelerated", ValueAny, AtRequest, notDNS, recalled, "SOCKS traffic was handed to the protocol's own proxy"),
		other("socks.method", ValueAny, AtRequest, notDNS, recalled, "the SOCKS command"),
		im("buddy_id", textMods, "whom a message is for"),
		im("client", noMods, "the kind of client"),
		im("file.extension", noMods, "the ending of a sent file's name"),
		im("message.text", textMods, "the text of a message"),
		im("method", noMods, "what is done"),
		im("user_id", textMods, "who sends"),
	}
}

func otherProperties() []Entry {
	ignored := func(name string, in Layers, doc string) Entry { return prop(name, ValueAny, AtEnd, in, recalled, doc) }
	return []Entry{
		ignored("dns.respond", inDNS, "answers a DNS request with a code"),
		ignored("dns.respond.a", inDNS, "answers a DNS request with an IPv4 address"),
		ignored("dns.respond.aaaa", inDNS, "answers a DNS request with an IPv6 address"),
		ignored("dns.respond.ptr", inDNS, "answers a reverse look-up"),
		ignored("ftp.match_client_data_ip", inProxy, "data connections of FTP have to come from the client"),
		ignored("ftp.match_server_data_ip", inProxy, "data connections of FTP have to come from the origin"),
		ignored("ftp.server_connection", inProxy, "when the FTP server is connected to"),
		ignored("ftp.server_data", inProxy, "how FTP data connections are opened"),
		ignored("ftp.transport", inProxy, "how FTP reaches the origin"),
		ignored("ftp.welcome_banner", inProxy, "the greeting of the FTP proxy"),
		ignored("im.block_encryption", inProxy, "encrypted instant messages are refused"),
		ignored("im.reflect", inProxy, "instant messages between own users stay inside"),
		ignored("im.strip_attachments", inProxy, "attachments of instant messages are dropped"),
		ignored("im.transport", inProxy, "how instant messages reach the service"),
		ignored("shell.prompt", inProxy, "the prompt of the Telnet proxy"),
		ignored("shell.realm_banner", inProxy, "the text a Telnet user sees before authentication"),
		ignored("shell.welcome_banner", inProxy, "the greeting of the Telnet proxy"),
		ignored("streaming.fast_cache", inProxy|inCache, "streams are fetched faster than they play"),
		ignored("streaming.transport", inProxy|inCache|inForward, "how streams reach the origin"),
	}
}
