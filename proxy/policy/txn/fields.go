package txn

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// field is one name of a transaction's object and what its value does. Any other
// condition of the vocabulary that policy takes from Transaction.Other may stand
// in a file too.
type field struct {
	name string
	many bool // takes a list of values
	set  func(*draft, []string) error
	doc  string
}

// fields is the table of names with a meaning of their own.
func fields() []field {
	return []field{
		{"type", false, one((*draft).setType), "http.proxy, tcp.tunnel, ssl.intercept, ssl.tunnel, https.forward-proxy, admin, cache or forwarding; where it is left out https.forward-proxy for an https URL that is not a CONNECT's, else http.proxy"},
		{"name", false, one(func(d *draft, v string) error { d.name = v; return nil }), "what reports call the transaction"},
		{"transaction.id", false, number(func(d *draft, n int) { d.id = n }), "the number in a trace; 1 where it is left out"},
		{"time", false, one((*draft).setTime), "2026-03-04T10:50:00Z, or HHMM beside date"},
		{"date", false, one((*draft).setDate), "yyyymmdd, beside time"},
		{"client.address", false, address(func(d *draft) *netip.AddrPort { return &d.tx.Client }), "address, or address:port"},
		{"proxy.address", false, address(func(d *draft) *netip.AddrPort { return &d.tx.Proxy }), "where the client connected"},
		{"proxy.port", false, port((*draft).setProxyPort), "likewise"},
		{"service.name", false, text(func(d *draft) *string { return &d.tx.Service }), "Explicit HTTP"},
		{"service.group", false, text(func(d *draft) *string { return &d.tx.Group }), "Standard"},
		{"detect_protocol", false, boolean(func(d *draft, b bool) { d.tx.Detecting = b }), "the service's attribute Detect Protocol; no where it is left out"},
		{"http.method", false, one((*draft).setMethod), "GET where it is left out"},
		{"url", false, one(whole(asked)), "for a CONNECT or a tunnel the host and port of it count; HOST:PORT will do"},
		{"url.scheme", false, part(asked, func(u *policy.URL) *string { return &u.Scheme }), "instead of url"},
		{"url.host", false, part(asked, func(u *policy.URL) *string { return &u.Host }), "instead of url"},
		{"url.port", false, port(func(d *draft, n uint16) { asked(d).Port = n }), "instead of url"},
		{"url.path", false, part(asked, func(u *policy.URL) *string { return &u.Path }), "instead of url"},
		{"url.query", false, part(asked, func(u *policy.URL) *string { return &u.Query }), "instead of url"},
		{"url.address", true, (*draft).setAddresses, "what the host of the URL resolves to"},
		{"url.category", true, list(func(d *draft) *[]string { return &d.tx.Categories }), "categories beside those that policy defines"},
		{"server_url", false, one(whole(sent)), "after rewriting; as url where it is left out"},
		{"request.header", true, header(func(d *draft) *headers { return &d.request }), "request.header.User-Agent and so on"},
		{"response.header", true, header(func(d *draft) *headers { return &d.response }), "response.header.Content-Type and so on"},
		{"http.response.code", false, number(func(d *draft, n int) { d.tx.Status = n }), "the origin's"},
		{"client.response.code", false, number(func(d *draft, n int) { d.status = n }), "what the client got, for the trace"},
		{"client.protocol", false, text(func(d *draft) *string { return &d.tx.ClientProtocol }), "where it is left out http, ssl, tcp or https by the type"},
		{"tunneled", false, boolean((*draft).setTunneled), "where it is left out by the type; a CONNECT with detection has none before it is given"},
		{"client.connection.ssl_server_name", false, text(func(d *draft) *string { return &d.tx.SNI }), "the SNI"},
		{"client.connection.negotiated_ssl_version", false, text(func(d *draft) *string { return &d.tx.ClientTLSVersion }), "TLSV1.2"},
		{"client.connection.negotiated_cipher", false, text(func(d *draft) *string { return &d.tx.ClientCipher }), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"server.connection.negotiated_ssl_version", false, text(func(d *draft) *string { return &d.tx.ServerTLSVersion }), "TLSV1.2"},
		{"server.connection.negotiated_cipher", false, text(func(d *draft) *string { return &d.tx.ServerCipher }), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"server.certificate.hostname", true, list(func(d *draft) *[]string { return &d.cert.names }), "the names in the origin's certificate"},
		{"server.certificate.common_name", false, text(func(d *draft) *string { return &d.cert.commonName }), "the common name of its subject"},
		{"server.certificate.subject", false, one((*draft).setSubject), "CN=www.example.com,O=Example"},
		{"user", false, text(func(d *draft) *string { return &d.tx.User }), `CORP\kim; left out where nobody is authenticated`},
		{"realm", false, text(func(d *draft) *string { return &d.tx.Realm }), "of the user"},
		{"group", true, list(func(d *draft) *[]string { return &d.tx.GroupsOf }), "groups of the user"},
		{"exception.id", false, text(func(d *draft) *string { return &d.tx.ExceptionID }), "of the exception that is being returned"},
	}
}

// Field is a name that a transaction file may hold, for help.
type Field struct {
	Name string
	Many bool // takes a list
	Doc  string
}

// Fields lists the names with a meaning of their own; beside them stand
// "checkpoints" and the conditions of policy that nothing else tells.
func Fields() []Field {
	var list []Field
	for _, f := range fields() {
		list = append(list, Field{f.name, f.many, f.doc})
	}
	return list
}

