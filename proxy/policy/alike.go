package policy

import "strings"

// Alike says that the policy decides every request on one connection in the same
// way, whatever it asks for: what is looked at for a transaction of this kind depends
// on nothing that differs between them. Then one decision does for all of them. It
// may say no where a closer look would find yes.
func (p *Policy) Alike(tx *Transaction) bool {
	take, scopes := evaluated(tx), scopeOf(tx)
	for i := range p.layers {
		l := &p.layers[i]
		if l.kind&take == 0 {
			continue
		}
		if !constant(l.guard, scopes) {
			return false
		}
		for j := range l.sections {
			if !l.sections[j].alike(scopes) {
				return false
			}
		}
	}
	return true
}

// alike is Alike for a section.
func (s *section) alike(scopes scope) bool {
	if s.table != nil || !constant(s.guard, scopes) {
		return false
	}
	for _, r := range s.rules {
		if !constant(r.conditions, scopes) || r.verdict != nil && r.verdict.substitute {
			return false
		}
	}
	return true
}

// constant says that a conjunction comes out the same for every request on a
// connection; one that can never apply does.
func constant(list []*condition, scopes scope) bool {
	for _, c := range list {
		if c.scope&scopes == 0 {
			return true
		}
	}
	for _, c := range list {
		if c.about == nil || !ofConnection(c.about.source.Base) {
			return false
		}
	}
	return true
}

// ofConnection says whether a condition is about the connection and those at its ends.
func ofConnection(base string) bool {
	switch base {
	case "client.address", "client.protocol", "proxy.address", "proxy.port", "service.name", "service.group",
		"socks", "socks.version", "tunneled", "user", "group", "realm", "authenticated":
		return true
	}
	for _, prefix := range []string{"client.connection.negotiated_", "server.connection.negotiated_", "server.certificate."} {
		if strings.HasPrefix(base, prefix) {
			return true
		}
	}
	return false
}
