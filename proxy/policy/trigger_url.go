package policy

import (
	"net/netip"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// located gives the prepared URL, or unavailable where the host is not known.
func (m *machine) located(server bool) (*location, value) {
	l := m.location(server)
	if l.url.Host == "" {
		return l, unavailable
	}
	return l, yes
}

func where(server bool) func(*machine) (*location, value) {
	return func(m *machine) (*location, value) { return m.located(server) }
}

// domains tests a URL against patterns; whole ones are those of url=.
func domains(whole bool) leaf[*location] {
	return func(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(*location) bool {
		return func(any []cpl.Value) func(*location) bool {
			t := &urlTable{}
			for i, v := range any {
				p := parseURLPattern(v.Text, whole)
				p.caseSensitive = caseSensitive(cond)
				t.add(c.policy.hosts, p, int32(i))
			}
			t.order()
			return t.has
		}
	}
}

func caseSensitive(cond *cpl.Condition) bool {
	for _, m := range cond.Modifiers {
		if m == "case_sensitive" {
			return true
		}
	}
	return false
}

// urlTrigger is url=: a pattern with a complete host, or with a modifier a test
// of the URL as text.
func urlTrigger(server bool) compileTrigger {
	return func(c *compiler, cond *cpl.Condition) func(*machine) value {
		if len(cond.Modifiers) == 0 || len(cond.Modifiers) == 1 && caseSensitive(cond) {
			return on(domains(true), where(server))(c, cond)
		}
		return on(texts(prefix), urlText(server))(c, cond)
	}
}

func urlText(server bool) func(*machine) (string, value) {
	return func(m *machine) (string, value) {
		l, known := m.located(server)
		if known == yes && l.text == "" {
			l.text = l.url.String()
		}
		return l.text, known
	}
}

func host(server bool) func(*machine) (string, value) {
	return func(m *machine) (string, value) {
		l, known := m.located(server)
		return l.url.Host, known
	}
}

func numericHost(server bool) func(*machine) (bool, value) {
	return func(m *machine) (bool, value) {
		l, known := m.located(server)
		return l.addr.IsValid(), known
	}
}

// hostAddresses looks the host up unless it is an address, or restrict dns keeps
// it from being looked up.
func hostAddresses(server bool) func(*machine) ([]netip.Addr, value) {
	return func(m *machine) ([]netip.Addr, value) {
		l, known := m.located(server)
		if known != yes {
			return nil, known
		}
		if !l.looked {
			l.looked = true
			switch {
			case l.addr.IsValid():
				l.addresses = append(l.own[:0], l.addr)
			case m.tx.ResolveHost != nil && !m.policy.restrict.forbids(l):
				l.addresses = m.tx.ResolveHost(l.url.Host)
			}
		}
		if len(l.addresses) == 0 {
			return nil, unavailable
		}
		return l.addresses, yes
	}
}

func port(server bool) func(*machine) (uint64, value) {
	return func(m *machine) (uint64, value) {
		l, known := m.located(server)
		if l.url.Port == 0 {
			return 0, unavailable
		}
		return uint64(l.url.Port), known
	}
}

func scheme(server bool) func(*machine) (string, value) {
	return func(m *machine) (string, value) {
		l, known := m.located(server)
		if l.url.Scheme == "" {
			return "", unavailable
		}
		return l.url.Scheme, known
	}
}

// path is the path with the query, which belongs to this component (CPL guide,
// SGOS 3, p. 141).
func path(server bool) func(*machine) (string, value) {
	return func(m *machine) (string, value) {
		l, known := m.located(server)
		p := l.url.Path
		if p == "" {
			p = "/"
		}
		if l.url.Query != "" {
			p += "?" + l.url.Query
		}
		return p, known
	}
}

// query is the query string; without one every pattern misses, so that
// url.query=!"" holds.
func query(server bool) func(*machine) ([]string, value) {
	return func(m *machine) ([]string, value) {
		l, known := m.located(server)
		if known != yes || l.url.Query == "" {
			return nil, known
		}
		l.query[0] = l.url.Query
		return l.query[:], yes
	}
}

func extension(server bool) func(*machine) (string, value) {
	return func(m *machine) (string, value) {
		l, known := m.located(server)
		name := l.url.Path[strings.LastIndexByte(l.url.Path, '/')+1:]
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return "", known
		}
		return name[i+1:], known
	}
}

// extensions compares endings of file names; the pattern may have its dot.
func extensions(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
	inner := texts(exact)(c, cond)
	return func(any []cpl.Value) func(string) bool {
		bare := make([]cpl.Value, len(any))
		for i, v := range any {
			v.Text = strings.TrimPrefix(v.Text, ".")
			bare[i] = v
		}
		return inner(bare)
	}
}

// categories tests in which categories a location is.
func categories(c *compiler, _ *cpl.Condition) func([]cpl.Value) func(*location) bool {
	return func(any []cpl.Value) func(*location) bool {
		var list []int32
		none := false
		for _, v := range any {
			list = append(list, c.policy.categories.number(v.Text))
			none = none || strings.EqualFold(v.Text, "none")
		}
		return func(l *location) bool {
			if none && l.uncategorised {
				return true
			}
			for _, n := range list {
				if l.set[n] {
					return true
				}
			}
			return false
		}
	}
}

func categorised(server bool) func(*machine) (*location, value) {
	return func(m *machine) (*location, value) {
		l, known := m.located(server)
		if known == yes {
			m.sort(l)
		}
		return l, known
	}
}

// restriction is what restrict dns says: hosts that are not looked up.
type restriction struct {
	all          bool
	list, except urlTable
}

// forbids says whether the host of a location may not be looked up.
func (r *restriction) forbids(l *location) bool {
	return (r.all || r.list.has(l)) && !r.except.has(l)
}
