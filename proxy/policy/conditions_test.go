package policy_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// definitions that conditions of these specs refer to.
const definitions = `
define subnet Site
	10.20.0.0/16
	10.21.0.0/16 192.0.2.7
end
define category Mine
	a.test
	http://b.test/docs
	*.feed.test
	198.51.100.9
end
define category Outer
	Mine
end
define condition hosts
	url.domain=a.test
	url.domain=b.test url.port=443
end
define condition either
	user=kim
	url.domain=a.test
end
define url.domain condition list
	a.test
	b.test/docs http.method=POST
end
`

// holds is what comes of a condition: "yes" or "no", "neither" where its negation
// misses as well, "n/a", "late".
func holds(condition string, tx *policy.Transaction, at policy.Checkpoint) string {
	layer := "Proxy"
	if tx.Type == policy.SSLIntercept {
		layer = "SSL-Intercept"
	}
	name, value, _ := strings.Cut(condition, "=")
	mark := func(value string) policy.Mark {
		p := newest("<"+layer+">", name+"="+value+" access_log(no)", definitions)
		d := p.Explain(tx, at)
		_, set := p.Decide(tx, at).Property("access_log")
		ExpectWithOffset(2, set).To(Equal(d.Steps[0].Mark == policy.Match))
		return d.Steps[0].Mark
	}
	negated := "!" + value
	if strings.HasPrefix(value, "!") {
		negated = value[1:]
	}
	switch was, not := mark(value), mark(negated); {
	case was == policy.Match:
		return "yes"
	case was == policy.Late:
		return "late"
	case was == policy.NotApplicable:
		return "n/a"
	case not == policy.Match:
		return "no"
	}
	return "neither"
}

// on is a transaction with something changed.
func on(tx *policy.Transaction, change func(*policy.Transaction)) *policy.Transaction {
	change(tx)
	return tx
}

