package reports_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/world/worldtest"
)

// told is what the console says of a report.
func told(c reports.Console, r *reports.Report) string {
	GinkgoHelper()
	var b bytes.Buffer
	Expect(c.Write(&b, r)).To(Succeed())
	return b.String()
}

// of is a report of these scenarios.
func of(scenarios ...reports.Scenario) *reports.Report {
	return &reports.Report{Scenarios: scenarios, Totals: reports.Count(scenarios)}
}

// played is a passed scenario of one file with one step.
func played(o journal.Outcome, v ...reports.Setting) reports.Scenario {
	return reports.Scenario{
		File: "a/b.yaml", Name: "b", Variant: v, Verdict: reports.Passed,
		Steps: []reports.Step{{Line: 3, Actor: "alice", Action: "sign in", Outcome: o, Verdict: reports.Passed}},
	}
}

// failed is a scenario whose one step failed with this evidence.
func failed(evidence []reports.Evidence, v ...reports.Setting) reports.Scenario {
	s := played(aborted(), v...)
	s.Verdict, s.Evidence = reports.Failed, evidence
	s.Steps[0].Verdict = reports.Failed
	s.Steps[0].Misses = []reports.Miss{{Field: "result", Got: "aborted", Want: []string{"ok"}}}
	return s
}

var _ = Describe("the console", func() {
	DescribeTable("is as ever", func(name string, c reports.Console) {
		worldtest.Golden(GinkgoTB(), "testdata/console."+name+".golden", []byte(told(c, sample())))
	},
		Entry("plain", "plain", reports.Console{}),
		Entry("verbose", "verbose", reports.Console{Verbose: true, Again: []string{"--policy", "my policy.cpl"}}),
		Entry("in colour", "colour", reports.Console{Colour: true}),
	)

	It("says the same in colour and without", func() {
		escapes := regexp.MustCompile("\x1b\\[[0-9]*m")
		r := sample()
		Expect(escapes.ReplaceAllString(told(reports.Console{Colour: true}, r), "")).To(Equal(told(reports.Console{}, r)))
	})

	It("lets no control character through to the terminal", func() {
		s := symptom("a\rb\x1b]0;x\a")
		s.Steps[1].Outcome.Text = "\x1b[2J\u009b"
		Expect(told(reports.Console{}, of(s))).To(And(ContainSubstring("=a\uFFFDb\uFFFD]0;x\uFFFD\n"), ContainSubstring("\uFFFD[2J\uFFFD")))
	})

	It("says when it could not write, and leaves the report as it was", func() {
		r := sample()
		Expect(reports.Console{}.Write(full{}, r)).To(MatchError(errFull))
		Expect(r).To(Equal(sample()))
	})

	It("has a last line of counts and virtual time", func() {
		lines := strings.Split(strings.TrimSpace(told(reports.Console{}, sample())), "\n")
		Expect(lines[len(lines)-1]).To(Equal("4 passed, 3 failed, 1 unsupported in 4h 1m of virtual time"))
	})

	It("names the failed files before the counts", func() {
		Expect(told(reports.Console{}, sample())).To(ContainSubstring(
			"failed: 3-mend/whole story.yaml: step by step (2 of 2 variants)\nfailed: own.yaml: bell"))
	})

	It("points to the explanation of the first code when nothing failed", func() {
		Expect(told(reports.Console{}, of(symptom("explicit")))).To(HaveSuffix(
			"what an outcome means, and what mends it: rehearse explain CRYPT_E_NO_REVOCATION_CHECK\n1 passed, 0 failed in 0.078s of virtual time\n"))
	})

	It("says nothing but the counts of an empty report", func() {
		Expect(told(reports.Console{}, of())).To(Equal("0 passed, 0 failed in 0s of virtual time\n"))
	})

	It("breaks no line of its own prose behind column 100", func() {
		s := failed(nil)
		s.Steps[0].Misses[0].Hints = []string{strings.Repeat("word ", 60), strings.Repeat("x", 150)}
		for _, line := range strings.Split(told(reports.Console{}, of(s)), "\n") {
			if !strings.Contains(line, "xxx") {
				Expect(len(line)).To(BeNumerically("<=", 100), line)
			}
		}
	})
})

