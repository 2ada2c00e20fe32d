package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/dead"
	"rehearse/proxy/policy/txn"
	"rehearse/proxy/revocation"
	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// page explains one word.
type page struct {
	id     string
	kind   string // "outcome code", "policy diagnostic", ...
	text   string // sentences
	facts  []fact
	mends  []string
	source string
}

// fact is one line of what is known: "since: 6.5.10.1".
type fact struct{ name, says string }

// pages are all pages, from the tables that each part of the program keeps.
func pages() []page {
	return slices.Concat(
		codePages(), outcomePages(), exceptionPages(), diagnosticPages(), featurePages(), profilePages(), protocolPages(),
		faultPages(), eventPages(), vocabularyPages(), markPages(), causePages(),
	)
}

// codePages explain outcome codes: what is known of the mend first, then those
// whose words say all.
func codePages() []page {
	var all []page
	for _, r := range run.Remedies() {
		p := page{id: r.Code, kind: "outcome code", text: r.Means + ".", mends: r.Mends, source: r.See}
		if r.Stage != "" {
			p.kind += " at stage " + string(r.Stage)
		}
		if strings.HasSuffix(r.Code, "_") {
			p.kind = "family of outcome codes"
		}
		all = append(all, p)
	}
	add := func(p page) {
		if !slices.ContainsFunc(all, func(o page) bool { return o.id == p.id }) {
			all = append(all, p)
		}
	}
	for _, c := range revocation.Codes {
		add(page{id: c.Symbol, kind: "outcome code", text: c.Doc + ".", source: fmt.Sprintf("[wincrypt] 0x%08X", c.Value)})
	}
	for _, c := range client.Codes {
		add(page{id: c.Code, kind: "outcome code", text: c.Words + "."})
	}
	for _, f := range client.Families {
		add(page{id: f.Prefix, kind: "family of outcome codes", text: strings.TrimSpace(f.Words) + "."})
	}
	return all
}

// member is the page of a code that is known by its family only: http_404 of
// http_.
func member(id string) (page, bool) {
	if !scenario.KnownCode(id) {
		return page{}, false
	}
	for _, f := range client.Families {
		rest, ok := strings.CutPrefix(id, f.Prefix)
		if !ok {
			continue
		}
		p := page{id: id, kind: "outcome code", text: f.Words + rest + named(f.Prefix, rest) + "."}
		if r, ok := run.RemedyFor(f.Prefix, ""); ok {
			p.mends, p.source = r.Mends, r.See
		}
		return p, true
	}
	return page{}, false
}

// named is the phrase of a status, " (Not Found)", where there is one.
func named(family, status string) string {
	if n, err := strconv.Atoi(status); err == nil && family == "http_" && http.StatusText(n) != "" {
		return " (" + http.StatusText(n) + ")"
	}
	return ""
}

// outcomePages explain the other words of an outcome.
func outcomePages() []page {
	var all []page
	for i, s := range journal.Stages {
		text := stageDoc(s) + "."
		if i > 0 {
			text += fmt.Sprintf(" It comes after %s.", journal.Stages[i-1])
		}
		all = append(all, page{id: string(s), kind: "stage of a client's step", text: text})
	}
	for _, r := range journal.Results {
		all = append(all, page{id: string(r), kind: "result of a client's step", text: resultDoc(r) + "."})
	}
	return all
}

func exceptionPages() []page {
	var all []page
	for _, e := range proxy.Exceptions() {
		p := page{id: e.ID, kind: "exception of the appliance", facts: []fact{{"HTTP status", strconv.Itoa(e.Status)}, {"heading", e.Summary}}}
		for v := range cpl.Vocabulary() {
			if v.Kind == cpl.KindException && v.Name == e.ID {
				p.text = v.Doc + "."
			}
		}
		all = append(all, p)
	}
	return all
}

func diagnosticPages() []page {
	var all []page
	add := func(kind, id, title, text, remedy string) {
		p := page{id: id, kind: kind + " diagnostic", text: strings.TrimSpace(sentence(title) + ". " + text)}
		if remedy != "" {
			p.mends = []string{strings.TrimSuffix(remedy, ".")}
		}
		all = append(all, p)
	}
	for _, e := range cpl.Explanations() {
		add("policy", e.ID, e.Title, e.Text, e.Remedy)
	}
	for _, e := range scenario.Explanations() {
		add("scenario", e.ID, e.Title, e.Text, e.Remedy)
	}
	for _, e := range txn.Explanations() {
		add("transaction", e.ID, e.Title, e.Text, e.Remedy)
	}
	for _, e := range dead.Explanations() {
		add("policy", e.ID, e.Title, e.Text, e.Remedy)
	}
	for _, e := range reports.Explanations() {
		add("report", e.ID, e.Title, e.Text, e.Remedy)
	}
	return all
}

func featurePages() []page {
	var all []page
	for _, f := range proxy.Features() {
		all = append(all, page{id: f.Name, kind: "feature of releases", text: f.Doc + ".", facts: []fact{{"since", releases(f.Since)}}})
	}
	return all
}

