package run_test

import (
	"context"
	"fmt"
	"slices"
	"testing/fstest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// office is the beginning of a scenario behind an appliance of 6.5.9.1 that
// decrypts everything as HTTPS.
const office = `name: an office
appliance:
  release: 6.5.9.1
  deployment: explicit
  services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]
  policy: {name: p.cpl, text: "<SSL-Intercept>\n ssl.forward_proxy(https)\n<Proxy>\n url.domain=never.test DENY\n"}
clients: {alice: {profile: skype-strict}, bob: {profile: browser}}
steps:
`

// load reads a scenario's text; it has to be right.
func load(text string) (*scenario.File, *scenario.Scenario) {
	f, list := scenario.Load(fstest.MapFS{"s.yaml": {Data: []byte(text)}}, "s.yaml", "")
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	return f, f.Variants[0]
}

// play runs scenarios in a bubble.
func play(opt run.Options, all ...*scenario.Scenario) *reports.Report {
	var rep *reports.Report
	worldtest.Bubble(GinkgoTB(), func() {
		var err error
		rep, err = run.Run(context.Background(), all, opt)
		Expect(err).NotTo(HaveOccurred())
	})
	return rep
}

// bubble is for Options.Bubble.
func bubble(work func()) { worldtest.Bubble(GinkgoTB(), work) }

// first plays one scenario and gives its first step.
func first(steps string) reports.Step {
	f, s := load(office + steps)
	rep := play(run.Options{Source: func(name string) []byte { return f.Texts[name] }}, s)
	Expect(rep.Scenarios[0].Problem).To(BeEmpty())
	return rep.Scenarios[0].Steps[0]
}

const signIn = "  - alice: sign in\n    expect: %s\n"

var _ = Describe("an expectation", func() {
	DescribeTable("holds",
		func(expect string) {
			Expect(first(fmt.Sprintf(signIn, expect)).Misses).To(BeEmpty())
		},
		Entry("stage", "{stage: revocation}"),
		Entry("result", "{result: aborted}"),
		Entry("code", "{code: CRYPT_E_NO_REVOCATION_CHECK}"),
		Entry("one of several values", "{result: [ok, aborted]}"),
		Entry("how it looked on the wire", "{wire: alert}"),
		Entry("time", "{within: 5s, at_least: 1ms}"),
		Entry("an event", "{events: [{kind: CertificateEmulated, actor: appliance, contains: without revocation pointers}]}"),
		Entry("no event", "{no_events: [{kind: SIPSent}]}"),
	)

	DescribeTable("that does not hold points at its own value",
		func(expect, field, got string) {
			step := first(fmt.Sprintf(signIn, expect))
			Expect(step.Verdict).To(Equal(reports.Failed))
			Expect(step.Misses).To(HaveLen(1))
			m := step.Misses[0]
			Expect(m.Field).To(Equal(field))
			Expect(m.Got).To(ContainSubstring(got))
			Expect(m.Span.Start.Line).To(Equal(10))
			Expect(m.Excerpt).To(MatchRegexp(`(?m)^ +\^~*$`))
		},
		Entry("stage", "{stage: done}", "stage", "revocation"),
		Entry("result", "{result: ok}", "result", "aborted"),
		Entry("code", "{code: CRYPT_E_REVOKED}", "code", "CRYPT_E_NO_REVOCATION_CHECK"),
		Entry("wire", "{wire: RST}", "wire", "alert"),
		Entry("too slow", "{within: 1ms}", "within", "ms"),
		Entry("too fast", "{at_least: 1h}", "at_least", "ms"),
		Entry("a missing event", "{events: [{kind: MediaFlowed}]}", "event", ""),
		Entry("an event that should not be", "{no_events: [{kind: CertificateEmulated}]}", "no_event", "emulated certificate"),
		Entry("bytes", "{bytes: 15 03 01}", "bytes", ""),
	)

	It("comes with what the code means and what mends it", func() {
		m := first(fmt.Sprintf(signIn, "{result: ok}")).Misses[0]
		Expect(m.Hints).To(ContainElement(ContainSubstring("revocation_pointers: [crl, ocsp]")))
	})
})

var _ = Describe("a run", func() {
	It("gives the evidence of both legs under the client's flow, with the rules that decided", func() {
		f, s := load(office + "  - bob: {browse: https://www.example.com/}\n")
		rep := play(run.Options{Source: func(name string) []byte { return f.Texts[name] }}, s)
		one := rep.Scenarios[0]
		Expect(one.Evidence).To(ContainElement(And(HaveField("Actor", "www.example.com"), HaveField("Flow", HavePrefix("10.1.0.12:")))))
		Expect(one.Evidence).To(ContainElement(And(HaveField("Kind", "RuleMatched"), HaveField("Rule", "p.cpl:2"))))
		Expect(rep.PolicyCoverage).To(HaveLen(1))
		Expect(rep.PolicyCoverage[0].Rules[0].Matches).To(BeNumerically(">", 0))
		Expect(rep.PolicyCoverage[0].Rules[1].Matches).To(BeZero())
	})

	It("keeps the order of the scenarios, however many workers there are", func() {
		var all []*scenario.Scenario
		for i := range 6 {
			_, s := load(office + "  - wait: 1h\n")
			s.Name = fmt.Sprint("scenario ", i)
			all = append(all, s)
		}
		rep := play(run.Options{Workers: 3}, all...)
		for i, s := range rep.Scenarios {
			Expect(s.Name).To(Equal(fmt.Sprint("scenario ", i)))
		}
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 6}))
	})

	DescribeTable("ends at the first failure in order with FailFast, whatever the number of workers", func(workers int) {
		_, good := load(office + "  - wait: 1s\n")
		_, slow := load(office + "  - wait: 1h\n  - alice: sign in\n    expect: {result: ok}\n")
		_, bad := load(office + fmt.Sprintf(signIn, "{result: ok}"))
		rep := play(run.Options{FailFast: true, Workers: workers}, good, slow, bad, good, bad, good)
		Expect(rep.Scenarios).To(HaveLen(2))
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 1, Failed: 1}))
	}, Entry(nil, 1), Entry(nil, 2), Entry(nil, 4))

	It("stops between scenarios when its context ends, and reports what was done", func() {
		_, s := load(office + "  - wait: 1s\n")
		ctx, cancel := context.WithCancel(context.Background())
		rep, err := run.Run(ctx, []*scenario.Scenario{s, s, s}, run.Options{Bubble: bubble, Progress: func(done int, _ *reports.Scenario) {
			if done == 2 {
				cancel()
			}
		}})
		Expect(err).To(MatchError(context.Canceled))
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 2}))
	})

	It("counts the matches of rules over all scenarios", func() {
		matches := func(n int) (all []int) {
			_, s := load(office + "  - bob: {browse: https://www.example.com/}\n")
			for _, r := range play(run.Options{}, slices.Repeat([]*scenario.Scenario{s}, n)...).PolicyCoverage[0].Rules {
				all = append(all, r.Matches)
			}
			return all
		}
		once := matches(1)
		Expect(once[0]).To(BeNumerically(">", 0))
		Expect(matches(3)).To(Equal([]int{3 * once[0], 0}))
	})

	It("says why a world could not be built", func() {
		_, s := load(office + "  - wait: 1s\n")
		s.Clients[0].Profile = "nobody"
		rep := play(run.Options{}, s)
		Expect(rep.Scenarios[0].Verdict).To(Equal(reports.Failed))
		Expect(rep.Scenarios[0].Problem).To(ContainSubstring(`no profile "nobody"`))
	})

	It("refuses what a release does not have, and goes on with what was there", func() {
		_, s := load(office + "  - appliance: {policy: {name: q.cpl, text: \"<SSL-Intercept>\\n ssl.forward_proxy(yes)\\n\"}}\n    expect: {result: refused}\n  - bob: {browse: https://www.example.com/}\n    expect: {result: ok}\n")
		Expect(run.Check(s).HasErrors()).To(BeFalse(), "the step says what it expects")
		rep := play(run.Options{}, s)
		Expect(rep.Totals).To(Equal(reports.Totals{Passed: 1}))
	})
})

