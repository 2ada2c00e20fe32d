package proxy

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// carryOut does the actions that policy switched on for a request, before it is
// sent: what they change in its header and URL. A redirect ends the request; its
// page is the exception that is given back.
//
// Modelled: rewrite changes the path and query of intercepted HTTPS requests only,
// since their origin is connected to before the request is read.
func (x *exchanges) carryOut(d policy.Decision, tx *policy.Transaction, req *http.Request) *exception {
	for _, c := range x.calls(d) {
		target := arg(c, 0)
		switch {
		case c.Name == "redirect":
			if e := redirect(c, tx); e != nil {
				x.record(journal.ActionDone{Call: "redirect to " + e.location, At: c.At})
				return e
			}
		case c.Name == "rewrite" && target == "url":
			if rewrite(c, tx, req) {
				x.record(journal.ActionDone{Call: "rewrite url to " + tx.URL.String(), At: c.At})
			}
		case strings.HasPrefix(target, "request."):
			if changeHeader(c, tx, req.Header) {
				x.record(journal.ActionDone{Call: c.Name + " " + target, At: c.At})
			}
		case c.Name == "log_message":
			x.record(journal.ActionDone{Call: "log_message " + policy.Substitute(target, tx, ""), At: c.At})
		}
	}
	return nil
}

// carryOutResponse does the actions on a response's header.
func (x *exchanges) carryOutResponse(d policy.Decision, tx *policy.Transaction, resp *http.Response) {
	for _, c := range x.calls(d) {
		if strings.HasPrefix(arg(c, 0), "response.") && changeHeader(c, tx, resp.Header) {
			x.record(journal.ActionDone{Call: c.Name + " " + arg(c, 0), At: c.At})
		}
	}
}

// calls are the actions of all blocks that are switched on, in order.
func (x *exchanges) calls(d policy.Decision) []policy.Call {
	var all []policy.Call
	for _, label := range d.Actions() {
		calls, _ := x.policy.CallsOf(label)
		all = append(all, calls...)
	}
	return all
}

func arg(c policy.Call, i int) string {
	if i >= len(c.Args) {
		return ""
	}
	return c.Args[i]
}

// changeHeader does set, append, delete and delete_matching; false when there was
// nothing to do.
func changeHeader(c policy.Call, tx *policy.Transaction, h http.Header) bool {
	name := headerName(arg(c, 0))
	if name == "" {
		return false
	}
	value := policy.Substitute(arg(c, 1), tx, "")
	switch c.Name {
	case "set":
		h.Set(name, value)
	case "append":
		h.Add(name, value)
	case "delete":
		if _, ok := h[http.CanonicalHeaderKey(name)]; !ok {
			return false
		}
		h.Del(name)
	case "delete_matching":
		re, err := regexp.Compile(arg(c, 1))
		if err != nil || !re.MatchString(strings.Join(h.Values(name), ", ")) {
			return false
		}
		h.Del(name)
	default:
		return false
	}
	return true
}

// headerName is NAME of request.header.NAME and its like.
func headerName(target string) string {
	for _, prefix := range []string{"request.header.", "request.x_header.", "response.header.", "response.x_header."} {
		if name, ok := strings.CutPrefix(target, prefix); ok {
			return name
		}
	}
	return ""
}

// redirect is redirect(CODE, "EXPRESSION", "TO"); the expression has to match the
// whole URL (CPLG3 p245), $(1) is its first group.
func redirect(c policy.Call, tx *policy.Transaction) *exception {
	code, err := strconv.Atoi(arg(c, 0))
	if err != nil || code < 300 || code > 399 {
		return nil
	}
	to, ok := replace(arg(c, 1), arg(c, 2), tx, true)
	if !ok {
		return nil
	}
	e := newException("policy_redirect", "The page is elsewhere.")
	e.status, e.location = code, to
	return e
}

// rewrite is rewrite(url, "EXPRESSION", "TO").
func rewrite(c policy.Call, tx *policy.Transaction, req *http.Request) bool {
	to, ok := replace(arg(c, 1), arg(c, 2), tx, false)
	if !ok {
		return false
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return false
	}
	if req.URL.Host == "" { // origin form: the host is in the header
		u.Scheme, req.Host = "", u.Host
		u.Host = ""
	} else {
		req.Host = u.Host
	}
	req.URL = u
	tx.URL.Path, tx.URL.Query = u.EscapedPath(), u.RawQuery
	return true
}

// replace fills TO with the groups of an expression that matches the URL.
func replace(expression, to string, tx *policy.Transaction, whole bool) (string, bool) {
	if whole {
		expression = "^(?:" + expression + ")$"
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return "", false
	}
	at := tx.URL.String()
	m := re.FindStringSubmatchIndex(at)
	if m == nil {
		return "", false
	}
	for i := range len(m) / 2 {
		group := ""
		if m[2*i] >= 0 {
			group = at[m[2*i]:m[2*i+1]]
		}
		to = strings.ReplaceAll(to, "$("+strconv.Itoa(i)+")", group)
	}
	to = policy.Substitute(to, tx, "")
	if !whole {
		to = at[:m[0]] + to + at[m[1]:]
	}
	return to, true
}
