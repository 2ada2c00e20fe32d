package policy

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
)

func method(m *machine) (string, value)  { return m.tx.Method, given(m.tx.Method != "") }
func isConnect(m *machine) (bool, value) { return m.tx.Method == "CONNECT", yes }

func responseCode(m *machine) (uint64, value) {
	return uint64(m.tx.Status), given(m.tx.Status > 0)
}

func requestHeader(m *machine) http.Header  { return m.tx.RequestHeader }
func responseHeader(m *machine) http.Header { return m.tx.ResponseHeader }

// header is request.header.NAME= and its like. A test of a header that is not
// there is a plain miss, so its negation holds (KB 167532).
func header(of func(*machine) http.Header) compileTrigger {
	return func(c *compiler, cond *cpl.Condition) func(*machine) value {
		name := http.CanonicalHeaderKey(cond.Arg)
		values := func(m *machine) []string { return of(m)[name] }
		for _, mod := range cond.Modifiers {
			switch mod {
			case "exists":
				return on(booleans, func(m *machine) (bool, value) { return len(values(m)) > 0, yes })(c, cond)
			case "count":
				return on(numbers, func(m *machine) (uint64, value) { return uint64(len(values(m))), yes })(c, cond)
			case "length":
				return on(numbers, func(m *machine) (uint64, value) { return uint64(len(strings.Join(values(m), ","))), yes })(c, cond)
			case "as_number":
				return on(anyOf(numeric), func(m *machine) ([]string, value) { return values(m), yes })(c, cond)
			case "address":
				return on(anyOf(addressText), func(m *machine) ([]string, value) { return values(m), yes })(c, cond)
			}
		}
		return on(anyOf(texts(regex)), func(m *machine) ([]string, value) { return values(m), yes })(c, cond)
	}
}

// numeric tests a text that is a number of up to 64 bits; any other misses.
func numeric(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
	inner := numbers(c, cond)
	return func(any []cpl.Value) func(string) bool {
		test := inner(any)
		return func(s string) bool {
			n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
			return err == nil && test(n)
		}
	}
}

// addressText tests a text that is an address; any other misses.
func addressText(c *compiler, cond *cpl.Condition) func([]cpl.Value) func(string) bool {
	inner := addresses(c, cond)
	return func(any []cpl.Value) func(string) bool {
		test := inner(any)
		return func(s string) bool {
			a, err := netip.ParseAddr(strings.TrimSpace(s))
			return err == nil && test(a.Unmap())
		}
	}
}
