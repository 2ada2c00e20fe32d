package policy

import (
	"fmt"
	"io"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// Trace is one transaction as the appliance's policy trace shows it: by the
// evaluation at its end.
type Trace struct {
	ID          int // transaction ID
	Transaction *Transaction
	Decision    Decision // of Explain
	// Rules is the value of trace.rules: "yes" shows rules that match or are
	// late, "all" those that miss or do not apply as well, anything else none.
	Rules string
	// ClientStatus is the HTTP status that the client got, 0 for none; shown from
	// 7.x on.
	ClientStatus int
}

// Columns of a trace (KB 166602): where headers and rules start, and where the
// colon of a tag stands. Modelled: every tag's colon stands there (Q15), section
// headers are set in by two more.
const (
	headerColumn = "           "
	ruleColumn   = "     " // behind the tag
	tagWidth     = 10      // with the colon
)

// WriteTrace writes the trace in the layout of SGOS 6.x, which later releases
// keep (KB 166602, KB 232946); 7.x has more lines in it (KB 218637).
//
// Modelled: the line of the verdict stands where KB 218637 has its own, before
// the category.
func WriteTrace(w io.Writer, t Trace) error {
	var b strings.Builder
	b.WriteString("start transaction -------------------\n")
	fmt.Fprintf(&b, "  CPL Evaluation Trace: transaction ID=%d", t.ID)
	if t.is7() {
		fmt.Fprintf(&b, " type=%s", t.Transaction.Type)
	}
	b.WriteByte('\n')
	t.rules(&b)
	t.request(&b)
	t.outcome(&b)
	t.classes(&b)
	b.WriteString("stop transaction --------------------\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// is7 says whether the policy is one of the 7.x train. Modelled: Q14.
func (t *Trace) is7() bool {
	p := t.Decision.props.policy
	return p != nil && cpl.Since{{7, 0, 0, 0}}.Has(p.Release())
}

// rules writes the layers that have something to show.
func (t *Trace) rules(b *strings.Builder) {
	layer, section := 0, ""
	for _, s := range t.Decision.Steps {
		if !t.shows(s.Mark) {
			continue
		}
		if s.LayerNumber != layer {
			layer, section = s.LayerNumber, ""
			b.WriteString(headerColumn + s.Layer + "\n")
		}
		if s.Section != section {
			section = s.Section
			b.WriteString(headerColumn + "  " + section + "\n")
		}
		fmt.Fprintf(b, "%*s%s%s\n", tagWidth, s.Mark, ruleColumn, s.Rule)
	}
}

func (t *Trace) shows(m Mark) bool {
	return t.Rules == "all" || t.Rules == "yes" && (m == Match || m == Late)
}

// request writes what was asked for.
func (t *Trace) request(b *strings.Builder) {
	tx := t.Transaction
	fmt.Fprintf(b, "  connection: service.name=%s client.address=%s proxy.port=%d\n", tx.Service, tx.Client.Addr().Unmap(), tx.Proxy.Port())
	fmt.Fprintf(b, "  time: %s UTC\n", tx.Time.UTC().Format("2006-01-02 15:04:05"))
	method := tx.Method
	if method == "" {
		method = "unknown"
	}
	fmt.Fprintf(b, "  %s %s\n", method, tx.URL)
	if agent := tx.RequestHeader.Get("User-Agent"); agent != "" {
		fmt.Fprintf(b, "User-Agent: %s\n", agent)
	}
	if tx.User != "" {
		fmt.Fprintf(b, "  user: name=%q realm=%s\n", tx.User, tx.Realm)
	}
	if t.is7() {
		status := "not_attempted"
		if tx.User != "" {
			status = "success"
		}
		fmt.Fprintf(b, "  authentication status='%s' authorization status='%s'\n", status, status)
	}
}

// outcome writes why the request was not served.
func (t *Trace) outcome(b *strings.Builder) {
	switch d := t.Decision; {
	case d.Verdict.Kind == Allow:
	case d.Verdict.Forced:
		b.WriteString("  Verdict: DENIED (Either 'force_deny' or 'force_exception' was matched in policy)\n")
	case !d.Final && !d.AccessServer():
		b.WriteString("  DENIED: Request could not be handled\n") // KB 218637
	case d.Verdict.ID == "connect_method_denied":
		fmt.Fprintf(b, "  EXCEPTION(connect_method_denied): %s\n", d.Verdict.Details)
	default:
		fmt.Fprintf(b, "  EXCEPTION(%s): Either 'deny' or 'exception' was matched in policy\n", d.Verdict.ID)
	}
}

// classes writes the categories and what else belongs to the end of a trace. A
// DSCP of 65 stands for "as received".
func (t *Trace) classes(b *strings.Builder) {
	categories := "none"
	if p := t.Decision.props.policy; p != nil {
		if names := p.Categories(t.Transaction); len(names) > 0 {
			categories = strings.Join(names, ";")
		}
	}
	fmt.Fprintf(b, "    url.category: %s\n", categories)
	if t.is7() {
		b.WriteString("      total categorization time: 0\n      static categorization time: 0\n")
		fmt.Fprintf(b, "  server.response.code: %d\n  client.response.code: %d\n", t.Transaction.Status, t.ClientStatus)
		b.WriteString("  application.name: none\n  application.operation: none\n  application.group: none\n")
	} else {
		b.WriteString("  application.name:\n  application.operation:\n")
	}
	b.WriteString("  DSCP client outbound: 65\n  DSCP server outbound: 65\n")
}
