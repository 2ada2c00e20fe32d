package cpl

// layerRows stand in the order of the Layers bits.
func layerRows() []Entry {
	layer := func(name string, mark Mark, doc string) Entry { return row(KindLayer, name, mark, doc) }
	return []Entry{
		layer("Proxy", documented, "client traffic: web access, authentication and SOCKS layers of the visual editor"),
		layer("Cache", documented, "what is cached and scanned; also evaluated for refreshes without a client"),
		layer("Forward", documented, "where the appliance connects to; only server_url tests make sense here"),
		layer("SSL", documented, "TLS as it is carried: validation, versions, ciphers; SSL Access of the visual editor"),
		layer("SSL-Intercept", documented, "whether and how a TLS flow is decrypted"),
		layer("Admin", documented, "management traffic").unmodelled(),
		layer("Exception", documented, "how an exception page is delivered"),
		layer("DNS-Proxy", recalled, "DNS requests through the appliance").unmodelled(),
		layer("Diagnostic", recalled, "debugging of chosen transactions").unmodelled(),
		layer("Tenant", recalled, "which tenant's policy applies").unmodelled(),
	}
}

func sectionRows() []Entry {
	section := func(name string, mark Mark, doc string) Entry { return row(KindSection, name, mark, doc) }
	return []Entry{
		section("Rule", documented3, "rules tried one after the other; what a layer without section headers has"),
		section("url", documented3, "lines start with a URL prefix that is looked up by hash"),
		section("url.domain", documented3, "lines start with a domain that is looked up by hash; the most specific wins"),
		section("url.regex", documented3, "lines start with a regular expression on the URL, tried one after the other"),
		section("server_url.domain", documented3, "like url.domain, on the URL after rewriting"),
	}
}

func definitionRows() []Entry {
	def := func(name string, mark Mark, doc string) Entry { return row(KindDefinition, name, mark, doc) }
	return []Entry{
		def("condition", documented, "a named test: conditions of a line are all needed, one line is enough"),
		def("url condition", documented3, "a named list of URL prefixes, looked up by hash"),
		def("url.domain condition", documented, "a named list of domains, looked up by hash"),
		def("server_url.domain condition", documented3, "like url.domain condition, on the URL after rewriting"),
		def("subnet", documented, "a named list of addresses and subnets"),
		def("category", documented, "a named list of domains, URLs and other categories"),
		def("action", documented, "a named block of changes to a request or response, switched on by action.LABEL(yes)"),
		def("string", documented, "a text of several lines, each behind a '>'"),
		def("url_rewrite", documented, "a transformer that rewrites URLs in pages").unmodelled(),
		def("active_content", recalled, "a transformer that strips active content from pages").unmodelled(),
		def("javascript", recalled, "a transformer that adds script to pages").unmodelled(),
		def("policy", recalled, "a named policy").unmodelled(),
		def("restrict dns", documented3, "names that policy may not look up while it is evaluated"),
		def("restrict rdns", documented3, "addresses that policy may not look up in reverse while it is evaluated"),
	}
}

func directiveRows() []Entry {
	d := func(name string, mark Mark, doc string) Entry { return row(KindDirective, name, mark, doc) }
	return []Entry{
		d("#if", documented, "keeps the lines up to #else or #endif when its variable has the value"),
		d("#else", recalled, "turns the #if above it round"),
		d("#endif", documented, "ends an #if block"),
		d("release.version", documented3, "variable: the release, as a range such as 6.5.10.1.."),
		d("release.id", recalled, "variable: the build number").unmodelled(),
		d("enforcement", documented, "variable: appliance, wss or universal"),
	}
}

const inVerdict = inProxy | inCache | inAdmin | inSSL | inDNS | inTenant

func verdictRows() []Entry {
	verdict := func(name string, mark Mark, doc string) Entry {
		e := row(KindVerdict, name, mark, doc)
		e.Layers, e.At = inVerdict, AtEnd
		return e
	}
	return []Entry{
		verdict("allow", documented, "lets the transaction pass unless a later rule says otherwise; takes back a deny that is not forced"),
		verdict("ok", recalled, "another word for allow"),
		verdict("deny", documented, "refuses with exception policy_denied unless a later layer allows").args(0, 1),
		verdict("deny.unauthorized", documented3, "refuses with exception authorization_failed, status 401").args(0, 1),
		verdict("force_deny", documented, "refuses, and no later rule can change that").args(0, 1),
		verdict("exception", documented, "refuses with the exception of that id unless a later layer allows").args(1, 3),
		verdict("force_exception", documented, "refuses with the exception of that id, and no later rule can change that").args(1, 3),
	}
}

func actionRows() []Entry {
	action := func(name string, min, max int, mark Mark, doc string) Entry {
		return row(KindAction, name, mark, doc).args(min, max)
	}
	return []Entry{
		action("set", 2, 3, documented3, "sets a header or a part of the URL"),
		action("append", 2, 2, documented3, "adds a value to a header"),
		action("delete", 1, 1, documented3, "takes a header away"),
		action("delete_matching", 2, 2, documented3, "takes away the parts of a header that match"),
		action("rewrite", 3, 6, documented3, "rewrites the URL, its host or a header by regular expression"),
		action("redirect", 3, 3, documented, "answers with a redirect when the whole URL matches: redirect(302, \"pattern\", \"to\")"),
		action("log_message", 1, 1, documented3, "writes a line to the event log"),
		action("notify_email", 2, 2, documented3, "sends mail to the administrator").unmodelled(),
		action("notify_snmp", 1, 1, documented3, "sends an SNMP trap").unmodelled(),
		action("transform", 1, 1, documented3, "runs a transformer over the page").unmodelled(),
		action("im.alert", 1, 1, recalled, "sends a text to an instant messaging client").unmodelled(),
		action("iterate", 1, 1, recalled, "runs over the values of a header one by one").unmodelled(),
	}
}
