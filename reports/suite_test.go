package reports_test

import (
	"bytes"
	"errors"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/reports/journal"
	"rehearse/simulator/world/worldtest"
)

func TestReports(t *testing.T) { worldtest.Suite(t, "reports") }

// outcome makes an outcome of a step that took ms milliseconds.
func outcome(stage journal.Stage, result journal.Result, code, text string, ms int64) journal.Outcome {
	return journal.Outcome{Stage: stage, Result: result, Code: code, Text: text, VirtualMS: ms}
}

func ok(text string, ms int64) journal.Outcome {
	return outcome(journal.StageDone, journal.OK, "", text, ms)
}

// sample is a report with one of everything: variants that came out alike and
// not, what failed for one reason and for several, a problem, text that no XML
// takes, a file without a folder.
func sample() *reports.Report {
	r := &reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "rehearse", Version: "v1.2.3"},
		Scenarios: []reports.Scenario{
			symptom("explicit"), symptom("transparent"),
			slow("down", 140), slow("silent", 90_000),
			whole("explicit"), whole("transparent"),
			unplayable(), unsupported(),
		},
		PolicyCoverage: []reports.Coverage{{File: "policy/a.cpl", Source: "; example\n\n<Proxy>\n  url.domain=<a&b> DENY\n", Rules: []reports.Rule{{Line: 4, Text: "url.domain=<a&b> DENY", Matches: 2}}}},
	}
	for i := range r.Scenarios {
		r.Scenarios[i].Index = i
	}
	r.Selected, r.Totals = len(r.Scenarios), reports.Count(r.Scenarios)
	return r
}

const noPointers = "Cannot sign in: a certificate says nowhere where its revocation status could be asked (sip.test: no information)"

func aborted() journal.Outcome {
	return outcome(journal.StageRevocation, journal.Aborted, "CRYPT_E_NO_REVOCATION_CHECK", noPointers, 66)
}

func symptom(deployment string) reports.Scenario {
	return reports.Scenario{
		File: "1-symptom/old.yaml", Name: "an old release breaks sign-in", Labels: []string{"founding-case", "sign-in"},
		Variant: reports.Variant{{Name: "deployment", Value: deployment}}, Verdict: reports.Passed,
		Steps: []reports.Step{
			{Line: 9, Actor: "bob", Action: "browse https://www.example.com/", Outcome: ok("Page shown", 12), Verdict: reports.Passed},
			{
				Line: 11, Actor: "alice", Action: "sign in", Outcome: aborted(), Verdict: reports.Passed,
				Expected: map[string][]string{"stage": {"revocation"}, "code": {"CRYPT_E_NO_REVOCATION_CHECK"}},
			},
		},
		Evidence: []reports.Evidence{{Step: 1, AtMS: 1066, Flow: "10.1.0.11:49152", Actor: "alice", Kind: "AlertSent", Text: "sent alert 46 (certificate_unknown)"}},
	}
}

func slow(faults string, ms int64) reports.Scenario {
	text := "Cannot sign in: the revocation status could not be had from where the certificate points"
	return reports.Scenario{
		File: "2-half-mends/endpoint.yaml", Name: "pointers that lead nowhere", Labels: []string{},
		Variant: reports.Variant{{Name: "faults", Value: faults}}, Verdict: reports.Passed,
		Steps: []reports.Step{
			{Line: 3, Actor: "faults", Action: "ocsp " + faults, Outcome: ok("ocsp "+faults, 0), Verdict: reports.Passed},
			{Line: 5, Actor: "alice", Action: "sign in", Outcome: outcome(journal.StageRevocation, journal.Aborted, "CRYPT_E_REVOCATION_OFFLINE", text, ms), Verdict: reports.Passed},
			{Line: 7, Actor: "wait", Action: "wait 2h0m0s", Outcome: ok("waited", 7_200_000), Verdict: reports.Passed},
			{Line: 8, Actor: "appliance", Action: "policy a.cpl", Outcome: outcome(journal.StageDone, journal.Refused, "cpl-unknown-name", `a.cpl:4:5: unknown condition "x"`, 0), Verdict: reports.Passed},
		},
		Evidence: []reports.Evidence{},
	}
}

