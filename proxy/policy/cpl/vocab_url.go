package cpl

const (
	// inURL are the layers where the request's URL may be tested: not in
	// Forward, which is evaluated after rewriting (CPL guide, SGOS 3, p. 39).
	inURL       = inProxy | inCache | inSSL | inSSLIntercept | inException | inDiagnostic | inTenant
	inServerURL = inURL | inForward
)

func urlConditions() []Entry {
	return []Entry{
		cond("url", ValueURL, AtRequest, inURL, documented3, "the URL starts with this host and path").mods(textMods).modelled(),
		cond("url.domain", ValueDomain, AtRequest, inURL, documented, "the host is this domain or below it; a path may follow").modelled(),
		cond("url.host", ValueText, AtRequest, inURL, documented, "the host as text, whole unless a modifier says otherwise").mods(textMods).modelled(),
		cond("url.host.is_numeric", ValueFlag, AtRequest, inURL, documented3, "the host is an IP address").modelled(),
		cond("url.host.no_name", ValueFlag, AtRequest, inURL, recalled, "the address of the host has no name"),
		cond("url.host.is_private", ValueFlag, AtRequest, inURL, recalled, "the host lies in a private address range"),
		cond("url.address", ValueAddress, AtRequest, inURL, documented, "an address of the host lies in the subnet; the name is looked up").modelled(),
		cond("url.port", ValueNumber, AtRequest, inURL, documented, "the port of the URL").bounds(0, 65535).modelled(),
		cond("url.scheme", ValueOpenWord, AtRequest, inURL, documented, "the scheme; tcp for CONNECT and TCP tunnels").words(schemes()...).modelled(),
		cond("url.path", ValueText, AtRequest, inURL, documented3, "the path starts with the value").mods(textMods).modelled(),
		cond("url.query", ValueText, AtRequest, inURL, documented3, "the query string without its question mark").mods(textMods).modelled(),
		cond("url.extension", ValueText, AtRequest, inURL, documented, "the ending of the file name, without the dot").mods(textMods).modelled(),
		cond("url.category", ValueCategory, AtRequest, inURL, documented, "the URL belongs to the category; listings print it as category").modelled(),
		cond("category", ValueCategory, AtRequest, inURL, documented, "the URL belongs to the category").modelled(),
		cond("url.threat_risk.level", ValueNumber, AtRequest, inURL, documented, "the risk level of the URL, 0 to 10").bounds(0, 10).since(first("6.6")),
		cond("url.application.name", ValueName, AtRequest, inURL, recalled, "the web application the URL belongs to"),
		cond("url.application.operation", ValueName, AtRequest, inURL, recalled, "the operation of the web application"),
		cond("url.is_absolute", ValueFlag, AtRequest, inURL, recalled, "the request line had a whole URL"),
		cond("raw_url", ValueText, AtRequest, inURL, recalled, "the URL as the client wrote it").mods(textMods),
	}
}

func schemes() []string {
	return []string{"http", "https", "ftp", "tcp", "ssl", "mms", "mmsu", "mmst", "rtsp", "rtspu", "rtmp", "rtmpt", "rtmps", "rtmpe", "rtmpte",
		"icp", "cache_object", "aol-im", "msn-im", "yahoo-im", "dns", "epmapper", "ws", "wss", "sip", "sips", "telnet"}
}

func serverURLConditions() []Entry {
	return []Entry{
		cond("server_url", ValueURL, AtRequest, inServerURL, documented3, "the URL after rewriting starts with this host and path").mods(textMods).modelled(),
		cond("server_url.domain", ValueDomain, AtRequest, inServerURL, documented, "the host after rewriting is this domain or below it").modelled(),
		cond("server_url.host", ValueText, AtRequest, inServerURL, recalled, "the host after rewriting as text").mods(textMods).modelled(),
		cond("server_url.host.is_numeric", ValueFlag, AtRequest, inServerURL, recalled, "the host after rewriting is an IP address").modelled(),
		cond("server_url.host.no_name", ValueFlag, AtRequest, inServerURL, recalled, "the address of the host after rewriting has no name"),
		cond("server_url.address", ValueAddress, AtRequest, inServerURL, documented, "an address of the host after rewriting lies in the subnet").modelled(),
		cond("server_url.port", ValueNumber, AtRequest, inServerURL, documented, "the port after rewriting").bounds(0, 65535).modelled(),
		cond("server_url.scheme", ValueOpenWord, AtRequest, inServerURL, documented3, "the scheme after rewriting").words(schemes()...).modelled(),
		cond("server_url.path", ValueText, AtRequest, inServerURL, recalled, "the path after rewriting").mods(textMods).modelled(),
		cond("server_url.query", ValueText, AtRequest, inServerURL, recalled, "the query string after rewriting").mods(textMods).modelled(),
		cond("server_url.extension", ValueText, AtRequest, inServerURL, recalled, "the ending of the file name after rewriting").mods(textMods).modelled(),
		cond("server_url.category", ValueCategory, AtRequest, inServerURL, recalled, "the category after rewriting").modelled(),
		cond("server_url.threat_risk.level", ValueNumber, AtRequest, inServerURL, documented, "the risk level after rewriting, 0 to 10").bounds(0, 10).since(first("6.6")),
	}
}
