package flow

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rehearse/proxy"
)

// UsualClient is the client of flows where nobody asks who it is.
func UsualClient() netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 0, 11}) }

// UsualTime is likewise the time, a Wednesday morning.
func UsualTime() time.Time { return time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC) }

// Describe tells a flow in a line: what the client asks for, and what of it is out
// of the ordinary.
func (f *Flow) Describe() string {
	parts := []string{f.Opening()}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if f.Inside == HTTP && (f.Method != "GET" || f.Path != "/" || f.Query != "") {
		add("then %s %s", f.Method, f.url("https"))
	}
	if f.Client != UsualClient() {
		add("client %s", f.Client)
	}
	if f.User.User != "" {
		add("user %s", f.User.User)
	}
	if f.User.Realm != "" {
		add("realm %s", f.User.Realm)
	}
	if len(f.User.Groups) > 0 {
		add("groups %s", strings.Join(f.User.Groups, ", "))
	}
	if !usualService(f.Service) {
		add("service %q on port %d", f.Service.Name, f.Service.Port)
	}
	if len(f.Categories) > 0 {
		add("category %s", strings.Join(f.Categories, ", "))
	}
	if f.Address.IsValid() && f.named() && f.Transparent() {
		add("at %s", f.Address)
	}
	if f.NoSNI && f.named() && f.Speaks == TLS {
		add("no SNI")
	}
	if f.Origin.Fault != Sound {
		add("the origin's certificate is %s", f.Origin.Fault)
	}
	if len(f.Origin.Names) > 0 {
		add("certificate for %s", strings.Join(f.Origin.Names, ", "))
	}
	for _, h := range []struct {
		what   string
		header http.Header
	}{{"", f.Header}, {"response ", f.ResponseHeader}} {
		for _, name := range slices.Sorted(maps.Keys(h.header)) {
			add("%s%s: %s", h.what, name, strings.Join(h.header[name], ", "))
		}
	}
	if f.Status != 200 {
		add("status %d", f.Status)
	}
	if !f.Time.Equal(UsualTime()) {
		add("%s", f.Time.Format("Mon 2006-01-02 15:04"))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Other)) {
		add("%s %s", name, strings.Join(f.Other[name], ", "))
	}
	return strings.Join(parts, "; ")
}

func usualService(s proxy.Service) bool {
	for _, shape := range Shapes() {
		if shape.Service.Name == s.Name && shape.Service.Group == s.Group && shape.Service.Port == s.Port {
			return true
		}
	}
	return false
}
