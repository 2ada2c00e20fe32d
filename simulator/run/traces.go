package run

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"rehearse/proxy/policy"
	"rehearse/simulator/scenario"
)

// Traces gathers the policy traces that policies ask for (trace.request), a page
// for each trace.destination of each scenario. The zero Traces is empty; it is a
// Watcher.
type Traces struct {
	mu    sync.Mutex
	pages []*TracePage
}

// TracePage is one page: traces in the appliance's layout, in the order in which
// the transactions ended.
type TracePage struct {
	Scenario    *scenario.Scenario
	Destination string // as policy has it: "default.trace.html"
	Text        string
}

// Installed implements Watcher.
func (t *Traces) Installed(*scenario.Scenario, *Program) {}

// Finished implements Watcher.
func (t *Traces) Finished(s *scenario.Scenario, trace policy.Trace) {
	asked := trace.Decision.Tracing()
	if !asked.Request {
		return
	}
	var b strings.Builder
	_ = policy.WriteTrace(&b, trace) // a builder takes everything
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.pages, func(p *TracePage) bool { return p.Scenario == s && p.Destination == asked.Destination })
	if i < 0 {
		i = len(t.pages)
		t.pages = append(t.pages, &TracePage{Scenario: s, Destination: asked.Destination})
	}
	t.pages[i].Text += b.String()
}

// Pages are in the order of the scenarios' files, names and variants, then of the
// destinations.
func (t *Traces) Pages() []TracePage {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []TracePage
	for _, p := range t.pages {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b TracePage) int {
		return cmp.Or(cmp.Compare(a.Scenario.File, b.Scenario.File), cmp.Compare(a.Scenario.Name, b.Scenario.Name),
			cmp.Compare(settings(a.Scenario), settings(b.Scenario)), cmp.Compare(a.Destination, b.Destination))
	})
	return list
}

// settings are the axes of a variant in one text.
func settings(s *scenario.Scenario) string {
	var list []string
	for _, v := range variant(s) {
		list = append(list, v.Name+"="+v.Value)
	}
	return strings.Join(list, " ")
}
