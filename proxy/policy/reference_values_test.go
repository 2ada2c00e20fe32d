package policy_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// values reads a trigger's values.
func (ref *reference) values(c *cpl.Condition, tx *policy.Transaction, at policy.Checkpoint) ([]string, truth) {
	some := func(s string) ([]string, truth) {
		if s == "" {
			return nil, "unavailable"
		}
		return []string{s}, "yes"
	}
	yesno := func(b bool) ([]string, truth) { return []string{map[bool]string{true: "yes", false: "no"}[b]}, "yes" }
	waits := func(s string) ([]string, truth) {
		if s == "" && at < policy.AtResponse {
			return nil, "late"
		}
		return some(s)
	}
	if name, ok := strings.CutPrefix(c.Base, "server_url"); ok {
		if tx.ServerURL != (policy.URL{}) {
			return refURL("url"+name, tx.ServerURL, tx)
		}
		return refURL("url"+name, tx.URL, tx)
	}
	if c.Base == "category" || c.Base == "url" || strings.HasPrefix(c.Base, "url.") {
		return refURL(c.Base, tx.URL, tx)
	}
	if header := strings.Split(c.Base, ".")[0]; strings.HasSuffix(c.Base, "header") {
		h := tx.RequestHeader
		if header == "response" {
			h = tx.ResponseHeader
		}
		return headerValues(c, h)
	}
	utc := slices.Contains(c.Modifiers, "utc")
	t := tx.Time
	if utc {
		t = t.UTC()
	}
	clock := func(layout string) ([]string, truth) {
		s := t.Format(layout)
		if s = strings.TrimLeft(s, "0"); s == "" {
			s = "0"
		}
		return []string{s}, "yes"
	}
	switch c.Base {
	case "client.address":
		return some(addressText(tx.Client))
	case "proxy.address":
		return some(addressText(tx.Proxy))
	case "proxy.port":
		return some(strconv.Itoa(int(tx.Proxy.Port())))
	case "client.protocol":
		return waits(tx.ClientProtocol)
	case "tunneled":
		return waits(map[policy.Ternary]string{policy.Yes: "yes", policy.No: "no"}[tx.Tunneled])
	case "service.name":
		return some(tx.Service)
	case "has_client":
		return yesno(tx.Type != policy.CacheRefresh && tx.Type != policy.Forwarding)
	case "client.connection.negotiated_ssl_version":
		return some(tx.ClientTLSVersion)
	case "server.connection.negotiated_ssl_version":
		return some(tx.ServerTLSVersion)
	case "client.connection.ssl_server_name":
		return some(tx.SNI)
	case "server.certificate.hostname":
		if tx.ServerCertificate == nil {
			return nil, "unavailable"
		}
		return tx.ServerCertificate.DNSNames, "yes"
	case "http.method":
		return some(tx.Method)
	case "http.connect":
		return yesno(tx.Method == "CONNECT")
	case "http.response.code":
		if tx.Status == 0 {
			return nil, "unavailable"
		}
		return some(strconv.Itoa(tx.Status))
	case "user":
		name := tx.User[strings.Index(tx.User, `\`)+1:]
		if tx.User == "" {
			return nil, "unavailable"
		}
		return []string{tx.User, name}, "yes"
	case "group":
		if tx.User == "" {
			return nil, "unavailable"
		}
		return tx.GroupsOf, "yes"
	case "realm":
		return some(tx.Realm)
	case "authenticated":
		return yesno(tx.User != "")
	case "hour":
		return clock("15")
	case "minute":
		return clock("04")
	case "time":
		return clock("1504")
	case "date":
		return clock("20060102")
	case "month":
		return clock("01")
	case "weekday":
		return []string{strconv.Itoa(map[string]int{"Mon": 1, "Tue": 2, "Wed": 3, "Thu": 4, "Fri": 5, "Sat": 6, "Sun": 7}[t.Format("Mon")])}, "yes"
	case "exception.id":
		return some(strings.Replace(tx.ExceptionID, "user_defined.", "user-defined.", 1))
	}
	return tx.Other[c.Base], "yes"
}

func addressText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().String()
}

func refURL(name string, u policy.URL, tx *policy.Transaction) ([]string, truth) {
	if u.Host == "" {
		return nil, "unavailable"
	}
	addr, err := netip.ParseAddr(u.Host)
	path := u.Path
	if u.Query != "" {
		path += "?" + u.Query
	}
	switch name {
	case "url":
		return []string{u.String()}, "yes"
	case "url.host.is_numeric":
		return []string{map[bool]string{true: "yes", false: "no"}[err == nil]}, "yes"
	case "url.address":
		if err == nil {
			return []string{addr.String()}, "yes"
		}
		var list []string
		if tx.ResolveHost != nil {
			for _, a := range tx.ResolveHost(u.Host) {
				list = append(list, a.String())
			}
		}
		if list == nil {
			return nil, "unavailable"
		}
		return list, "yes"
	case "url.port":
		return []string{strconv.Itoa(int(u.Port))}, "yes"
	case "url.scheme":
		return []string{u.Scheme}, "yes"
	case "url.path":
		return []string{path}, "yes"
	case "url.query":
		if u.Query == "" {
			return nil, "yes"
		}
		return []string{u.Query}, "yes"
	case "url.extension":
		file := u.Path[strings.LastIndex(u.Path, "/")+1:]
		if !strings.Contains(file, ".") {
			return []string{""}, "yes"
		}
		return []string{file[strings.LastIndex(file, ".")+1:]}, "yes"
	}
	return []string{u.Host}, "yes"
}

func headerValues(c *cpl.Condition, h http.Header) ([]string, truth) {
	values := h.Values(c.Arg)
	switch {
	case slices.Contains(c.Modifiers, "exists"):
		return []string{map[bool]string{true: "yes", false: "no"}[len(values) > 0]}, "yes"
	case slices.Contains(c.Modifiers, "count"):
		return []string{strconv.Itoa(len(values))}, "yes"
	case slices.Contains(c.Modifiers, "length"):
		return []string{strconv.Itoa(len(strings.Join(values, ",")))}, "yes"
	}
	return values, "yes"
}
