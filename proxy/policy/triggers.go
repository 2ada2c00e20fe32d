package policy

import "rehearse/proxy/policy/cpl"

// trigger is how conditions of one name are compiled and evaluated. When its
// value becomes known stands in the language's vocabulary.
type trigger struct {
	name    string // as in the vocabulary
	scope   scope  // transactions it applies to
	compile compileTrigger
}

// early are the triggers that say themselves when their value is known.
func early(name string) bool { return name == "ssl.proxy_mode" }

// compileTrigger makes the test of one condition.
type compileTrigger func(*compiler, *cpl.Condition) func(*machine) value

// leaf makes, for a condition, what makes the test for any of several patterns.
type leaf[T any] = func(*compiler, *cpl.Condition) func([]cpl.Value) func(T) bool

// on makes a trigger of a kind of test and of what reads the value from the
// transaction: with yes, or with why there is none.
func on[T any](kind leaf[T], read func(*machine) (T, value)) compileTrigger {
	return func(c *compiler, cond *cpl.Condition) func(*machine) value {
		test := expression(cond.Expr, kind(c, cond))
		c.saw = func(m *machine) string {
			if v, known := read(m); known == yes {
				return shown(m, cond, v)
			}
			return ""
		}
		return func(m *machine) value {
			v, known := read(m)
			if known != yes {
				return known
			}
			return of(test(v))
		}
	}
}

// Which URL a trigger is about.
const (
	asked = false // url.*
	sent  = true  // server_url.*
)

// triggers is the table of conditions that the engine evaluates by itself, in the
// vocabulary's order. Any other condition tests Transaction.Other.
func triggers() []trigger {
	return []trigger{
		{"url", anywhere, urlTrigger(asked)},
		{"url.domain", anywhere, on(domains(false), where(asked))},
		{"url.host", anywhere, on(texts(exact), host(asked))},
		{"url.host.is_numeric", anywhere, on(booleans, numericHost(asked))},
		{"url.address", anywhere, on(anyAddress, hostAddresses(asked))},
		{"url.port", anywhere, on(numbers, port(asked))},
		{"url.scheme", anywhere, on(texts(exact), scheme(asked))},
		{"url.path", anywhere, on(texts(prefix), path(asked))},
		{"url.query", anywhere, on(anyOf(texts(regex)), query(asked))},
		{"url.extension", anywhere, on(extensions, extension(asked))},
		{"url.category", anywhere, on(categories, categorised(asked))},
		{"category", anywhere, on(categories, categorised(asked))},

		{"server_url", anywhere, urlTrigger(sent)},
		{"server_url.domain", anywhere, on(domains(false), where(sent))},
		{"server_url.host", anywhere, on(texts(exact), host(sent))},
		{"server_url.host.is_numeric", anywhere, on(booleans, numericHost(sent))},
		{"server_url.address", anywhere, on(anyAddress, hostAddresses(sent))},
		{"server_url.port", anywhere, on(numbers, port(sent))},
		{"server_url.scheme", anywhere, on(texts(exact), scheme(sent))},
		{"server_url.path", anywhere, on(texts(prefix), path(sent))},
		{"server_url.query", anywhere, on(anyOf(texts(regex)), query(sent))},
		{"server_url.extension", anywhere, on(extensions, extension(sent))},
		{"server_url.category", anywhere, on(categories, categorised(sent))},

		{"client.address", anywhere, on(addresses, clientAddress)},
		{"client_address", anywhere, on(addresses, clientAddress)},
		{"client.protocol", anywhere, on(texts(exact), clientProtocol)},
		{"tunneled", anywhere, on(booleans, tunneled)},
		{"proxy.address", anywhere, on(addresses, proxyAddress)},
		{"proxy.port", anywhere, on(numbers, proxyPort)},
		{"service.name", anywhere, on(texts(exact), serviceName)},
		{"service.group", anywhere, on(texts(exact), serviceGroup)},
		{"has_client", anywhere, on(booleans, hasClient)},

		{"client.connection.negotiated_ssl_version", inClientTLS, on(texts(exact), clientVersion)},
		{"client.connection.negotiated_cipher", inClientTLS, on(texts(exact), clientCipher)},
		{"client.connection.negotiated_cipher.strength", inClientTLS, on(texts(exact), clientStrength)},
		{"client.connection.ssl_server_name", inClientTLS, on(texts(exact), serverName)},
		{"server.connection.negotiated_ssl_version", inServerTLS, on(texts(exact), serverVersion)},
		{"server.connection.negotiated_cipher", inServerTLS, on(texts(exact), serverCipher)},
		{"server.connection.negotiated_cipher.strength", inServerTLS, on(texts(exact), serverStrength)},
		{"server.certificate.hostname", inServerTLS, on(certificateNames, serverNames)},
		{"server.certificate.hostname.category", inServerTLS, on(categories, categorisedCertificate)},
		{"server.certificate.subject", inServerTLS, on(texts(exact), serverSubject)},
		{"server.certificate.subject.dn", inServerTLS, on(texts(exact), serverSubject)},
		{"server.certificate.common_name", inServerTLS, on(texts(exact), serverCommonName)},
		{"ssl.proxy_mode", anywhere, on(texts(exact), sslProxyMode)},

		{"http.method", inHTTP, on(texts(exact), method)},
		{"method", inHTTP, on(texts(exact), method)},
		{"http.connect", inHTTP, on(booleans, isConnect)},
		{"http.response.code", inResponse, on(numbers, responseCode)},
		{"request.header", inHTTP, header(requestHeader)},
		{"request.x_header", inHTTP, header(requestHeader)},
		{"response.header", inResponse, header(responseHeader)},
		{"response.x_header", inResponse, header(responseHeader)},

		{"user", anywhere, on(anyOf(texts(exact)), userNames)},
		{"group", anywhere, on(anyOf(texts(exact)), userGroups)},
		{"realm", anywhere, on(texts(exact), userRealm)},
		{"user_domain", anywhere, on(texts(exact), userDomain)},
		{"user.domain", anywhere, on(texts(exact), userDomain)},
		{"authenticated", anywhere, on(booleans, authenticated)},

		{"date", anywhere, clock(dateOf)},
		{"year", anywhere, clock(yearOf)},
		{"month", anywhere, clock(monthOf)},
		{"day", anywhere, clock(dayOf)},
		{"weekday", anywhere, clock(weekdayOf)},
		{"hour", anywhere, clock(hourOf)},
		{"minute", anywhere, clock(minuteOf)},
		{"time", anywhere, clock(timeOf)},

		{"condition", anywhere, namedTrigger},
		{"exception.id", inException, on(exceptionIDs, exceptionOf)},
		{"health_check", anywhere, on(texts(exact), healthCheck)},
		{"release.version", anywhere, releaseTrigger},
		{"appliance.name", anywhere, applianceTrigger},
		{"socks", anywhere, on(booleans, bySOCKS)},
	}
}

// Evaluates says whether the engine finds the value of a condition by itself;
// name is as in the vocabulary. Others it takes from Transaction.Other.
func Evaluates(name string) bool {
	for _, t := range triggers() {
		if t.name == name {
			return true
		}
	}
	return false
}
