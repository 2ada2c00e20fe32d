package dead

import (
	"fmt"
	"strings"

	"rehearse/reports/diag"
)

// ID is the stable ID of a finding's kind, for `rehearse explain`.
func (k Kind) ID() string { return "dead-" + string(k) }

// Explanation tells what a kind of finding means and what to do about it.
type Explanation struct {
	ID, Title, Text, Remedy string
}

// Explanations has one row for every kind.
func Explanations() []Explanation {
	return []Explanation{
		{Hidden.ID(), "a rule is hidden by others", "The first rule of a layer that matches ends the layer. Wherever this rule would match, a rule that is tried before it matches too: proven from the conditions, for every transaction there could be.",
			"Delete the rule, move it above the one that hides it, or narrow that one."},
		{Contradiction.ID(), "a rule's conditions exclude each other", "All conditions of a rule, and those of its layer's and section's headers, have to hold at once; these cannot.",
			"Alternatives stand in a list, a=(x, y), or on lines of a define condition."},
		{Never.ID(), "a rule has a condition that never holds", "The condition holds for no transaction that this type of layer is evaluated for: an empty definition, a value there is none of, a condition that does not apply there.",
			"Delete the rule, or fill the definition."},
		{Release.ID(), "a rule is for another release", "Its release.version condition does not hold at the release that was asked for.", "Give the release that is meant with --release."},
		{Service.ID(), "a rule is for a service that is not there", "It asks for a service.name that none of the services given has.", "Check the name against the appliance's services."},
		{Unreached.ID(), "no flow reaches a rule", "No flow that a client could make through the interceptor meets the rule, though its conditions do not exclude each other: the pairs of protocol, tunnel and transaction that it asks for do not occur, or rules above it take all that do. It is so for the interceptor as this program models it, when all flows could be gone through.",
			"See which rules match instead with rehearse policy trace."},
		{Overridden.ID(), "what a rule sets never lasts", "The rule matches, but wherever it does a later layer sets the same again. Removing it changes nothing but which rules of its own layer match.",
			"Delete the rule, or exempt what it is about in the later layer."},
	}
}

// Diagnostic is a finding as text with its source.
func (f Finding) Diagnostic() diag.Diagnostic {
	severity := diag.Warning
	if f.Kind == Unreached || f.Kind == Overridden {
		severity = diag.Note
	}
	d := diag.Diagnostic{ID: f.Kind.ID(), Severity: severity, Span: f.Rule.Span, Message: f.message()}
	what := map[Kind]string{Hidden: "this rule holds wherever that one does", Overridden: "this rule sets it again"}[f.Kind]
	if f.Kind == Hidden && len(f.By) > 1 {
		what = "this rule and the others hold wherever that one does"
	}
	for _, by := range f.By {
		d.Notes = append(d.Notes, diag.Remark{Span: by.Span, Message: what})
	}
	return d
}

func (f Finding) message() string {
	because := strings.Join(f.Because, " and ")
	where := ""
	if f.Guard {
		where = ", and the header above it asks for that"
	}
	switch f.Kind {
	case Hidden:
		return "no transaction reaches this rule: it is hidden by " + places(f.By)
	case Contradiction:
		return fmt.Sprintf("no transaction reaches this rule: %s exclude each other%s", because, where)
	case Release:
		return fmt.Sprintf("no transaction reaches this rule at this release: %s does not hold%s", because, where)
	case Never:
		if because == "" {
			return fmt.Sprintf("no transaction reaches this rule: nothing is evaluated in %s", f.Layer)
		}
		return fmt.Sprintf("no transaction reaches this rule: %s never holds in %s%s", because, f.Layer, where)
	case Service:
		return "no transaction reaches this rule: none of the services has the name that it asks for"
	case Unreached:
		return "no flow of a client reaches this rule"
	}
	return "what this rule sets never lasts: a later layer always sets it again"
}

// places names rules: "p.cpl:3", "p.cpl:3 and p.cpl:5 together".
func places(list []Ref) string {
	text := ""
	for i, r := range list {
		switch {
		case i == 0:
		case i == len(list)-1:
			text += " and "
		default:
			text += ", "
		}
		text += place(r.Span)
	}
	if len(list) > 1 {
		text += " together"
	}
	return text
}

// Diagnostics are the findings as text, in the order of the source. What only a
// sample shows is not among them.
func (r *Report) Diagnostics() diag.List {
	var list diag.List
	add := func(findings []Finding) {
		for _, f := range findings {
			list = append(list, f.Diagnostic())
		}
	}
	if add(r.Dead); r.Extent.Complete {
		add(r.Unreached)
	}
	add(r.Overridden)
	list.Sort()
	return list
}
