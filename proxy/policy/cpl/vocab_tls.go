package cpl

const (
	inTLS = inProxy | inSSL | inSSLIntercept | inException | inForward | inDiagnostic
)

func tlsConditions() []Entry {
	version := func(name string) Entry {
		return cond(name, ValueWord, AtClientTLS, inTLS, documented, "the TLS version that was agreed on").
			words("SSLV2", "SSLV3", "TLSV1", "TLSV1.1", "TLSV1.2").wordsSince(first("7.1"), "TLSV1.3").modelled()
	}
	strength := func(name string) Entry {
		return cond(name, ValueWord, AtClientTLS, inTLS, documented, "how strong the agreed cipher is").
			words("none", "export", "low", "medium", "high").modelled()
	}
	at := func(e Entry, at When) Entry { e.At = at; return e }
	return []Entry{
		version("client.connection.negotiated_ssl_version"),
		cond("client.connection.negotiated_cipher", ValueName, AtClientTLS, inTLS, documented, "the cipher agreed on with the client").modelled(),
		strength("client.connection.negotiated_cipher.strength"),
		cond("client.connection.ssl_server_name", ValueText, AtClientHello, inTLS, recalled, "the SNI of the client's hello").mods(textMods).modelled(),
		at(version("server.connection.negotiated_ssl_version"), AtServerCertificate),
		cond("server.connection.negotiated_cipher", ValueName, AtServerCertificate, inTLS, recalled, "the cipher agreed on with the origin").modelled(),
		at(strength("server.connection.negotiated_cipher.strength"), AtServerCertificate),
		cond("server.connection.dscp", ValueAny, AtServerCertificate, notDNS, recalled, "the DSCP value of the origin's packets"),
		cond("server.certificate.hostname", ValueDomain, AtServerCertificate, inTLS, documented, "the host name in the origin's certificate is this domain or below it").mods(textMods).modelled(),
		cond("server.certificate.hostname.category", ValueCategory, AtServerCertificate, inTLS, documented, "the category of the host name in the origin's certificate").modelled(),
		cond("server.certificate.hostname.threat_risk.level", ValueNumber, AtServerCertificate, inTLS, recalled, "the risk level of the host name in the origin's certificate").bounds(0, 10),
		cond("server.certificate.subject", ValueText, AtServerCertificate, inTLS, recalled, "the subject of the origin's certificate").mods(textMods).modelled(),
		cond("server.certificate.subject.dn", ValueText, AtServerCertificate, inTLS, recalled, "the subject of the origin's certificate").mods(textMods).modelled(),
		cond("server.certificate.common_name", ValueText, AtServerCertificate, inTLS, recalled, "the common name in the origin's certificate").mods(textMods).modelled(),
		cond("client.certificate.common_name", ValueText, AtClientTLS, inTLS|inAdmin, recalled, "the common name in the client's certificate").mods(textMods),
		cond("client.certificate.requested", ValueFlag, AtServerCertificate, inTLS|inAdmin, recalled, "the origin asked for a client certificate"),
		cond("client.certificate.subject", ValueText, AtClientTLS, inTLS|inAdmin, recalled, "the subject of the client's certificate").mods(textMods),
		cond("client.certificate.subject.dn", ValueText, AtClientTLS, inTLS|inAdmin, recalled, "the subject of the client's certificate").mods(textMods),
		cond("ssl.proxy_mode", ValueWord, AtClientHello, inTLS|inCache, recalled, "in what way TLS is terminated").
			words("none", "no", "https-forward-proxy", "https-reverse-proxy").wordsSince(since6510(), "stunnel").modelled(),
	}
}

func tlsProperties() []Entry {
	forward := func(name string, value ValueKind, mark Mark, doc string) Entry {
		return prop("ssl.forward_proxy"+name, value, AtServerCertificate, inSSLIntercept, mark, doc)
	}
	validate := func(name string, value ValueKind, mark Mark, doc string) Entry {
		return prop("server.certificate.validate"+name, value, AtServerCertificate, inSSL, mark, doc)
	}
	client := func(name string, value ValueKind, doc string) Entry {
		return prop("client.certificate"+name, value, AtServerCertificate, inSSL|inProxy|inAdmin, recalled, doc)
	}
	return []Entry{
		forward("", ValueWord, documented, "whether a TLS flow is decrypted, and what is expected inside").args(1, 2).
			words("no", "https").wordsSince(first("6.2"), "on_exception").wordsSince(since6510(), "yes", "stunnel").modelled(),
		forward(".issuer_keyring", ValueKeyring, documented, "the keyring that signs emulated certificates").modelled(),
		forward(".hostname", ValueText, recalled, "the host name put into the emulated certificate"),
		forward(".splash_text", ValueText, recalled, "a text put into the emulated certificate"),
		forward(".splash_url", ValueText, recalled, "a URL put into the emulated certificate"),
		forward(".server_keyring", ValueKeyring, recalled, "the keyring shown to the client instead of an emulated certificate"),
		forward(".preserve_untrusted", ValueWord, recalled, "an untrusted origin gets an untrusted emulated certificate").words("yes", "no", "auto").modelled(),
		validate("", ValueFlag, documented, "whether the origin's certificate is validated; yes unless said otherwise").modelled(),
		validate(".check_revocation", ValueWord, recalled, "how revocation of the origin's certificate is checked").words("auto", "local", "no").modelled(),
		validate(".ignore", ValueWord, recalled, "which faults of the origin's certificate are overlooked").args(1, 4).
			words("all", "none", "hostname_mismatch", "expiration", "untrusted_issuer").modelled(),
		validate(".ignore.hostname_mismatch", ValueFlag, recalled, "a name that does not fit is overlooked").modelled(),
		validate(".ignore.expiration", ValueFlag, recalled, "an expired certificate is overlooked").modelled(),
		validate(".ignore.untrusted_issuer", ValueFlag, recalled, "an untrusted issuer is overlooked").modelled(),
		validate(".ccl", ValueName, recalled, "the list of authorities the origin's certificate may come from"),
		client(".require", ValueFlag, "the client has to show a certificate"),
		client(".validate", ValueFlag, "the client's certificate is validated"),
		client(".validate.check_revocation", ValueWord, "how revocation of the client's certificate is checked").words("auto", "local", "no"),
		client(".validate.ccl", ValueName, "the list of authorities the client's certificate may come from"),
		prop("server.connection.client_keyring", ValueAny, AtServerCertificate, inSSL|inProxy|inForward, recalled, "the keyring whose certificate is shown to an origin that asks for one").modelled(),
		prop("detect_protocol", ValueWord, AtUser, inProxy, documented, "which protocols are looked for in a tunnel").loose(inSSLIntercept|inSSL|inException).
			args(1, -1).mayFree("PROTOCOL").
			words("none", "all", "no", "yes", "http", "https", "ssl", "bittorrent", "edonkey", "fasttrack", "gnutella", "epmapper", "mapi").
			wordsSince(since6510(), "sips", "ms-turn").modelled(),
		prop("force_protocol", ValueWord, AtUser, inProxy, recalled, "the protocol is taken as given, without looking").loose(inSSLIntercept|inSSL).mayFree("PROTOCOL").
			words("no", "yes", "http", "https", "ssl", "bittorrent", "edonkey", "fasttrack", "gnutella", "epmapper", "mapi", "tcp"),
	}
}
