package policy

import (
	"net/netip"
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// aspects are the fields of an index.
func aspects() []*aspect {
	list := []*aspect{hostAspect(asked), hostAspect(sent), categoryAspect(), addressAspect()}
	for _, t := range []struct {
		names []string
		read  func(*machine) ([]string, value)
	}{
		{[]string{"user"}, userNames},
		{[]string{"group"}, userGroups},
		{[]string{"realm"}, one(userRealm)},
		{[]string{"http.method", "method"}, inScope(inHTTP, one(method))},
		{[]string{"service.name"}, one(serviceName)},
		{[]string{"client.protocol"}, one(clientProtocol)},
		{[]string{"url.scheme"}, one(scheme(asked))},
		{[]string{"exception.id"}, inScope(inException, one(exceptionOf))},
	} {
		list = append(list, textAspect(t.names, t.read))
	}
	return list
}

// one lifts a single text to a list of one.
func one(read func(*machine) (string, value)) func(*machine) ([]string, value) {
	return func(m *machine) ([]string, value) {
		s, known := read(m)
		m.pair[0] = s
		return m.pair[:1], known
	}
}

func inScope(s scope, read func(*machine) ([]string, value)) func(*machine) ([]string, value) {
	return func(m *machine) ([]string, value) {
		if m.scopes&s == 0 {
			return nil, inapplicable
		}
		return read(m)
	}
}

// plain says whether a condition compares whole texts without regard to case.
func plain(cond *cpl.Condition) bool {
	return !slices.ContainsFunc(cond.Modifiers, func(m string) bool { return m != "exact" && m != "case_insensitive" && m != "case_sensitive" })
}

func textAspect(names []string, read func(*machine) ([]string, value)) *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			if cond.Base == "exception.id" {
				v.Text = exceptionID(v.Text)
			}
			return strings.ToLower(v.Text), slices.Contains(names, cond.Base) && plain(cond)
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := &textField{rules: map[string]posting{}, read: read}
			if row, ok := cpl.Lookup(cpl.KindCondition, names[0]); ok {
				f.first = row.At
			}
			for k, list := range rules {
				f.rules[k] = newPosting(list, words)
			}
			return f.admit
		},
	}
}

// Keys of hosts say whether the host must be whole.
const (
	wholeKey  = "="
	domainKey = "."
)

func hostAspect(server bool) *aspect {
	family := "url"
	if server {
		family = "server_url"
	}
	pattern := func(text string, whole bool) (string, bool) {
		p := parseURLPattern(text, whole)
		if whole {
			return wholeKey + p.host, p.host != ""
		}
		return domainKey + p.host, p.host != ""
	}
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			switch {
			case cond.Base == family+".host" && plain(cond):
				return wholeKey + strings.ToLower(v.Text), true
			case cond.Base == family && len(cond.Modifiers) == 0:
				return pattern(v.Text, true)
			case cond.Base == family+".domain":
				return pattern(v.Text, false)
			}
			return "", false
		},
		list: func(d *cpl.Definition, text string) (string, bool) {
			if strings.HasPrefix(d.Type, "server_") != server {
				return "", false
			}
			return pattern(text, d.Type == "url condition")
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := &hostField{server: server, domains: map[int32]posting{}, whole: map[int32]posting{}}
			for k, list := range rules {
				to := f.domains
				if strings.HasPrefix(k, wholeKey) {
					to = f.whole
				}
				to[c.policy.hosts.number(k[1:])] = newPosting(list, words)
			}
			return f.admit
		},
	}
}

func categoryAspect() *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			return strings.ToLower(v.Text), (cond.Base == "category" || cond.Base == "url.category") && !strings.EqualFold(v.Text, "none")
		},
		build: func(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
			f := make(categoryField, len(c.policy.categories.in))
			for k, list := range rules {
				if n, ok := c.policy.categories.numbers[k]; ok {
					f[n] = newPosting(list, words)
				}
			}
			return f.admit
		},
	}
}

func addressAspect() *aspect {
	return &aspect{
		key: func(cond *cpl.Condition, v cpl.Value) (string, bool) {
			return cpl.LabelKey(v.Text), cond.Base == "client.address" || cond.Base == "client_address"
		},
		build: buildAddressField,
	}
}

// buildAddressField cuts the addresses where any wanted range starts or ends.
func buildAddressField(c *compiler, rules map[string][]int32, words int) func(*machine, []uint64) bool {
	sets := map[string]addressSet{}
	f := &addressField{}
	for k := range rules {
		sets[k] = c.addressSet([]cpl.Value{{Text: k}})
		for _, r := range sets[k] {
			f.starts = append(f.starts, r.low)
			if next := r.high.Next(); next.IsValid() {
				f.starts = append(f.starts, next)
			}
		}
	}
	slices.SortFunc(f.starts, netip.Addr.Compare)
	f.starts = slices.Compact(f.starts)
	lists := make([][]int32, len(f.starts))
	for k, numbers := range rules {
		for _, r := range sets[k] {
			i, _ := slices.BinarySearchFunc(f.starts, r.low, netip.Addr.Compare)
			for ; i < len(f.starts) && !r.high.Less(f.starts[i]); i++ {
				lists[i] = append(lists[i], numbers...)
			}
		}
	}
	for _, list := range lists {
		f.rules = append(f.rules, newPosting(list, words))
	}
	return f.admit
}