var _ = Describe("variants at the console", func() {
	It("that are all combinations of some values are told in one line", func() {
		var all []reports.Scenario
		for _, d := range []string{"explicit", "transparent"} {
			for _, r := range []string{"6.5", "6.7"} {
				all = append(all, played(ok("", 1), setting("deployment", d), setting("release", r)))
			}
		}
		Expect(told(reports.Console{}, of(all...))).To(ContainSubstring("✓ b (b.yaml)\n  deployment=explicit|transparent, release=6.5|6.7\n    alice sign in: ok\n"))
		Expect(told(reports.Console{}, of(all[:3]...))).To(ContainSubstring(
			"  deployment=explicit, release=6.5\n  deployment=explicit, release=6.7\n  deployment=transparent, release=6.5\n    alice sign in: ok\n"))
	})

	It("that came out otherwise are told apart, each with its mark", func() {
		r := of(played(ok("", 1), setting("a", "1")), failed(nil, setting("a", "2")), played(ok("", 1), setting("a", "3")))
		Expect(told(reports.Console{}, r)).To(And(
			HavePrefix("a\n\n✗ b (b.yaml)\n  ✓ a=1|3\n    alice sign in: ok\n  ✗ a=2\n    ✗ alice sign in: revocation aborted"),
			ContainSubstring("failed: a/b.yaml: b (1 of 3 variants)\n"),
		))
	})

	It("give a text as far as they agree on it", func() {
		reads := func(text, value string) reports.Scenario {
			return played(outcome(journal.StageTLS, journal.Refused, "reset", text, 1), setting("a", value))
		}
		Expect(told(reports.Console{}, of(reads("Cannot sign in: (one)", "1"), reads("Cannot sign in: (two)", "2")))).To(ContainSubstring("\"Cannot sign in: ...\"\n"))
		Expect(told(reports.Console{}, of(reads("No", "1"), reads("Never", "2")))).To(ContainSubstring("\"...\"\n"))
		Expect(told(reports.Console{}, of(reads("No", "1"), reads("No", "2")))).To(ContainSubstring("\"No\"\n"))
	})

	It("stand alone for the verbose", func() {
		r := of(played(ok("Signed in", 1), setting("a", "1")), played(ok("Signed in", 1), setting("a", "2")))
		Expect(told(reports.Console{Verbose: true}, r)).To(ContainSubstring(
			"  ✓ a=1\n       3 alice sign in: ok after 0.001s\n           \"Signed in\"\n  ✓ a=2\n"))
	})

	DescribeTable("tell how long a step took when it took long", func(a, b int64, line string) {
		r := of(played(ok("", a), setting("a", "1")), played(ok("", b), setting("a", "2")))
		Expect(told(reports.Console{}, r)).To(ContainSubstring("    alice sign in: ok" + line + "\n"))
	},
		Entry("short", int64(12), int64(9_999), ""),
		Entry("the same", int64(30_000), int64(30_400), " after 30s"),
		Entry("various", int64(120), int64(90_000), " after 0.12s to 1m 30s"),
		Entry("hours", int64(7_260_000), int64(7_260_000), " after 2h 1m"),
		Entry("days", int64(90_000_000), int64(172_800_000), " after 1d 1h to 2d"),
	)
})

