package cpl

func accessProperties() []Entry {
	return []Entry{
		prop("exception.autopad", ValueFlag, AtEnd, anywhere, documented3, "short exception pages are filled up so that browsers show them"),
		prop("exception.format", ValueString, AtEnd, inProxy|inCache|inAdmin|inSSL|inException, documented, "the page of an exception, from define string"),
		prop("access_server", ValueFlag, AtInnerRequest, inProxy|inCache|inSSL|inException, documented, "whether the origin may be asked").modelled(),
		prop("access_log", ValueAny, AtEnd, anywhere, documented3, "which logs the transaction is written to").mayFree("LOG").modelled(),
		prop("log.rewrite", ValueText, AtEnd, anywhere, documented3, "what is written to a field of the log").free("FIELD"),
		prop("log.suppress", ValueFlag, AtEnd, anywhere, documented3, "a field of the log stays empty").free("FIELD"),
		prop("action", ValueAction, AtEnd, anywhere, documented, "switches an action block on or off").mayFree("LABEL").args(1, -1).modelled(),
		prop("label", ValueAction, AtEnd, anywhere, documented3, "old spelling of action(LABEL)").args(1, -1).instead("action"),
		prop("reference_id", ValueText, AtEnd, anywhere, documented, "a name for the rule in traces and logs"),
		prop("trace.request", ValueFlag, AtEnd, anywhere, documented, "a trace of the transaction is written").modelled(),
		prop("trace.rules", ValueWord, AtEnd, anywhere, documented, "the trace shows the rules: those that matched, or all").words("yes", "no", "all").modelled(),
		prop("trace.destination", ValueText, AtEnd, anywhere, documented, "the file the trace goes to").modelled(),
		prop("diagnostic.stop", ValueAny, AtEnd, anywhere, recalled, "stops the capture of packets"),
		prop("variable.url.threat_risk.effective_level", ValueNumber, AtRequest, anywhere, documented, "the risk level that later rules see").bounds(0, 10).since(first("6.6")),
		prop("isolate", ValueAny, AtInnerRequest, inProxy, documented, "the page is opened in an isolated browser").since(first("7.1")),
		prop("patience_page", ValueAny, AtEnd, inProxy, recalled, "a page is shown while scanning lasts"),
		prop("force_patience_page", ValueAny, AtEnd, inProxy, recalled, "a page is shown while scanning lasts, to every client").mayFree("KIND"),
		prop("terminate_connection", ValueFlag, AtEnd, inProxy|inException, recalled, "the client's connection is cut"),
		prop("category.dynamic.mode", ValueWord, AtRequest, inProxy|inCache|inException|inSSL|inSSLIntercept, recalled, "how unknown URLs are categorised").
			words("none", "default", "background", "realtime"),
		prop("webpulse.categorize.mode", ValueWord, AtRequest, anywhere, recalled, "how unknown URLs are categorised").words("none", "default", "background", "realtime"),
		prop("webpulse.categorize.send_headers", ValueAny, AtRequest, anywhere, recalled, "which headers are sent for categorising"),
		prop("webpulse.categorize.send_url", ValueAny, AtRequest, anywhere, recalled, "how much of the URL is sent for categorising"),
		prop("webpulse.notify.malware", ValueFlag, AtEnd, anywhere, recalled, "malware that was found is reported"),
	}
}

func userProperties() []Entry {
	auth := func(name string, value ValueKind, mark Mark, doc string) Entry {
		return prop("authenticate"+name, value, AtRequest, inProxy|inAdmin|inSSL, mark, doc)
	}
	return []Entry{
		auth("", ValueName, documented, "the realm the user is authenticated in").args(1, -1).modelled(),
		auth(".force", ValueFlag, documented, "the user is authenticated even where the request is refused"),
		auth(".mode", ValueOpenWord, documented, "how the user is asked for credentials").
			words("auto", "auto2", "proxy", "proxy-ip", "origin", "origin-ip", "origin-cookie", "origin-ip-redirect", "origin-cookie-redirect", "sg2", "form-ip",
				"form-cookie", "form-ip-redirect", "form-cookie-redirect", "samlv2"),
		auth(".authorization_refresh_time", ValueAny, recalled, "how long authorization is believed"),
		auth(".charset", ValueName, recalled, "the character set of credentials"),
		auth(".credential_refresh_time", ValueAny, recalled, "how long credentials are believed"),
		auth(".force_307_redirect", ValueAny, recalled, "redirects for authentication use status 307"),
		auth(".form", ValueName, recalled, "the form that asks for credentials"),
		auth(".guest", ValueAny, recalled, "users pass as guests"),
		auth(".new_pin_form", ValueName, recalled, "the form that asks for a new PIN"),
		auth(".query_form", ValueName, recalled, "the form that asks a question"),
		auth(".redirect_stored_requests", ValueFlag, recalled, "a stored request is redirected after authentication"),
		auth(".surrogate_refresh_time", ValueAny, recalled, "how long the surrogate of credentials is believed"),
		auth(".tolerate_error", ValueAny, recalled, "which errors of authentication are overlooked"),
		auth(".use_url_cookie", ValueFlag, recalled, "the cookie goes into the URL"),
		prop("force_authenticate", ValueName, AtRequest, inProxy|inAdmin, documented3, "old spelling: authenticates even where the request is refused").args(1, -1).instead("authenticate.force"),
		prop("check_authorization", ValueFlag, AtRequest, inProxy|inCache, documented3, "cached objects are given out only after asking the origin"),
		prop("authorize.add_group", ValueAny, AtRequest, inProxy|inAdmin, recalled, "puts the user into a group"),
		prop("authorize.tolerate_error", ValueAny, AtRequest, inProxy|inAdmin, recalled, "which errors of authorization are overlooked"),
		prop("socks.authenticate", ValueName, AtRequest, inProxy, documented3, "the realm SOCKS clients are authenticated in").args(1, -1),
		prop("socks.authenticate.force", ValueFlag, AtRequest, inProxy, documented3, "SOCKS clients are authenticated even where refused"),
		prop("user.login.log_out", ValueFlag, AtEnd, anywhere, recalled, "logs the user out"),
		prop("user.login.log_out_other", ValueFlag, AtEnd, anywhere, recalled, "logs the user out elsewhere"),
		prop("client.address.login.log_out_other", ValueFlag, AtEnd, anywhere, recalled, "logs other users of the address out"),
		prop("client.effective_address", ValueAny, AtAccept, inProxy|inTenant, recalled, "takes the client's address from a header"),
		prop("server.authenticate.basic", ValueAny, AtEnd, inProxy, recalled, "sends the user's credentials to the origin"),
		prop("server.authenticate.constrained_delegation", ValueAny, AtEnd, inProxy, recalled, "authenticates the user at the origin by Kerberos"),
		prop("server.authenticate.constrained_delegation.spn", ValueText, AtEnd, inProxy, recalled, "the origin's service name for Kerberos"),
	}
}