var _ = Describe("Conditions on the URL", func() {
	DescribeTable("by the URL http://HOST/PATH",
		func(condition, host, path, want string) {
			Expect(holds(condition, get(host, path), policy.AtInnerRequest)).To(Equal(want))
		},
		Entry(nil, "url.domain=a.test", "a.test", "/", "yes"),
		Entry(nil, "url.domain=a.test", "x.y.a.test", "/", "yes"),
		Entry("on label boundaries", "url.domain=ync.com", "lync.com", "/", "no"),
		Entry(nil, "url.domain=//a.test/", "www.a.test", "/x", "yes"),
		Entry(nil, "url.domain=.test", "www.a.test", "/x", "yes"),
		Entry("with a path", "url.domain=a.test/docs", "www.a.test", "/docs/x", "yes"),
		Entry("with a path, not there", "url.domain=a.test/docs", "www.a.test", "/", "no"),
		Entry("with a port", "url.domain=a.test:443", "a.test", "/", "no"),
		Entry("case does not count", "url.domain=A.Test/Docs", "a.test", "/docs", "yes"),
		Entry("unless it is asked for", "url.path.case_sensitive=/Docs", "a.test", "/docs", "no"),
		Entry("labels of an address are none", "url.domain=2.3", "10.1.2.3", "/", "no"),
		Entry("an empty list never holds", "url.domain=()", "a.test", "/", "no"),
		Entry("several", "url.domain=(a.test, b.test)", "b.test", "/", "yes"),
		Entry("neither of two", "url.domain=!(a.test, b.test)", "c.test", "/", "yes"),

		Entry("url= wants the whole host", "url=a.test", "www.a.test", "/", "no"),
		Entry(nil, "url=http://a.test/docs", "a.test", "/docs/1", "yes"),
		Entry("of one scheme", "url=https://a.test/docs", "a.test", "/docs/1", "no"),
		Entry("a path alone", "url=/docs", "a.test", "/docs/1", "yes"),
		Entry("with a query", `url="a.test/docs?q"`, "a.test", "/docs?q=1", "yes"),
		Entry(nil, `url.regex="^http://a\."`, "a.test", "/", "yes"),
		Entry("searched, in any case", `url.regex="DOCS"`, "a.test", "/x/docs", "yes"),

		Entry(nil, "url.host=a.test", "a.test", "/", "yes"),
		Entry(nil, "url.host=a.test", "www.a.test", "/", "no"),
		Entry(nil, "url.host.prefix=www.", "www.a.test", "/", "yes"),
		Entry(nil, "url.host.substring=lync", "x.lynchburg.test", "/", "yes"),
		Entry("no label boundary", "url.host.suffix=ync.com", "lync.com", "/", "yes"),
		Entry("with the dot", "url.host.suffix=.lync.com", "lync.com", "/", "no"),
		Entry(nil, `url.host.regex="^[a-z]+\.test$"`, "a.test", "/", "yes"),
		Entry(nil, "url.host.is_numeric=yes", "10.1.2.3", "/", "yes"),
		Entry(nil, "url.host.is_numeric=yes", "2001:db8::1", "/", "yes"),
		Entry(nil, "url.host.is_numeric=no", "a.test", "/", "yes"),
		Entry("no host at all", "url.host=a.test", "", "/", "neither"),

		Entry(nil, "url.port=80", "a.test", "/", "yes"),
		Entry(nil, "url.port=(443 || 8000..)", "a.test", "/", "no"),
		Entry(nil, "url.scheme=http", "a.test", "/", "yes"),
		Entry("a prefix, query and all", `url.path="/v?w"`, "a.test", "/v?watch=1", "yes"),
		Entry(nil, "url.path.suffix=.html", "a.test", "/x.html", "yes"),
		Entry(nil, `url.query="^q="`, "a.test", "/?q=1", "yes"),
		Entry("no query", `url.query=!""`, "a.test", "/", "yes"),
		Entry(nil, "url.extension=.html", "a.test", "/a.b/x.HTML", "yes"),
		Entry(nil, "url.extension=html", "a.test", "/a.html/x", "no"),

		Entry(nil, "category=Mine", "www.a.test", "/", "yes"),
		Entry("by its path", "category=Mine", "b.test", "/docs/1", "yes"),
		Entry("not by its path", "category=Mine", "b.test", "/", "no"),
		Entry("wildcards of feeds", "category=Mine", "x.feed.test", "/", "yes"),
		Entry("an address", "category=Mine", "198.51.100.9", "/", "yes"),
		Entry("a category in a category", "category=Outer", "a.test", "/", "yes"),
		Entry("none", "category=none", "c.test", "/", "yes"),
		Entry("some", "category=none", "a.test", "/", "no"),
		Entry(nil, "url.category=!(Mine)", "c.test", "/", "yes"),

		Entry("a named condition", "condition=hosts", "a.test", "/", "yes"),
		Entry("all of one line", "condition=hosts", "b.test", "/", "no"),
		Entry("a list of domains", "condition=list", "www.a.test", "/", "yes"),
		Entry("a list with a condition", "condition=list", "b.test", "/docs", "no"),
	)

	It("takes categories of the transaction, with their providers", func() {
		tx := on(get("c.test", "/"), func(tx *policy.Transaction) { tx.Categories = []string{"Games@YouTube", "News/Media"} })
		for condition, want := range map[string]string{
			"category=games": "yes", "category=Games@YouTube": "yes", "category=Games@Other": "no", `category="News/Media"`: "yes", "category=none": "no",
		} {
			Expect(holds(condition, tx, policy.AtInnerRequest)).To(Equal(want), condition)
		}
	})

	It("looks addresses up where it may", func() {
		tx := on(get("www.a.test", "/"), func(tx *policy.Transaction) {
			tx.ResolveHost = func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.20.1.1")} }
		})
		Expect(holds("url.address=Site", tx, policy.AtInnerRequest)).To(Equal("yes"))
		Expect(holds("url.address=10.99.0.0/16", tx, policy.AtInnerRequest)).To(Equal("no"))
		Expect(holds("url.address=Site", get("www.a.test", "/"), policy.AtInnerRequest)).To(Equal("neither"))
		Expect(holds("url.address=Site", get("10.21.3.4", "/"), policy.AtInnerRequest)).To(Equal("yes"))
		p := newest("<Proxy>", "url.address=10.0.0.0/8 DENY", "restrict dns", ".a.test", "except", "ok.a.test", "end")
		Expect(decided(p, tx, policy.AtInnerRequest)).To(Equal("allow"))
		tx.URL.Host = "ok.a.test"
		Expect(decided(p, tx, policy.AtInnerRequest)).To(Equal("deny policy_denied"))
	})

	It("tells the URL sent from the one asked for", func() {
		tx := on(get("a.test", "/"), func(tx *policy.Transaction) {
			tx.ServerURL = policy.URL{Scheme: "http", Host: "b.test", Port: 8080, Path: "/"}
		})
		Expect(holds("server_url.domain=b.test", tx, policy.AtInnerRequest)).To(Equal("yes"))
		Expect(holds("server_url.port=8080", tx, policy.AtInnerRequest)).To(Equal("yes"))
		Expect(holds("url.domain=a.test", tx, policy.AtInnerRequest)).To(Equal("yes"))
		Expect(holds("server_url.host=a.test", get("a.test", "/"), policy.AtInnerRequest)).To(Equal("yes"))
	})
})