// whole fails in three steps, the last one as the first.
func whole(deployment string) reports.Scenario {
	hints := []string{"nothing to ask, so the client hangs up", "give emulated certificates pointers"}
	s := reports.Scenario{
		File: "3-mend/whole story.yaml", Name: "step by step", Labels: []string{"mend"},
		Variant: reports.Variant{{Name: "deployment", Value: deployment}, {Name: "faults", Value: "not yet valid"}}, Verdict: reports.Failed,
		Capture: "captures/whole-story",
		Steps: []reports.Step{
			{Line: 4, Actor: "alice", Action: "sign in", Outcome: aborted(), Verdict: reports.Failed, Misses: []reports.Miss{
				miss("    expect: {stage: register, code: http_400}", 5, 21, 29, "stage", "revocation", []string{"register"}, hints),
				miss("    expect: {stage: register, code: http_400}", 5, 37, 45, "code", "CRYPT_E_NO_REVOCATION_CHECK", []string{"http_400", "http_403"}, hints),
			}},
			{Line: 6, Actor: "bob", Action: "browse https://www.example.com/", Outcome: ok("Page shown", 10), Verdict: reports.Failed, Misses: []reports.Miss{
				miss("    expect: {no_event: AlertSent}", 7, 14, 33, "no_event", "sent alert 46 (certificate_unknown)", []string{"AlertSent"}, nil),
			}},
			{Line: 8, Actor: "alice", Action: "sign in", Outcome: aborted(), Verdict: reports.Failed, Misses: []reports.Miss{
				miss("    expect: {result: ok}", 9, 22, 24, "result", "aborted", []string{"ok"}, hints),
			}},
		},
	}
	s.Setup = reports.Setup{Deployment: deployment, Release: "6.5.9.1", Policy: []string{"policy/a.cpl"}}
	s.Hosts = []reports.Host{
		{Name: "alice", Role: reports.RoleClient, Profile: "skype-strict"}, {Name: "bob", Role: reports.RoleClient, Profile: "browser"},
		{Name: "appliance", Role: reports.RoleAppliance}, {Name: "sip.test", Role: reports.RoleOrigin},
	}
	for i := range 30 {
		s.Evidence = append(s.Evidence, reports.Evidence{
			AtMS: int64(i), Flow: "10.1.0.11:49152", Actor: "alice", Kind: "SIPSent", Text: "sent SIP REGISTER", From: "alice", To: "appliance",
		})
	}
	s.Evidence[3] = reports.Evidence{AtMS: 3, Flow: "10.1.0.11:49152", Actor: "appliance", Kind: "Decided", Text: "http.proxy: deny policy_denied", Rule: "policy/a.cpl:4"}
	s.Evidence = append(s.Evidence, reports.Evidence{Step: 2, AtMS: 2100, Flow: "10.1.0.11:49153", Actor: "alice", Kind: "AlertSent", Text: "sent alert 46 (certificate_unknown)", From: "alice", To: "appliance", Refusal: true},
		reports.Evidence{AtMS: 66, Actor: "alice", Kind: "StepEnded", Text: "sign in: revocation aborted CRYPT_E_NO_REVOCATION_CHECK"},
		reports.Evidence{Step: 1, AtMS: 1071, Flow: "10.1.0.12:49152", Actor: "bob", Kind: "HTTPExchanged", Text: "GET https://www.example.com/: 200"})
	return s
}

func miss(line string, at, from, to int, field, got string, want, hints []string) reports.Miss {
	span := diag.Span{File: "3-mend/whole story.yaml", Start: diag.Pos{Line: at, Col: from}, End: diag.Pos{Line: at, Col: to}}
	text := append(bytes.Repeat([]byte("\n"), at-1), line...)
	return reports.Miss{
		Span: span, Excerpt: diag.Excerpt(span, func(string) []byte { return text }), Field: field, Got: got, Want: want, Hints: hints,
	}
}

func unplayable() reports.Scenario {
	return reports.Scenario{
		File: "own.yaml", Name: "bell \a and <tag> & \x1b[31m", Labels: []string{}, Variant: reports.Variant{}, Verdict: reports.Failed,
		Problem: "building the world: client dave: no profile \"skipe\"", Steps: []reports.Step{}, Evidence: []reports.Evidence{},
	}
}

func unsupported() reports.Scenario {
	return reports.Scenario{
		File: "own/foreign.yaml", Name: "asked of another proxy", Labels: []string{}, Variant: reports.Variant{}, Verdict: reports.Unsupported,
		Steps: []reports.Step{{Line: 2, Actor: "appliance", Action: "upgrade 6.5.10.1", Verdict: reports.Unsupported}}, Evidence: []reports.Evidence{},
	}
}

// full is a writer with no room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// rendered is what a format makes of a report.
func rendered(f reports.Format, r *reports.Report) []byte {
	GinkgoHelper()
	var b bytes.Buffer
	Expect(f.Write(&b, r)).To(Succeed())
	return b.Bytes()
}
