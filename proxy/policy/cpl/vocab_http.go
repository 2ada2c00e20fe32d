package cpl

const (
	inHTTP     = inProxy | inCache | inException | inSSL | inForward | inDiagnostic | inTenant | inAdmin | inSSLIntercept
	inResponse = inProxy | inCache | inException | inSSL | inDiagnostic
)

func httpConditions() []Entry {
	return []Entry{
		cond("http.method", ValueName, AtRequest, inHTTP, documented, "the method of the HTTP request").mods(modRegex).modelled(),
		cond("http.method.custom", ValueName, AtRequest, inHTTP, recalled, "the method, where it is none of the standard ones"),
		cond("method", ValueName, AtRequest, inHTTP, recalled, "the method of the request, whatever its protocol").modelled(),
		cond("http.connect", ValueFlag, AtRequest, inHTTP, recalled, "the request is a CONNECT").modelled(),
		cond("http.connect.User-Agent", ValueRegex, AtRequest, inHTTP, recalled, "the User-Agent header of the CONNECT request"),
		cond("http.request_line", ValueText, AtRequest, inHTTP, recalled, "the request line as the client wrote it").mods(textMods),
		cond("http.request.version", ValueName, AtRequest, inHTTP, recalled, "the HTTP version of the request"),
		cond("http.request.body.size", ValueNumber, AtInnerRequest, inHTTP, documented, "the size of the request's body in bytes").since(first("6.4")),
		cond("http.request.body.max_size_exceeded", ValueFlag, AtInnerRequest, inHTTP, documented, "the body is larger than http.request.body.max_size allows").since(first("6.4")),
		cond("http.request.apparent_data_type", ValueName, AtInnerRequest, inHTTP, recalled, "the type that the request's body looks like"),
		cond("http.request.data", ValueText, AtInnerRequest, inHTTP, recalled, "the first bytes of the request's body").free("LENGTH").mods(textMods),
		cond("http.response.code", ValueNumber, AtResponse, inResponse, documented3, "the status of the response").bounds(0, 999).modelled(),
		cond("http.response.version", ValueName, AtResponse, inResponse, recalled, "the HTTP version of the response"),
		cond("http.response.apparent_data_type", ValueName, AtResponse, inResponse, documented, "the type that the response's body looks like"),
		cond("http.response.data", ValueText, AtResponse, inResponse, recalled, "the first bytes of the response's body").free("LENGTH").mods(textMods),
		cond("http.transparent_authentication", ValueFlag, AtRequest, inHTTP, documented3, "the user is authenticated transparently"),
		cond("http.websocket", ValueFlag, AtInnerRequest, inHTTP, recalled, "the request opens a WebSocket"),
		cond("ftp.method", ValueName, AtRequest, notDNS, documented3, "the FTP command"),
		cond("response.icap.error_code", ValueOpenWord, AtResponse, inResponse, documented, "the error that scanning met").
			words("any", "none", "max_file_size_exceeded", "password_protected", "antivirus_engine_failure", "antivirus_license_expired", "antivirus_load_failure",
				"connection_failure", "connection_unavailable", "decode_error", "file_extension_blocked", "file_type_blocked", "insufficient_space",
				"internal_error", "internal_server_error", "max_archive_layers_exceeded", "max_total_files_exceeded", "max_total_size_exceeded", "request_timeout",
				"scan_timeout", "server_error", "server_unavailable", "unsupported_compression", "virus_detected"),
		cond("request.icap.error_code", ValueOpenWord, AtInnerRequest, inResponse, recalled, "the error that scanning of the request met").
			words("any", "none", "max_file_size_exceeded", "password_protected"),
		cond("icap_error_code", ValueOpenWord, AtResponse, inResponse, documented, "old spelling of response.icap.error_code").instead("response.icap.error_code").
			words("any", "none", "max_file_size_exceeded", "password_protected"),
		cond("icap_method.header", ValueRegex, AtResponse, inResponse, recalled, "a header of the scanner's answer").free("NAME").mods(textMods),
		cond("virus_detected", ValueFlag, AtResponse, inResponse, recalled, "scanning found a virus"),
		cond("data_leak_detected", ValueFlag, AtInnerRequest, inResponse, recalled, "scanning found that data leaks"),
		cond("risk_score", ValueNumber, AtInnerRequest, inHTTP, recalled, "the score of the request's attack patterns"),
		cond("request.application.name", ValueName, AtInnerRequest, inHTTP, documented, "the web application the request belongs to"),
		cond("request.application.operation", ValueName, AtInnerRequest, inHTTP, documented, "the operation of the web application"),
		cond("request.application.group", ValueName, AtInnerRequest, inHTTP, recalled, "the group of the web application"),
	}
}

func headerConditions() []Entry {
	referer := func(name string, value ValueKind, m Modifiers, mark Mark, doc string) Entry {
		return cond("request.header.Referer.url"+name, value, AtRequest, inHTTP, mark, doc+" in the Referer header").mods(m)
	}
	return []Entry{
		cond("request.header", ValueRegex, AtRequest, inHTTP, documented, "a request header; an absent one is a plain miss").free("NAME").mods(headerMods).modelled(),
		cond("request.x_header", ValueRegex, AtRequest, inHTTP, documented3, "a request header that is not standard").free("NAME").mods(headerMods).modelled(),
		cond("response.header", ValueRegex, AtResponse, inResponse, documented, "a response header; an absent one is a plain miss").free("NAME").mods(headerMods).modelled(),
		cond("response.x_header", ValueRegex, AtResponse, inResponse, documented3, "a response header that is not standard").free("NAME").mods(headerMods).modelled(),
		cond("request.raw_headers", ValueRegex, AtRequest, inHTTP, recalled, "all request headers as the client wrote them").mods(modRegex),
		cond("response.raw_headers", ValueRegex, AtResponse, inResponse, recalled, "all response headers as the origin wrote them").mods(modRegex),
		referer("", ValueURL, textMods, recalled, "the URL"),
		referer(".domain", ValueDomain, noMods, recalled, "the domain"),
		referer(".host", ValueText, textMods, recalled, "the host"),
		referer(".path", ValueText, textMods, recalled, "the path"),
		referer(".port", ValueNumber, noMods, recalled, "the port"),
		referer(".category", ValueCategory, noMods, documented, "the category of the URL"),
	}
}