var _ = Describe("Conditions on client, user and time", func() {
	DescribeTable("of one transaction",
		func(condition, want string) {
			tx := on(get("a.test", "/"), func(tx *policy.Transaction) {
				tx.Client = addrPort("10.21.4.5:1")
				tx.User, tx.Realm, tx.GroupsOf = `CORP\Kim`, "corp", []string{"Staff"}
			})
			Expect(holds(condition, tx, policy.AtInnerRequest)).To(Equal(want))
		},
		Entry(nil, "client.address=10.21.4.5", "yes"),
		Entry(nil, "client.address=!(10.1.0.0/16, 10.2.0.0/16)", "yes"),
		Entry("a label, in any case", "client.address=SITE", "yes"),
		Entry("a dash range", `client.address="10.21.4.1-10.21.4.5"`, "yes"),
		Entry(nil, "client.address=2001:db8::/32", "no"),
		Entry(nil, "client.protocol=(ssl, http)", "yes"),
		Entry(nil, "tunneled=no", "yes"),
		Entry(nil, "proxy.port=8080", "yes"),
		Entry(nil, "proxy.address=10.10.1.200", "yes"),
		Entry(nil, `service.name="explicit http"`, "yes"),
		Entry(nil, "service.group=Standard", "yes"),
		Entry(nil, "has_client=yes", "yes"),
		Entry("with the domain", `user="corp\kim"`, "yes"),
		Entry("without", "user=kim", "yes"),
		Entry("another domain", `user="other\kim"`, "no"),
		Entry(nil, "user.prefix=k", "yes"),
		Entry(nil, "group=(staff, admins)", "yes"),
		Entry(nil, "realm=corp", "yes"),
		Entry(nil, "user.domain=CORP", "yes"),
		Entry(nil, "authenticated=yes", "yes"),
		Entry("Wednesday", "weekday=3", "yes"),
		Entry(nil, "weekday=6..7", "no"),
		Entry(nil, "hour=9..10", "yes"),
		Entry("wraps over the hour", "minute=45..15", "yes"),
		Entry("wraps over midnight", "hour=22..6", "no"),
		Entry(nil, "time=1050..1700", "yes"),
		Entry(nil, "time=2200..0600", "no"),
		Entry(nil, "date=20260301..20260331", "yes"),
		Entry(nil, "year=..2025", "no"),
		Entry(nil, "month=11..3", "yes"),
		Entry(nil, "day=4", "yes"),
		Entry(nil, "release.version=7..", "yes"),
		Entry(nil, "release.version=..6.7", "no"),
		Entry(nil, "condition=!either", "no"),
	)

	It("reads the local time, and universal time with .utc", func() {
		tx := on(get("a.test", "/"), func(tx *policy.Transaction) { tx.Time = tx.Time.In(time.FixedZone("UTC+9", 9*3600)) })
		Expect(holds("hour=19", tx, policy.AtInnerRequest)).To(Equal("yes"))
		Expect(holds("hour.utc=10", tx, policy.AtInnerRequest)).To(Equal("yes"))
	})

	DescribeTable("where nobody is authenticated",
		func(condition, want string) {
			Expect(holds(condition, get("c.test", "/"), policy.AtUser)).To(Equal(want))
		},
		Entry("a user and not that user both miss", "user=!kim", "neither"),
		Entry(nil, "group=staff", "neither"),
		Entry(nil, "realm=!corp", "neither"),
		Entry("but this is known", "authenticated=no", "yes"),
		Entry("in a definition it is false, and not that is true", "condition=!either", "yes"),
	)

	It("waits for what is not known yet", func() {
		Expect(holds("user=kim", get("a.test", "/"), policy.AtRequest)).To(Equal("late"))
		Expect(holds("url.domain=a.test", get("a.test", "/"), policy.AtAccept)).To(Equal("late"))
		Expect(holds("condition=either", get("c.test", "/"), policy.AtRequest)).To(Equal("late"))
		Expect(holds("condition=either", get("a.test", "/"), policy.AtRequest)).To(Equal("yes"))
		tx := on(get("a.test", "/"), func(tx *policy.Transaction) { tx.ClientProtocol, tx.Tunneled = "", policy.Unknown })
		Expect(holds("client.protocol=http", tx, policy.AtInner)).To(Equal("late"))
		Expect(holds("tunneled=yes", tx, policy.AtInner)).To(Equal("late"))
		Expect(holds("client.protocol=http", tx, policy.AtResponse)).To(Equal("neither"))
	})
})

