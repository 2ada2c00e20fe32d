package run

import (
	"fmt"

	"rehearse/proxy"
	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
)

// Check finds what can be known to be wrong with a scenario before it is run:
// policies that do not compile at the release they meet, and settings that the
// release does not have. A step that states what it expects of a change is left
// to the run: it may be about the refusal.
func Check(s *scenario.Scenario) diag.List {
	if s.Appliance.Deployment == scenario.None {
		return nil
	}
	state := s.Appliance
	list := checkState(state, state.Span)
	for _, step := range s.Steps {
		c, ok := step.Action.(scenario.Change)
		if !ok {
			continue
		}
		next := state
		apply(&next, c)
		if len(step.Expect) > 0 {
			if !checkState(next, step.Span).HasErrors() {
				state = next
			}
			continue
		}
		state = next
		list = append(list, met(checkState(state, step.Span), step, state)...)
	}
	return Distinct(list)
}

// met tells of what is wrong with a policy which step brings it about.
func met(list diag.List, step scenario.Step, state scenario.Appliance) diag.List {
	for i, d := range list {
		if d.Span.File != step.Span.File {
			list[i].Notes = append(d.Notes, diag.Remark{Span: step.Span, Message: fmt.Sprintf("the policy is met here, at release %s", state.Release)})
		}
	}
	return list
}

// apply brings a state to what a change makes of it.
func apply(state *scenario.Appliance, c scenario.Change) {
	if c.Upgrade != nil {
		state.Release = *c.Upgrade
	}
	if c.Pointers != nil {
		state.Pointers = *c.Pointers
	}
	if c.NoPolicy {
		state.Policy = nil
	}
	if len(c.Policy) > 0 {
		state.Policy = c.Policy
	}
	if len(c.Services) > 0 {
		state.Services = c.Services
	}
}

func checkState(state scenario.Appliance, at diag.Span) diag.List {
	_, list := compile(state, state.Policy)
	if (state.Pointers.CRL || state.Pointers.OCSP) && !proxy.FeaturePointers.In(state.Release) {
		if state.Pointers.Span.Start.Line > 0 {
			at = state.Pointers.Span
		}
		list = append(list, diag.Diagnostic{
			ID: pointersRelease, Severity: diag.Error, Span: at,
			Message: fmt.Sprintf("revocation pointers on release %s", state.Release),
			Notes:   []diag.Remark{{Message: fmt.Sprintf("emulated certificates can carry CRL and OCSP pointers from %s on", proxy.FeaturePointers.Since)}},
			Hints:   []string{"revocation_pointers: none", fmt.Sprintf("release: %s", proxy.FeaturePointers.Since)},
		})
	}
	return list
}

// pointersRelease is the code of pointers that a release does not have.
const pointersRelease = "revocation-pointers-release"

// Distinct drops repetitions: the same policy is met at several steps and variants.
func Distinct(list diag.List) diag.List {
	type key struct {
		span diag.Span
		id   string
		text string
	}
	seen := map[key]bool{}
	var out diag.List
	for _, d := range list {
		k := key{d.Span, d.ID, d.Message}
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}