var _ = Describe("checking before a run", func() {
	It("finds a policy that the release refuses, and pointers that it does not have", func() {
		f, _ := load(office + "  - appliance: {policy: {name: q.cpl, text: \"<SSL-Intercept>\\n ssl.forward_proxy(yes)\\n\"}, revocation_pointers: [crl]}\n")
		list := run.Check(f.Variants[0])
		Expect(list).To(ContainElement(HaveField("ID", "revocation-pointers-release")))
		Expect(list).To(ContainElement(And(HaveField("ID", "cpl-unknown-value"), HaveField("Span.File", ContainSubstring("q.cpl")))))
	})

	It("is quiet about overrides, which are for the run to tell", func() {
		_, s := load(office + "  - appliance: {upgrade: 6.5.10.1}\n  - bob: {browse: https://www.example.com/}\n    expect: {result: ok}\n")
		release := cpl.MustRelease("6.5.5.1")
		run.Override{Release: &release, Policy: &scenario.Policy{Name: "d.cpl", Source: []byte("<Proxy>\n DENY\n")}}.Apply(s)
		Expect(s.Appliance.Release).To(Equal(release))
		Expect(*s.Steps[0].Action.(scenario.Change).Upgrade).To(Equal(release))
		Expect(play(run.Options{}, s).Totals.Failed).To(Equal(1))
	})
})

// fading is a context that ends by itself after it was asked a few times.
type fading struct {
	context.Context
	left *int
}

func (f fading) Err() error {
	if *f.left--; *f.left < 0 {
		return context.Canceled
	}
	return nil
}

var _ = Describe("an interrupt", func() {
	It("ends a scenario between two steps, and the scenario is left out", func() {
		_, s := load(office + "  - wait: 1h\n  - wait: 1h\n  - wait: 1h\n")
		left := 2 // one scenario is begun, one step taken
		worldtest.Bubble(GinkgoTB(), func() {
			began := time.Now()
			rep, err := run.Run(fading{context.Background(), &left}, []*scenario.Scenario{s}, run.Options{})
			Expect(err).To(MatchError(context.Canceled))
			Expect(rep.Scenarios).To(BeEmpty())
			Expect(time.Since(began)).To(BeNumerically("~", time.Hour, time.Minute))
		})
	})
})