// alias are other names of fields.
func alias(name string) string {
	switch name {
	case "client_address":
		return "client.address"
	case "method":
		return "http.method"
	case "category":
		return "url.category"
	case "request.x_header":
		return "request.header"
	case "response.x_header":
		return "response.header"
	}
	return name
}

// follows says of conditions whose value follows from another's what to give
// instead.
func follows(base string) (instead string, ok bool) {
	table := map[string]string{
		"url.domain": "url", "url.host.is_numeric": "url", "url.extension": "url",
		"server_url.domain": "server_url", "server_url.host": "server_url", "server_url.host.is_numeric": "server_url",
		"server_url.address": "url.address", "server_url.port": "server_url", "server_url.scheme": "server_url",
		"server_url.path": "server_url", "server_url.query": "server_url", "server_url.extension": "server_url", "server_url.category": "url.category",
		"client.connection.negotiated_cipher.strength": "client.connection.negotiated_cipher",
		"server.connection.negotiated_cipher.strength": "server.connection.negotiated_cipher",
		"server.certificate.hostname.category":         "server.certificate.hostname",
		"server.certificate.subject.dn":                "server.certificate.subject",
		"http.connect":                                 "http.method", "has_client": "type", "ssl.proxy_mode": "type",
		"user_domain": "user", "user.domain": "user", "authenticated": "user",
		"year": "time", "month": "time", "day": "time", "weekday": "time", "hour": "time", "minute": "time",
	}
	instead, ok = table[base]
	return instead, ok
}

// one makes a setter of a function of the single value.
func one(set func(*draft, string) error) func(*draft, []string) error {
	return func(d *draft, v []string) error { return set(d, v[0]) }
}

func text(field func(*draft) *string) func(*draft, []string) error {
	return one(func(d *draft, v string) error { *field(d) = v; return nil })
}

func list(field func(*draft) *[]string) func(*draft, []string) error {
	return func(d *draft, v []string) error { *field(d) = v; return nil }
}

func boolean(set func(*draft, bool)) func(*draft, []string) error {
	return one(func(d *draft, v string) error {
		switch strings.ToLower(v) {
		case "yes", "true", "on":
			set(d, true)
		case "no", "false", "off":
			set(d, false)
		default:
			return fmt.Errorf("got %q, want yes or no", v)
		}
		return nil
	})
}

func number(set func(*draft, int)) func(*draft, []string) error {
	return one(func(d *draft, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("got %q, want a number", v)
		}
		set(d, n)
		return nil
	})
}

func port(set func(*draft, uint16)) func(*draft, []string) error {
	return one(func(d *draft, v string) error {
		n, err := strconv.ParseUint(v, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("got %q, want a port from 1 to 65535", v)
		}
		set(d, uint16(n))
		return nil
	})
}

func address(field func(*draft) *netip.AddrPort) func(*draft, []string) error {
	return one(func(d *draft, v string) error {
		if ap, err := netip.ParseAddrPort(v); err == nil {
			*field(d) = ap
			return nil
		}
		a, err := netip.ParseAddr(v)
		if err != nil {
			return fmt.Errorf("got %q, want an address such as 10.1.0.11", v)
		}
		*field(d) = netip.AddrPortFrom(a, field(d).Port())
		return nil
	})
}

func (d *draft) setProxyPort(n uint16) {
	addr := d.tx.Proxy.Addr()
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	d.tx.Proxy = netip.AddrPortFrom(addr, n)
}

func (d *draft) setAddresses(values []string) error {
	addrs := make([]netip.Addr, len(values))
	for i, v := range values {
		a, err := netip.ParseAddr(v)
		if err != nil {
			return fmt.Errorf("got %q, want an address such as 192.0.2.7", v)
		}
		addrs[i] = a
	}
	d.tx.ResolveHost = func(string) []netip.Addr { return addrs }
	return nil
}

func (d *draft) setType(v string) error {
	for _, t := range types() {
		if strings.EqualFold(string(t), v) {
			d.tx.Type = t
			return nil
		}
	}
	return unknownWord(v, func(yield func(string) bool) {
		for _, t := range types() {
			if !yield(string(t)) {
				return
			}
		}
	})
}

// types are the transaction types of policy.
func types() []policy.TransactionType {
	return []policy.TransactionType{policy.HTTPProxy, policy.TCPTunnel, policy.SSLIntercept, policy.SSLTunnel,
		policy.HTTPSForwardProxy, policy.AdminConsole, policy.CacheRefresh, policy.Forwarding}
}

func (d *draft) setMethod(v string) error {
	d.tx.Method = strings.ToUpper(v)
	return nil
}

func (d *draft) setTunneled(b bool) {
	d.tx.Tunneled = policy.No
	if b {
		d.tx.Tunneled = policy.Yes
	}
}

func (d *draft) setTime(v string) error {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		d.tx.Time = t
		return nil
	}
	if _, err := cpl.ParseTime(v); err != nil || len(v) != 4 {
		return fmt.Errorf("got %q, want a time such as 2026-03-04T10:50:00Z, or HHMM beside date", v)
	}
	d.clock = v
	return nil
}

func (d *draft) setDate(v string) error {
	if _, err := time.Parse("20060102", v); err != nil {
		return fmt.Errorf("got %q, want a date as yyyymmdd", v)
	}
	d.date = v
	return nil
}