func httpProperties() []Entry {
	request := inProxy | inCache | inSSL
	return []Entry{
		prop("http.client.persistence", ValueWord, AtEnd, inProxy, documented, "whether the client's connection is kept").words("yes", "no", "preserve"),
		prop("http.client.allow_encoding", ValueAny, AtEnd, inProxy, recalled, "which encodings may be sent to the client"),
		prop("http.client.recv.timeout", ValueAny, AtEnd, inProxy, recalled, "how long to wait for the client"),
		prop("http.request.body.max_size", ValueNumber, AtRequest, inProxy, documented, "the largest body of a request, in bytes").since(first("6.4")),
		prop("http.request.version", ValueName, AtEnd, request, recalled, "the HTTP version towards the origin"),
		prop("http.request.apparent_data_type.deny", ValueAny, AtEnd, request, recalled, "refuses bodies that look like these types"),
		prop("http.request.detection.other", ValueAny, AtEnd, request, recalled, "how attack patterns are detected"),
		prop("http.request.detection", ValueAny, AtEnd, request, recalled, "how attack patterns of a kind are detected").free("KIND"),
		prop("http.request.normalization.default", ValueAny, AtEnd, request, recalled, "how requests are brought to one form before detection"),
		prop("http.response.version", ValueName, AtEnd, request, recalled, "the HTTP version towards the client"),
		prop("http.response.parse_meta_tag.Expires", ValueFlag, AtEnd, inCache, recalled, "Expires in the page counts as a header"),
		prop("http.response.parse_meta_tag.Cache-Control", ValueFlag, AtEnd, inCache, recalled, "Cache-Control in the page counts as a header"),
		prop("http.response.parse_meta_tag.pragma-no-cache", ValueFlag, AtEnd, inCache, recalled, "Pragma in the page counts as a header"),
		prop("http.server.accept_encoding", ValueAny, AtEnd, request|inForward, recalled, "which encodings are asked of the origin"),
		prop("http.server.connect_attempts", ValueNumber, AtEnd, request|inForward, recalled, "how often the connection to the origin is tried"),
		prop("http.server.persistence", ValueWord, AtEnd, request|inForward, recalled, "whether the origin's connection is kept").words("yes", "no", "preserve"),
		prop("http.server.recv.timeout", ValueAny, AtEnd, request|inForward, recalled, "how long to wait for the origin"),
		prop("http.refresh.recv.timeout", ValueAny, AtEnd, request|inForward, recalled, "how long to wait for the origin when an object is refreshed"),
		prop("http.allow_compression", ValueFlag, AtEnd, request, recalled, "objects may be compressed"),
		prop("http.allow_decompression", ValueFlag, AtEnd, request, recalled, "objects may be decompressed"),
		prop("http.compression_level", ValueWord, AtEnd, request, recalled, "how hard objects are compressed").words("low", "medium", "high"),
		prop("http.force_ntlm_for_server_auth", ValueAny, AtEnd, request, recalled, "the origin is made to ask for NTLM"),
		prop("http2.client.accept", ValueFlag, AtEnd, inProxy|inSSL|inSSLIntercept, recalled, "clients may speak HTTP/2, which passes undecoded").modelled(),
		prop("http2.server.request", ValueFlag, AtEnd, inProxy|inSSL|inForward|inSSLIntercept, recalled, "origins are asked for HTTP/2").modelled(),
		prop("response.raw_headers.max_count", ValueNumber, AtEnd, request, recalled, "how many headers a response may have"),
		prop("response.raw_headers.max_length", ValueNumber, AtEnd, request, recalled, "how long the headers of a response may be"),
		prop("response.raw_headers.tolerate", ValueAny, AtEnd, request, recalled, "which malformed response headers pass"),
		prop("request.filter_service", ValueAny, AtInnerRequest, inProxy, recalled, "the filter service that judges the request"),
		prop("request.icap_service", ValueAny, AtInnerRequest, inProxy|inCache|inSSL, documented, "the scanner for the request, and what happens when it fails").args(1, 3),
		prop("request.icap_service.secure_connection", ValueAny, AtInnerRequest, inProxy|inCache|inSSL, documented, "whether the scanner is reached over TLS"),
		prop("response.icap_service", ValueAny, AtEnd, inProxy|inCache, documented, "the scanner for the response, and what happens when it fails").args(1, 3),
		prop("response.icap_service.secure_connection", ValueAny, AtEnd, inProxy|inCache, recalled, "whether the scanner is reached over TLS"),
		prop("response.icap_service.force_rescan", ValueFlag, AtEnd, inProxy|inCache, recalled, "a cached object is scanned again"),
		prop("response.icap_feedback", ValueAny, AtEnd, inProxy, recalled, "what the client sees while scanning lasts"),
		prop("response.icap_feedback.interactive", ValueAny, AtEnd, inProxy, recalled, "what a browser sees while scanning lasts"),
		prop("response.icap_feedback.non_interactive", ValueAny, AtEnd, inProxy, recalled, "what a program sees while scanning lasts"),
		prop("risk_score.maximum", ValueNumber, AtEnd, inProxy, recalled, "the score at which a request is refused"),
	}
}
