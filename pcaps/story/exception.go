package story

import (
	"regexp"
	"slices"

	"rehearse/pcaps/flow"
	"rehearse/proxy"
	"rehearse/reports/journal"
)

// exception notes that the page of an error is an interceptor's, which has the
// exception's name in parentheses.
func (h *http) exception(b *body, at flow.Moment) {
	if id := exceptionID(b.data); id != "" {
		where := "to request"
		if b.request.method == "CONNECT" {
			where = "to CONNECT"
		}
		h.note(client(h.flow).Other(), at, journal.ExceptionSent{ID: id, Status: b.status, Where: where})
	}
}

// exceptionID is the name of a built-in exception on a page, "" where there is none.
func exceptionID(page []byte) string {
	named := regexp.MustCompile(`\(([a-z]+(?:_[a-z]+)+)\)`)
	for _, m := range named.FindAllSubmatch(page, 8) {
		id := string(m[1])
		if slices.ContainsFunc(proxy.Exceptions(), func(e proxy.BuiltIn) bool { return e.ID == id }) {
			return id
		}
	}
	return ""
}
