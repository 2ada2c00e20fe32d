// Package policytest makes random policies and transactions of few values, so that
// they often meet, for the specs of package policy and of those who reason about
// policies.
package policytest

import (
	"crypto/x509"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// Random makes policies and transactions of few values, so that they often meet.
type Random struct{ *rand.Rand }

// New starts a sequence that is the same for the same seed.
func New(seed uint64) Random { return Random{rand.New(rand.NewPCG(seed, 1))} }

func (r Random) pick(list ...string) string { return list[r.IntN(len(list))] }

// Chance is true in so many of a hundred times.
func (r Random) Chance(percent int) bool { return r.IntN(100) < percent }

func (r Random) host() string {
	return r.pick("a.test", "www.a.test", "b.test", "x.www.a.test", "ba.test", "10.1.2.3", "10.2.0.1", "sip.lync.test", "ync.test", "")
}

func (r Random) urlPattern() string {
	return r.pick("", "//", "http://", "https://", "tcp://") + r.pick("a.test", "www.a.test", "test", "b.test", "sip.lync.test", "ync.test") +
		r.pick("", "", "", ":443", ":80") + r.pick("", "", "", "/", "/docs", "/Docs/a", "/docs/a?q", "/docs/")
}

func (r Random) wholeURL() string {
	if r.Chance(15) {
		return r.pick("/docs", "/docs/a", "/d?")
	}
	return r.pick("", "http://", "//") + r.pick("a.test", "www.a.test", "10.1.2.3") + r.pick("", ":443") + r.pick("", "/", "/docs", "/docs/a")
}

func (r Random) subnet() string {
	return r.pick("10.0.0.0/8", "10.1.2.3", "10.1.0.0/16", `"10.1.2.0-10.1.2.9"`, "Site", "192.0.2.0/24", "2001:db8::/32")
}

// triggers are names with makers of their values.
func (r Random) triggers() map[string]func() string {
	text := func(list ...string) func() string { return func() string { return r.pick(list...) } }
	hosts := text("a.test", "www.a.test", "b.test", "10.1.2.3", "lync", "ync.test", "www.", "A.Test")
	patterns := text(`"^www"`, `"[0-9]+"`, `"a"`, `"\.test$"`, `""`, `"Mozilla"`)
	flags := text("yes", "no", "true", "off")
	return map[string]func() string{
		"url": r.wholeURL, "url.domain": r.urlPattern, "url.host": hosts, "url.host.exact": hosts, "url.host.prefix": hosts,
		"url.host.suffix": hosts, "url.host.substring": hosts, "url.host.substring.case_sensitive": hosts, "url.host.regex": patterns, "url.regex": patterns,
		"url.host.is_numeric": flags, "url.address": r.subnet, "url.port": text("80", "443", "..1023", "8000..", "400..500"),
		"url.scheme": text("http", "https", "tcp"), "url.path": text("/docs", "/", "/docs/a.html?q", "/D"), "url.path.substring": text("oc", ".html", "x"),
		"url.path.case_sensitive": text("/docs", "/Docs"), "url.query": patterns, "url.query.exact": text(`"q=1"`, "q"),
		"url.extension": text(".html", "html", "txt"), "category": text("Mine", "Outer", "Games", `"News/Media"`, "none"),
		"server_url.domain": r.urlPattern, "server_url.host": hosts, "server_url.port": text("80", "443", "8443"), "server_url.category": text("Mine", "Games"),
		"client.address": r.subnet, "client.protocol": text("http", "ssl", "https", "tcp", "stunnel", "sips"), "tunneled": flags,
		"proxy.address": r.subnet, "proxy.port": text("8080", "443", "..80"), "service.name": text(`"Explicit HTTP"`, "HTTPS", `"explicit http"`), "has_client": flags,
		"client.connection.negotiated_ssl_version": text("TLSV1", "TLSv1.2"), "server.connection.negotiated_ssl_version": text("TLSV1", "TLSv1.2"),
		"client.connection.ssl_server_name": hosts, "server.certificate.hostname": text(".a.test", "a.test", "lync.test"), "server.certificate.hostname.substring": hosts,
		"http.method": text("GET", "POST", "CONNECT"), "http.connect": flags, "http.response.code": text("200", "400..499", "500.."),
		"request.header.User-Agent": patterns, "request.header.X-Size.as_number": text("10..", "..99", "1..18446744073709551615"),
		"request.header.X-From.address": r.subnet, "request.header.Via.exists": flags, "request.header.Via.count": text("0", "1..", "2"),
		"request.x_header.X-Size.exact": text("10", "1000"), "response.header.Content-Length": patterns,
		"user": text("kim", `"CORP\kim"`, "lee"), "user.prefix": text("k", "corp"), "group": text("staff", "admins", `"CORP\staff"`), "realm": text("corp", "other"), "authenticated": flags,
		"hour": text("9..17", "22..6", "10"), "minute": text("45..15", "0", "30.."), "time": text("0900..1700", "2200..0600"), "date": text("20260101..20261231", "20260304"),
		"month": text("11..2", "3"), "weekday": text("1..5", "6..7", "3"), "exception.id": text("policy_denied", "user_defined.x", "user-defined.x"),
		"bitrate": text("56k..", "..28.8k"), "condition": text("c0", "c1", "c2", "list", "servers", "whole"),
	}
}

// condition is one condition that may stand in the layer and is known by then.
func (r Random) condition(layer string, by policy.Checkpoint, named bool) string {
	triggers := r.triggers()
	names := slices.Sorted(maps.Keys(triggers))
	for {
		name := names[r.IntN(len(names))]
		f, _ := cpl.Parse("x", []byte("<Proxy>\n"+name+"=x\n"))
		c := f.Items[0].(*cpl.Layer).Sections[0].Rules[0].Terms[0].(*cpl.Condition)
		e, ok := cpl.Lookup(cpl.KindCondition, c.Base)
		if !ok || !e.Allows(layer) || e.At > by || name == "condition" && !named {
			continue
		}
		return name + "=" + r.expression(triggers[name])
	}
}

func (r Random) expression(value func() string) string {
	switch n := r.IntN(10); {
	case n < 5:
		return value()
	case n < 7:
		return "!" + value()
	case n < 8:
		return "(" + value() + ", " + value() + ")"
	case n < 9:
		return "!(" + value() + " || " + value() + ")"
	}
	return "(" + value() + " && !" + value() + ")"
}

func (r Random) conditions(layer string, by policy.Checkpoint, most int, named bool) string {
	var list []string
	for range r.IntN(most + 1) {
		list = append(list, r.condition(layer, by, named))
	}
	return strings.Join(list, " ")
}

// settings are what a rule in the layer may set.
func (r Random) settings(layer string, early bool) string {
	list := []string{"access_log(no)", "access_log(main)", "trace.rules(all)", "action.tag(yes)", "action.tag(no)", `reference_id("x")`, ""}
	if layer != "Forward" && layer != "Exception" && layer != "SSL-Intercept" {
		list = append(list, "ALLOW", "ALLOW", "DENY", "DENY", "FORCE_DENY", "exception(content_filter_denied)", "force_exception(silent_denied)", `DENY("no $(url.host)")`)
	}
	if layer == "Proxy" && early {
		list = append(list, "detect_protocol(none)", "detect_protocol(ssl, http)", "detect_protocol.ssl(no)", "detect_protocol.[ssl,http](yes)")
	}
	if layer == "SSL-Intercept" {
		list = append(list, "ssl.forward_proxy(no)", "ssl.forward_proxy(https)", "ssl.forward_proxy(yes)", "ssl.forward_proxy(https, on_exception)")
	}
	text := list[r.IntN(len(list))]
	if r.Chance(25) {
		if more := list[r.IntN(7)]; !strings.HasPrefix(text, strings.SplitN(more, "(", 2)[0]) {
			text += " " + more
		}
	}
	return text
}

// Policy is a policy that most often compiles.
func (r Random) Policy() string {
	var b strings.Builder
	b.WriteString("define action tag\nset(request.header.X, \"1\")\nend\ndefine subnet Site\n10.1.0.0/16\n192.0.2.7\nend\n")
	b.WriteString("define category Mine\na.test\n*.sip.lync.test\n10.2.0.1\nend\ndefine category Outer\nMine\nb.test/docs\nend\n")
	for i := range 3 {
		fmt.Fprintf(&b, "define condition c%d\n", i)
		for range r.IntN(4) {
			line := r.conditions("Proxy", policy.AtResponse, 2, false)
			if i > 0 && r.Chance(30) {
				line += fmt.Sprintf(" condition=%sc%d", r.pick("", "!"), r.IntN(i))
			}
			b.WriteString(line + "\n")
		}
		for range 12 * r.IntN(2) {
			b.WriteString("url.domain=" + r.urlPattern() + "\n")
		}
		b.WriteString("end\n")
	}
	for _, kind := range []string{"url.domain condition list", "server_url.domain condition servers", "url condition whole"} {
		b.WriteString("define " + kind + "\n")
		for range 1 + r.IntN(3) {
			pattern := r.urlPattern()
			if strings.HasPrefix(kind, "url c") {
				pattern = r.wholeURL()
			}
			b.WriteString(pattern + " " + r.conditions("Proxy", policy.AtResponse, 1, false) + "\n")
		}
		b.WriteString("end\n")
	}
	for range 1 + r.IntN(4) {
		r.layer(&b)
	}
	return b.String()
}

func (r Random) layer(b *strings.Builder) {
	kind := r.pick("Proxy", "Proxy", "Proxy", "SSL", "SSL-Intercept", "Cache", "Forward", "Exception")
	by, early := policy.AtResponse, r.Chance(30)
	if early || kind == "SSL-Intercept" {
		by = policy.AtRequest
	}
	fmt.Fprintf(b, "<%s> %s %s\n", kind, r.guard(kind, by), r.pick("", "", "", "access_log(no)"))
	sections := 1 + r.IntN(2)
	for s := range sections {
		section := "Rule"
		if s > 0 || r.Chance(30) {
			section = r.pick("Rule", "url.domain", "url", "url.regex", "server_url.domain")
			if kind == "Forward" {
				section = "Rule"
			}
			fmt.Fprintf(b, "[%s] %s %s\n", section, r.guard(kind, by), r.pick("", "", "action.tag(yes)"))
		}
		rules, focus := 1+r.IntN(5), ""
		if r.Chance(8) { // many rules on one thing, so that the index has it
			rules = 80
			focus = r.pick("url.domain", "url.host", "url", "category", "client.address", "client.protocol", "user", "group", "realm", "http.method",
				"service.name", "url.scheme", "condition", "server_url.domain", "exception.id")
		}
		for range rules {
			pattern := map[string]func() string{"url.domain": r.urlPattern, "url": r.wholeURL, "server_url.domain": r.urlPattern,
				"url.regex": func() string { return r.pick(`"docs"`, `"^http://a"`, `"ync"`) }}[section]
			if pattern != nil {
				b.WriteString(pattern() + " ")
			}
			if e, ok := cpl.Lookup(cpl.KindCondition, focus); ok && r.Chance(70) && e.Allows(kind) && e.At <= by && (focus != "condition" || kind == "Proxy" && by == policy.AtResponse) {
				b.WriteString(focus + "=" + r.expression(r.triggers()[focus]) + " ")
			}
			fmt.Fprintf(b, "%s %s\n", r.conditions(kind, by, 2, kind == "Proxy" && by == policy.AtResponse), r.settings(kind, early))
		}
	}
}

func (r Random) guard(kind string, by policy.Checkpoint) string {
	if r.Chance(25) {
		return r.condition(kind, by, false)
	}
	return ""
}

// Transaction is a transaction and a checkpoint at which it may be decided. Its
// parts need not hang together.
func (r Random) Transaction() (*policy.Transaction, policy.Checkpoint) {
	tx := Get(r.host(), r.pick("/", "/docs", "/docs/a.html?q=1", "/Docs/a", "/docs/a?q=1"))
	tx.Type = []policy.TransactionType{policy.HTTPProxy, policy.HTTPProxy, policy.HTTPProxy, policy.TCPTunnel, policy.SSLIntercept, policy.SSLTunnel,
		policy.HTTPSForwardProxy, policy.CacheRefresh, policy.Forwarding}[r.IntN(9)]
	tx.Time = tx.Time.Add(time.Duration(r.IntN(400*24*60)) * time.Minute)
	tx.Client = netip.MustParseAddrPort(r.pick("10.1.2.3:1", "10.200.0.1:1", "192.0.2.7:1", "[2001:db8::1]:1", "203.0.113.1:1"))
	tx.URL.Port, tx.URL.Scheme = []uint16{80, 443, 8443}[r.IntN(3)], r.pick("http", "https", "tcp")
	tx.Method = r.pick("GET", "POST", "CONNECT")
	if tx.Type != policy.HTTPProxy && tx.Type != policy.HTTPSForwardProxy {
		tx.Method = ""
	}
	tx.ClientProtocol = r.pick("http", "ssl", "https", "tcp", "stunnel", "sips", "")
	tx.Tunneled, tx.Detecting = policy.Ternary(r.IntN(3)), r.Chance(50)
	if r.Chance(20) {
		tx.ServerURL = policy.URL{Scheme: "http", Host: r.pick("a.test", "b.test", "10.2.0.1"), Port: 8443, Path: "/docs"}
	}
	if r.Chance(50) {
		tx.User, tx.Realm, tx.GroupsOf = r.pick(`CORP\kim`, "lee"), "corp", []string{r.pick("staff", `CORP\staff`), "everyone"}
	}
	for _, name := range []string{"User-Agent", "X-Size", "X-From", "Via"} {
		for range r.IntN(3) {
			tx.RequestHeader.Add(name, r.pick("Mozilla/5.0", "10", "1000", "10.1.2.3", ""))
		}
	}
	tx.Status, tx.ResponseHeader = []int{0, 200, 404, 503}[r.IntN(4)], http.Header{}
	tx.ResponseHeader.Add("Content-Length", r.pick("5", "x"))
	tx.SNI, tx.ServerTLSVersion, tx.ClientTLSVersion = r.pick("", "www.a.test"), r.pick("", "TLSV1.2"), r.pick("", "TLSV1")
	if r.Chance(50) {
		tx.ServerCertificate = &x509.Certificate{DNSNames: []string{r.pick("www.a.test", "*.lync.test", "b.test"), "z.test"}}
	}
	tx.Categories = [][]string{nil, {"Games"}, {"News/Media@Vendor", "Games@Vendor"}}[r.IntN(3)]
	if r.Chance(20) {
		tx.ExceptionID = r.pick("policy_denied", "user-defined.x")
	}
	if r.Chance(50) {
		tx.Other = map[string][]string{"bitrate": {r.pick("56000", "1000")}}
	}
	if r.Chance(60) {
		tx.ResolveHost = func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.1.2.3")} }
	}
	return tx, policy.Checkpoint(r.IntN(int(policy.AtResponse) + 1))
}

// Get is a plain request as an explicit client sends it.
func Get(host, path string) *policy.Transaction {
	path, query, _ := strings.Cut(path, "?")
	return &policy.Transaction{
		Type: policy.HTTPProxy, Method: "GET", ClientProtocol: "http", Tunneled: policy.No,
		Time:   time.Date(2026, 3, 4, 10, 50, 0, 0, time.UTC), // a Wednesday
		Client: netip.MustParseAddrPort("10.10.1.1:40000"), Proxy: netip.MustParseAddrPort("10.10.1.200:8080"),
		Service: "Explicit HTTP", Group: "Standard",
		URL:           policy.URL{Scheme: "http", Host: host, Port: 80, Path: path, Query: query},
		RequestHeader: http.Header{},
	}
}
