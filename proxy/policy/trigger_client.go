package policy

import (
	"net/netip"
	"strings"
)

func clientAddress(m *machine) (netip.Addr, value) { return address(m.tx.Client) }
func proxyAddress(m *machine) (netip.Addr, value)  { return address(m.tx.Proxy) }

func address(a netip.AddrPort) (netip.Addr, value) {
	if !a.IsValid() {
		return netip.Addr{}, unavailable
	}
	return a.Addr().Unmap(), yes
}

func proxyPort(m *machine) (uint64, value) {
	return uint64(m.tx.Proxy.Port()), given(m.tx.Proxy.IsValid())
}

// given is yes for a value that is there, unavailable for one that is not.
func given(there bool) value {
	if there {
		return yes
	}
	return unavailable
}

// pending is yes for a value that is there and late for one that may still come.
func (m *machine) pending(there bool) value {
	switch {
	case there:
		return yes
	case m.at < AtResponse:
		return late
	}
	return unavailable
}

func clientProtocol(m *machine) (string, value) {
	return m.tx.ClientProtocol, m.pending(m.tx.ClientProtocol != "")
}

func tunneled(m *machine) (bool, value) {
	return m.tx.Tunneled == Yes, m.pending(m.tx.Tunneled != Unknown)
}

func serviceName(m *machine) (string, value)  { return m.tx.Service, given(m.tx.Service != "") }
func serviceGroup(m *machine) (string, value) { return m.tx.Group, given(m.tx.Group != "") }

// hasClient is no for transactions of the appliance's own.
func hasClient(m *machine) (bool, value) {
	return m.tx.Type != CacheRefresh && m.tx.Type != Forwarding, yes
}

func bySOCKS(m *machine) (bool, value) { return len(m.tx.Other["socks.version"]) > 0, yes }

// The user's conditions are unavailable where nobody is authenticated, so that
// user=!kim misses too.

// userNames are the user's name with and without the domain in front. Modelled:
// user=kim matches CORP\kim.
func userNames(m *machine) ([]string, value) {
	full := m.tx.User
	m.pair[0], m.pair[1] = full, full[strings.LastIndexByte(full, '\\')+1:]
	return m.pair[:], given(full != "")
}

func userDomain(m *machine) (string, value) {
	domain, _, ok := strings.Cut(m.tx.User, `\`)
	return domain, given(ok)
}

func userGroups(m *machine) ([]string, value) { return m.tx.GroupsOf, given(m.tx.User != "") }
func userRealm(m *machine) (string, value)    { return m.tx.Realm, given(m.tx.Realm != "") }
func authenticated(m *machine) (bool, value)  { return m.tx.User != "", yes }