// releases are the first ones of each train that have something.
func releases(since cpl.Since) string {
	if len(since) == 0 {
		return since.String()
	}
	var all []string
	for _, r := range since {
		all = append(all, r.String())
	}
	return strings.Join(all, ", ")
}

func profilePages() []page {
	var all []page
	for _, p := range client.Profiles {
		one := page{id: p.Name, kind: "client profile", text: p.Doc + "."}
		for _, c := range slices.Concat(p.Claims, claims(p.Revocation)) {
			one.facts = append(one.facts, fact{c.Field, c.Says + " (" + c.Source + ")"})
		}
		all = append(all, one)
	}
	return all
}

// claims are those about revocation, as a profile's.
func claims(b revocation.Behaviour) []client.Claim {
	var all []client.Claim
	for _, c := range b.Claims {
		all = append(all, client.Claim(c))
	}
	return all
}

func protocolPages() []page {
	var all []page
	for _, p := range protocols() {
		all = append(all, page{id: p.name, kind: "protocol that is detected", text: p.doc + ".", facts: []fact{{"looked for", p.where}}})
	}
	return all
}

// fault is what several targets have under one word.
type fault struct {
	word            string
	targets, params []string
	doc             string
}

// faults puts the targets of a fault that is the same for all of them together.
func faults() []fault {
	var all []fault
	for _, k := range scenario.FaultKinds() {
		i := slices.IndexFunc(all, func(f fault) bool {
			return f.word == k.Word && f.doc == k.Doc && slices.Equal(f.params, k.Params)
		})
		if i < 0 {
			i = len(all)
			all = append(all, fault{word: k.Word, params: k.Params, doc: k.Doc})
		}
		all[i].targets = append(all[i].targets, k.Target)
	}
	return all
}

func faultPages() []page {
	var all []page
	for _, f := range faults() {
		form := fmt.Sprintf("faults: {%s: %s}", f.targets[0], f.word)
		if len(f.params) > 0 {
			form = fmt.Sprintf("faults: {%s: {%s: ...}}, with %s", f.targets[0], f.word, strings.Join(f.params, ", "))
		}
		all = append(all, page{
			id: f.word, kind: "fault", text: f.doc + ".",
			facts: []fact{{"targets", strings.Join(f.targets, ", ")}, {"written", form}},
		})
	}
	return all
}

func eventPages() []page {
	var all []page
	for _, kind := range scenario.EventKinds() {
		all = append(all, page{
			id: kind, kind: "event", text: eventDoc(kind) + ".",
			facts: []fact{{"expected as", "events: {kind: " + kind + ", contains: TEXT}"}},
		})
	}
	return all
}

func vocabularyPages() []page {
	var all []page
	for e := range cpl.Vocabulary() {
		if e.Kind == cpl.KindException && slices.ContainsFunc(proxy.Exceptions(), func(b proxy.BuiltIn) bool { return b.ID == e.Name }) {
			continue // has its page among the exceptions
		}
		p := page{id: e.Name, kind: "CPL " + string(e.Kind), text: e.Doc + ".", source: markDoc(e.Mark)}
		if e.Kind == cpl.KindCondition || e.Kind == cpl.KindProperty {
			p.facts = vocabularyFacts(e)
		}
		if e.Instead != "" {
			p.mends = []string{"write " + e.Instead}
		}
		all = append(all, p)
	}
	return all
}

func vocabularyFacts(e cpl.Entry) []fact {
	facts := []fact{{"written", written(e)}}
	if v := values(e); v != "" {
		facts = append(facts, fact{"takes", v})
	}
	if layers := e.LayerTypes(); len(layers) > 0 {
		facts = append(facts, fact{"layers", strings.Join(layers, ", ")})
	}
	point := "known from"
	if e.Kind == cpl.KindProperty {
		point = "counts until"
	}
	facts = append(facts, fact{point, e.At.String()}, fact{"since", releases(e.Since)})
	if !e.Modelled {
		facts = append(facts, fact{"modelled", "no: it is parsed and checked, and decides nothing here"})
	}
	return facts
}

// written is the form of a condition or property.
func written(e cpl.Entry) string {
	name := e.Name
	switch {
	case e.Free != "" && e.FreeOptional:
		name += "[." + e.Free + "]"
	case e.Free != "":
		name += "." + e.Free
	}
	if e.Kind == cpl.KindProperty {
		return name + "(...)"
	}
	return name + "="
}

// values are the words that a condition or property takes, or of which kind they
// are.
func values(e cpl.Entry) string {
	if len(e.Values) == 0 {
		return string(e.Value)
	}
	var words []string
	for _, w := range e.Values {
		word := w.Text
		if len(w.Since) > 0 {
			word += " (from " + w.Since.String() + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func markPages() []page {
	var all []page
	for _, m := range marks() {
		all = append(all, page{id: string(m.mark), kind: "mark of a word of CPL", text: m.doc + "."})
	}
	return all
}
