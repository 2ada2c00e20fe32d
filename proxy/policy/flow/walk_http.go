package flow

import (
	"regexp"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
)

// exchange is one request with its response; page is where a refusal is shown.
func (w *walk) exchange(tx *policy.Transaction, page Way) Outcome {
	d, no := w.verdict(tx, policy.AtInnerRequest)
	if no != nil {
		return refusal(page, no.id, no.at)
	}
	actions, redirect := w.actions(d, tx, "request.")
	if redirect != nil {
		return *redirect
	}
	tx.Status, tx.ResponseHeader = w.Status, w.ResponseHeader
	if d, no = w.verdict(tx, policy.AtResponse); no != nil {
		return refusal(page, no.id, no.at)
	}
	more, _ := w.actions(d, tx, "response.")
	o := Outcome{Way: Served, At: d.Verdict.At}
	if page == PageInside {
		o.Way, o.At = Decrypted, orElse(d.Verdict.At, w.intercept.At)
	}
	for _, label := range append(actions, more...) {
		if len(o.Actions) == 0 || o.Actions[len(o.Actions)-1] != label {
			o.Actions = append(o.Actions, label)
		}
	}
	return o
}

// actions are the labels of the blocks that are switched on and change what
// passes in a direction; a redirect ends the request.
func (w *walk) actions(d policy.Decision, tx *policy.Transaction, direction string) (labels []string, redirect *Outcome) {
	for _, label := range d.Actions() {
		calls, _ := w.p.CallsOf(label)
		for _, c := range calls {
			target := ""
			if len(c.Args) > 0 {
				target = c.Args[0]
			}
			switch {
			case direction == "request." && c.Name == "redirect":
				if to, code, ok := redirection(c, tx); ok {
					return nil, &Outcome{Way: Redirected, ID: "policy_redirect", Status: code, To: to, At: settingAt(d, "action."+label)}
				}
			case strings.HasPrefix(target, direction), c.Name == "rewrite" && target == "url" && direction == "request.":
				if len(labels) == 0 || labels[len(labels)-1] != label {
					labels = append(labels, label)
				}
			}
		}
	}
	return labels, nil
}

// redirection is where redirect(CODE, "EXPRESSION", "TO") leads a URL that
// matches as a whole.
func redirection(c policy.Call, tx *policy.Transaction) (to string, code int, ok bool) {
	if len(c.Args) < 3 {
		return "", 0, false
	}
	code, err := strconv.Atoi(c.Args[0])
	if err != nil || code < 300 || code > 399 {
		return "", 0, false
	}
	re, err := regexp.Compile("^(?:" + c.Args[1] + ")$")
	if err != nil {
		return "", 0, false
	}
	groups := re.FindStringSubmatch(tx.URL.String())
	if groups == nil {
		return "", 0, false
	}
	to = c.Args[2]
	for i, g := range groups {
		to = strings.ReplaceAll(to, "$("+strconv.Itoa(i)+")", g)
	}
	return policy.Substitute(to, tx, ""), code, true
}