var _ = Describe("Conditions on requests, responses and TLS", func() {
	DescribeTable("of one exchange",
		func(condition, want string) {
			tx := on(get("a.test", "/"), func(tx *policy.Transaction) {
				tx.RequestHeader.Add("User-Agent", "Mozilla/5.0")
				tx.RequestHeader.Add("Via", "one")
				tx.RequestHeader.Add("Via", "two")
				tx.RequestHeader.Add("X-Size", "18446744073709551615")
				tx.RequestHeader.Add("X-From", "10.20.0.9")
				tx.Status = 503
			})
			Expect(holds(condition, tx, policy.AtResponse)).To(Equal(want))
		},
		Entry(nil, "http.method=(GET, HEAD)", "yes"),
		Entry(nil, "method=post", "no"),
		Entry(nil, "http.connect=no", "yes"),
		Entry(nil, "http.response.code=500..599", "yes"),
		Entry("a regular expression, searched", `request.header.User-Agent="mozilla/[45]"`, "yes"),
		Entry(nil, `request.header.User-Agent.exact="Mozilla"`, "no"),
		Entry("any of several", `request.header.Via="^two$"`, "yes"),
		Entry(nil, "request.header.Via.count=2", "yes"),
		Entry(nil, "request.header.Via.exists=yes", "yes"),
		Entry(nil, "request.header.Via.length=..6", "no"),
		Entry("64 bits", "request.header.X-Size.as_number=104857600..18446744073709551615", "yes"),
		Entry("no number", "request.header.Via.as_number=0..", "no"),
		Entry(nil, "request.header.X-From.address=Site", "yes"),
		Entry("an absent header is a plain miss (KB 167532)", `response.header.Content-Length="^[0-9]{1,8}$"`, "no"),
		Entry("so that not anything holds", `response.header.Content-Length=!""`, "yes"),
		Entry("TLS has nothing to do with it", "server.certificate.hostname=a.test", "n/a"),
		Entry(nil, "ssl.proxy_mode=none", "yes"),
		Entry("not modelled, no value", "bitrate=56k..", "n/a"),
	)

	It("has no response to a CONNECT, and no request in a tunnel", func() {
		Expect(holds("http.response.code=200", connect("a.test", 443), policy.AtFirstBytes)).To(Equal("n/a"))
		tx := on(get("a.test", "/"), func(tx *policy.Transaction) { tx.Type, tx.Method = policy.SSLTunnel, "" })
		Expect(holds("http.method=CONNECT", tx, policy.AtClientHello)).To(Equal("n/a"))
		Expect(holds(`request.header.X="x"`, tx, policy.AtClientHello)).To(Equal("n/a"))
	})

	It("takes other values from the transaction", func() {
		tx := on(get("a.test", "/"), func(tx *policy.Transaction) {
			tx.Other = map[string][]string{"bitrate": {"56000"}, "virus_detected": {"yes"}, "attribute.dept": {"Sales"}, "response.icap.error_code": {"decode_error"}}
		})
		for condition, want := range map[string]string{
			"bitrate=56k..": "yes", "bitrate=..28.8k": "no", "virus_detected=true": "yes", "attribute.dept=sales": "yes", "response.icap.error_code=any": "yes",
		} {
			Expect(holds(condition, tx, policy.AtResponse)).To(Equal(want), condition)
		}
		Expect(holds("virus_detected=yes", tx, policy.AtRequest)).To(Equal("late"))
	})

	DescribeTable("of a TLS flow",
		func(condition, want string) {
			tx := on(get("a.test", "/"), func(tx *policy.Transaction) {
				tx.Type, tx.Method, tx.SNI = policy.SSLIntercept, "", "sip.a.test"
				tx.ServerCertificate = &x509.Certificate{DNSNames: []string{"www.a.test", "*.lync.test"}, Subject: pkix.Name{CommonName: "www.a.test", Organization: []string{"A"}}}
				tx.ServerTLSVersion, tx.ServerCipher = "TLSV1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
				tx.ClientTLSVersion, tx.ClientCipher = "TLSV1.1", "TLS_RSA_WITH_RC4_128_SHA"
			})
			Expect(holds(condition, tx, policy.AtClientTLS)).To(Equal(want))
		},
		Entry(nil, "server.certificate.hostname=.a.test", "yes"),
		Entry(nil, "server.certificate.hostname=lync.test", "yes"),
		Entry(nil, "server.certificate.hostname=ync.test", "no"),
		Entry(nil, "server.certificate.hostname.exact=www.a.test", "yes"),
		Entry(nil, "server.certificate.hostname.substring=lync", "yes"),
		Entry(nil, "server.certificate.hostname.category=Mine", "yes"),
		Entry(nil, `server.certificate.subject.substring="O=A"`, "yes"),
		Entry(nil, "server.certificate.common_name=www.a.test", "yes"),
		Entry(nil, "server.connection.negotiated_ssl_version=(TLSv1.2)", "yes"),
		Entry(nil, "server.connection.negotiated_cipher.strength=high", "yes"),
		Entry(nil, "client.connection.negotiated_ssl_version=(SSLV3, TLSv1.1)", "yes"),
		Entry(nil, "client.connection.negotiated_cipher.strength=(low, medium)", "yes"),
		Entry(nil, "client.connection.ssl_server_name.suffix=.a.test", "yes"),
	)
})

var _ = Describe("The table of conditions", func() {
	It("has what the vocabulary calls modelled, and nothing else", func() {
		for e := range cpl.Vocabulary() {
			if e.Kind == cpl.KindCondition {
				Expect(policy.Evaluates(e.Name)).To(Equal(e.Modelled), e.Name)
			}
		}
	})
})
