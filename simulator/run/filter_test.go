package run_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

func sample() *scenario.Scenario {
	return &scenario.Scenario{
		File: "mend/all.yaml", Name: "everything right", Labels: []string{"mend", "sign-in"},
		Variant:   []scenario.Axis{{Name: "policy", Value: "detect.cpl"}},
		Appliance: scenario.Appliance{Release: cpl.MustRelease("6.5.10.1"), Deployment: scenario.Explicit},
	}
}

var _ = Describe("a filter", func() {
	DescribeTable("takes or leaves a scenario",
		func(text string, takes bool) {
			f, err := run.ParseFilter(text)
			Expect(err).NotTo(HaveOccurred())
			Expect(f.Takes(sample())).To(Equal(takes))
		},
		Entry("empty takes all", "", true),
		Entry("a label", "sign-in", true),
		Entry("another label", "meeting", false),
		Entry("negation", "!meeting", true),
		Entry("and", "mend && meeting", false),
		Entry("or", "mend || meeting", true),
		Entry("and binds tighter than or", "sign-in || meeting && meeting", true),
		Entry("parentheses", "(sign-in || mend) && meeting", false),
		Entry("release, at least", "release>=6.5.10", true),
		Entry("release, below", "release<6.5.10.1", false),
		Entry("release, not", "release!=6.5.9", true),
		Entry("an axis", "policy=detect.cpl", true),
		Entry("an axis, part of it", "policy~detect", true),
		Entry("what every scenario has", "deployment!=explicit", false),
		Entry("by name", "name~right", true),
		Entry("a value in quotes", `name="everything right" && mend`, true),
		Entry("a part in quotes", `name~"g right"`, true),
		Entry("another value in quotes", `name="everything"`, false),
		Entry("no value, in quotes", `faults=""`, true),
	)

	DescribeTable("that is wrong says where and what is allowed",
		func(text, message string) {
			_, err := run.ParseFilter(text)
			Expect(err).To(MatchError(message))
		},
		Entry("dangling and", "a &&", `filter "a &&": at column 5: got the end, want a label, NAME=VALUE or release>=RELEASE`),
		Entry("open parenthesis", "(a", `filter "(a": at column 3: got the end, want ")"`),
		Entry("two labels", "a b", `filter "a b": at column 2: got "b", want &&, || or the end`),
		Entry("no release", "release>=new", `filter "release>=new": at column 10: got "new", want a release such as 6.5.10.1`),
		Entry("no value", "name= && mend", `filter "name= && mend": at column 7: got "&& mend", want a value`),
		Entry("order of words", "name>=b", `filter "name>=b": ">=" compares only release; use =, != or ~ with "name"`),
	)
})

var _ = Describe("a shard", func() {
	It("takes each scenario in exactly one part", func() {
		var all []int
		for _, part := range []string{"1/3", "2/3", "3/3"} {
			mine, err := run.Shard(7, part)
			Expect(err).NotTo(HaveOccurred())
			all = append(all, mine...)
		}
		Expect(all).To(ConsistOf(0, 1, 2, 3, 4, 5, 6))
	})
	DescribeTable("that is wrong", func(part string) {
		_, err := run.Shard(2, part)
		Expect(err).To(MatchError(run.ErrShard))
	}, Entry(nil, "0/3"), Entry(nil, "4/3"), Entry(nil, "x"), Entry(nil, "1/3 "), Entry(nil, "1"))
})