var _ = Describe("a failed step at the console", func() {
	events := func(n int, kind, text string) (list []reports.Evidence) {
		for i := range n {
			list = append(list, reports.Evidence{AtMS: int64(i), Flow: "10.1.0.11:49152", Actor: "alice", Kind: kind, Text: fmt.Sprintf("%s %d", text, i)})
		}
		return list
	}

	It("has all of its evidence where that is little", func() {
		out := told(reports.Console{}, of(failed(events(24, "SIPSent", "sent"))))
		Expect(out).To(ContainSubstring("      what happened:\n          0.000s  10.1.0.11:49152  alice  sent 0\n"))
		Expect(strings.Count(out, "  alice  sent ")).To(Equal(24))
	})

	It("has the last events and what decided where it is much, and says so", func() {
		all := events(100, "SIPSent", "sent")
		all[2] = reports.Evidence{AtMS: 2, Flow: "10.1.0.11:49152", Actor: "appliance", Kind: "Decided", Text: "http.proxy: deny", Rule: "a.cpl:7"}
		all[3] = reports.Evidence{AtMS: 3, Flow: "10.1.0.11:49999", Actor: "appliance", Kind: "RuleMatched", Text: "rule a.cpl:9 DENY", Rule: "a.cpl:9"}
		out := told(reports.Console{}, of(failed(all)))
		Expect(out).To(ContainSubstring("what happened (24 of 100 events, -v shows all):\n"))
		Expect(out).To(And(ContainSubstring("http.proxy: deny (a.cpl:7)\n"), ContainSubstring("rule a.cpl:9 DENY\n"), ContainSubstring("sent 99\n")))
		Expect(strings.Count(out, "10.1.0.11:49")).To(Equal(24))
		Expect(strings.Count(told(reports.Console{Verbose: true}, of(failed(all))), "10.1.0.11:49")).To(Equal(100))
	})

	It("prefers what decided on the flow on which it ended", func() {
		all := append(events(30, "Decided", "ending"), events(60, "Decided", "other")...)
		for i := range all[30:] {
			all[30+i].Flow = "10.1.0.11:50000"
		}
		all = append(all, reports.Evidence{Flow: "10.1.0.11:49152", Actor: "alice", Kind: "AlertSent", Text: "sent alert"}, reports.Evidence{Actor: "alice", Kind: "StepEnded", Text: "sign in"})
		out := told(reports.Console{}, of(failed(all)))
		Expect(strings.Count(out, "  ending ")).To(Equal(10))
		Expect(strings.Count(out, "  other ")).To(Equal(12))
	})

	It("shows a line once, with a caret under each value", func() {
		out := told(reports.Console{}, of(whole("explicit")))
		Expect(out).To(ContainSubstring("" +
			"              expect: {stage: register, code: http_400}\n" +
			"                              ^~~~~~~~        ^~~~~~~~\n"))
	})

	DescribeTable("names one command to run it again", func(file, value, command string) {
		s := failed(nil, setting("a", value))
		s.File = file
		Expect(told(reports.Console{Again: []string{"--release", "6.5.9"}}, of(s))).To(ContainSubstring("again: rehearse run -v --release 6.5.9 " + command + "\n"))
	},
		Entry("plain", "a/b.yaml", "1", "--filter a=1 a/b.yaml"),
		Entry("blanks", "a b.yaml", "not yet", `--filter 'a="not yet"' 'a b.yaml'`),
		Entry("no value", "a.yaml", "", `--filter 'a=""' a.yaml`),
		Entry("an operator", "a.yaml", "crl+ocsp>1", `--filter 'a="crl+ocsp>1"' a.yaml`),
		Entry("a quote", "it's.yaml", "1", `--filter a=1 'it'\''s.yaml'`),
	)

	DescribeTable("says what was wanted", func(m reports.Miss, words string) {
		Expect(m.String()).To(Equal(words))
	},
		Entry(nil, reports.Miss{Field: "code", Want: []string{"http_400", "http_403"}}, `code: got "", want "http_400" or "http_403"`),
		Entry(nil, reports.Miss{Field: "no_event", Got: "sent alert 40", Want: []string{"alert"}}, `no_event: got "sent alert 40", want nothing with "alert"`),
	)
})

// setting is one axis of a variant.
func setting(name, value string) reports.Setting { return reports.Setting{Name: name, Value: value} }
