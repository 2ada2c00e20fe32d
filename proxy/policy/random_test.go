package policy_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/policytest"
)

// pairs is how many policies and transactions are tried: 10,000, or as many as
// REHEARSE_RANDOM_PAIRS says.
func pairs() int {
	if n, err := strconv.Atoi(os.Getenv("REHEARSE_RANDOM_PAIRS")); err == nil {
		return n
	}
	return 10000
}

var _ = Describe("The engine and the reference evaluator", func() {
	It("agree on random policies and transactions", func() {
		const each = 10
		tried, matched, late, denied := 0, 0, 0, 0
		for seed := uint64(0); tried < pairs(); seed++ {
			r := policytest.New(seed)
			text := r.Policy()
			f, diags := cpl.Parse("p", []byte(text))
			Expect(diags.HasErrors()).To(BeFalse(), "%v\n%s", diags, text)
			opt := policy.Options{DefaultDeny: r.Chance(30)}
			p, _ := policy.Compile([]*cpl.File{f}, opt)
			if p == nil {
				continue
			}
			ref := newReference(f, opt)
			for range each {
				tx, at := r.Transaction()
				d, want := p.Explain(tx, at), ref.decide(tx, at)
				agree(p, d, want, tx, at, text)
				tried++
				matched += bool01(d.Verdict.At != "")
				late += bool01(!d.Final)
				denied += bool01(d.Verdict.Kind == policy.Exception)
			}
			Expect(seed).To(BeNumerically("<", uint64(pairs())), "too few random policies compile")
		}
		AddReportEntry("random", fmt.Sprintf("%d pairs: %d decided by a rule, %d not final, %d denied", tried, matched, late, denied))
		Expect(matched).To(BeNumerically(">", tried/10))
		Expect(late).To(BeNumerically(">", tried/50))
	})
})

func agree(p *policy.Policy, d policy.Decision, want refResult, tx *policy.Transaction, at policy.Checkpoint, text string) {
	why := func(what string) string {
		return fmt.Sprintf("%s at %s\n%+v\nwant %+v\n%s", what, at, *tx, want, text)
	}
	hot := p.Decide(tx, at)
	for _, got := range []policy.Decision{d, hot} {
		v := refVerdict{exception: got.Verdict.ID, at: got.Verdict.At, forced: got.Verdict.Forced}
		if v.exception == "connect_method_denied" {
			v.at = "connect"
		}
		ExpectWithOffset(1, v).To(Equal(want.verdict), func() string { return why("verdict") })
		ExpectWithOffset(1, got.Final).To(Equal(want.final), func() string { return why("final") })
		for _, name := range []string{"access_log", "trace.rules", "action.tag", "reference_id", "detect_protocol", "detect_protocol.ssl", "ssl.forward_proxy"} {
			args, _ := got.Property(name)
			ExpectWithOffset(1, args).To(Equal(want.settings[name]), func() string { return why(name) })
		}
	}
	var steps []string
	for _, s := range d.Steps {
		if s.Number >= 0 {
			mark := map[policy.Mark]string{policy.Match: "yes", policy.Late: "late", policy.NotApplicable: "n/a", policy.Miss: "miss"}[s.Mark]
			steps = append(steps, mark+" "+s.At)
		}
	}
	ExpectWithOffset(1, steps).To(Equal(wantSteps(want)), func() string { return why("steps") })
}

// wantSteps are the reference's marks in the words of a trace.
func wantSteps(want refResult) []string {
	var list []string
	for _, m := range want.marks {
		value, at, _ := strings.Cut(m, " ")
		if value == "no" || value == "unavailable" {
			value = "miss"
		}
		list = append(list, value+" "+at)
	}
	return list
}

func bool01(b bool) int {
	if b {
		return 1
	}
	return 0
}
